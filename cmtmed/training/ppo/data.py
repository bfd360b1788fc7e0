"""Prompts of PPO: tokens of conversations that end with the patient, in an order that depends on the step alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypedDict

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.model.templates import list_rendered_turns
from cmtmed.training.run.mixture import mix_sources
from cmtmed.training.run.settings import DataSource
from cmtmed.training.run.views import open_view

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

    from cmtmed.training.ppo.settings import PpoSettings

log = logging.getLogger("cmtmed.training")

_MAX_LISTED_IDS: Final = 5


class Prompt(NamedTuple):
    """A prompt.

    Attributes:
        id: of the dialogue.
        message: index of the doctor's turn that the policy's answer replaces.
        messages: the turns that the policy reads.
        tokens: the same turns as tokens.
    """

    id: str
    message: int
    messages: list[dict[str, str]]
    tokens: list[int]


class _PromptRow(TypedDict):
    """A row of the view ``prompts``."""

    id: str
    message: int
    prompt: list[dict[str, str]]


def encode_prompt(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, str]], max_tokens: int
) -> tuple[list[int], list[int]]:
    """Encode a conversation, leaving out its oldest turns if it is too long.

    Args:
        tokenizer: with a chat template.
        messages: the turns; the last is the patient's.
        max_tokens: longest prompt, in tokens.

    Returns:
        Tokens, and the indices of the turns that they hold: a system turn at the start, then everything from one of
        the patient's turns on. Both are empty if not even the last turn fits.

    Raises:
        ValueError: the last turn is not the patient's.
    """
    turns = [dict(turn) for turn in messages]
    if not turns or turns[-1]["role"] != "user":
        raise ValueError("does not end with the patient")
    system_indices = [0] if turns[0]["role"] == "system" else []
    patient_indices = [index for index, turn in enumerate(turns) if turn["role"] == "user"]
    # The complete conversation is tried first even where the doctor opens it, unless the template refuses that.
    first_index = list_rendered_turns(tokenizer, turns)[len(system_indices)]
    for start in dict.fromkeys([first_index, *patient_indices]):
        kept_indices = [*system_indices, *range(start, len(turns))]
        remaining = [turns[index] for index in kept_indices]
        ids = list(tokenizer.apply_chat_template(remaining, add_generation_prompt=True, return_dict=False))
        if len(ids) <= max_tokens:
            return ids, kept_indices
    return [], []


class Prompts:
    """The prompts of a run.

    Args:
        settings: of the run.
        tokenizer: with a chat template.
        context: tokens that the model can read; None if its configuration does not say.

    Raises:
        UsageError: a view is of another type, or no prompt fits.
        DatasetError: a prompt does not end with the patient; the message gives its id.
    """

    def __init__(self, settings: PpoSettings, tokenizer: PreTrainedTokenizerBase, context: int | None) -> None:
        available = None if context is None else context - settings.max_new_tokens
        if available is not None and available < 1:
            raise UsageError(
                f"max_new_tokens {settings.max_new_tokens} leaves no room for prompts in the context of {context}; "
                "set fewer"
            )
        max_tokens = min(limit for limit in (settings.max_prompt, available, 1 << 30) if limit is not None)
        self._seed = settings.seed
        self._rows = mix_sources(
            settings.data, lambda source: _load_source(source, tokenizer, max_tokens), settings.seed
        )
        self._cached_order = lru_cache(maxsize=2)(self._shuffle_epoch)

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Sequence[int]) -> list[Prompt]:
        """Return prompts by their index in an endless stream of epochs, each shuffled in its own order."""
        prompts = []
        for index in indices:
            epoch, offset = divmod(index, len(self))
            row = self._rows[int(self._cached_order(epoch)[offset])]
            messages = [dict(row["prompt"][turn]) for turn in row["turns"]]
            prompts.append(Prompt(row["id"], row["message"], messages, row["tokens"]))
        return prompts

    def _shuffle_epoch(self, epoch: int) -> torch.Tensor:
        return torch.randperm(len(self), generator=torch.Generator().manual_seed(self._seed * 1_000_003 + epoch))


def _load_source(source: DataSource, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Dataset:
    splits = open_view(source.path, "prompts")
    if "train" not in splits:
        raise UsageError(f"{source.label} has no split train, only {', '.join(splits)}; PPO trains on that split")
    rows = splits["train"].select_columns(["id", "message", "prompt"])

    def encode_row(row: _PromptRow) -> dict[str, list[int]]:
        try:
            tokens, turns = encode_prompt(tokenizer, row["prompt"], max_tokens)
        except ValueError as error:
            raise DatasetError(f"{source.label}: prompt {row['id']!r} {error}; make the view again") from None
        return {"tokens": tokens, "turns": turns}

    # In memory: parallel processes would write the same cache files.
    encoded = rows.map(encode_row, keep_in_memory=True, load_from_cache_file=False, desc=f"tokenizing {source.label}")
    token_counts, turn_counts = (
        [len(ids) for ids in encoded["tokens"][:]],
        [len(turns) for turns in encoded["prompt"][:]],
    )
    fitting = [index for index, count in enumerate(token_counts) if count]
    shortened_count = sum(
        len(turns) < turn_count for turns, turn_count in zip(encoded["turns"][:], turn_counts, strict=True)
    ) - token_counts.count(0)
    if shortened_count:
        log.info(
            "%s: %d prompts lose their oldest turns to fit in %d tokens", source.label, shortened_count, max_tokens
        )
    if len(fitting) < len(token_counts):
        excluded_ids = [encoded["id"][index] for index, count in enumerate(token_counts) if not count]
        listed_ids = ", ".join(map(repr, excluded_ids[:_MAX_LISTED_IDS]))
        log.warning(
            "%s: %d prompts are left out, because their last turn alone has more than %d tokens: %s",
            source.label,
            len(excluded_ids),
            max_tokens,
            listed_ids + (", …" if len(excluded_ids) > _MAX_LISTED_IDS else ""),
        )
    if not fitting:
        raise UsageError(f"{source.label}: no prompt fits in {max_tokens} tokens; set fewer max_new_tokens")
    return encoded.select(fitting, keep_in_memory=True)
