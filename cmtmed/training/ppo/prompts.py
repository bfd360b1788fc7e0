"""Prompts of PPO: tokens of conversations that end with the patient, in an order that a step decides alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.run.mixture import mix_sources
from cmtmed.training.run.settings import DataSource
from cmtmed.training.run.views import open_view

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

    from cmtmed.training.ppo.settings import PpoSettings

log = logging.getLogger("cmtmed.training")

_SHOWN: Final = 5


class Prompt(NamedTuple):
    """One prompt.

    Attributes:
        id: of the dialogue.
        message: index of the turn that the policy says in its stead.
        messages: what the policy reads, as turns.
        tokens: the same, as tokens.
    """

    id: str
    message: int
    messages: list[dict[str, str]]
    tokens: list[int]


def encode(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, str]], longest: int
) -> tuple[list[int], list[int]]:
    """Turn a conversation into tokens, without its oldest turns if it is too long.

    Args:
        tokenizer: with a chat template.
        messages: the turns; the last is the patient's.
        longest: tokens that a prompt may have.

    Returns:
        Tokens and the places of the turns they hold: a system turn in front, then everything from some turn of the
        patient on. Both are empty if not even the last turn fits.

    Raises:
        ValueError: the last turn is not the patient's.
    """
    turns = [dict(turn) for turn in messages]
    if not turns or turns[-1]["role"] != "user":
        raise ValueError("does not end with the patient")
    front = [0] if turns[0]["role"] == "system" else []
    starts = [index for index, turn in enumerate(turns) if turn["role"] == "user"]
    # The whole conversation comes first even where the doctor opens it.
    for start in dict.fromkeys([len(front), *starts]):
        kept_indices = [*front, *range(start, len(turns))]
        remaining = [turns[index] for index in kept_indices]
        ids: Any = tokenizer.apply_chat_template(remaining, add_generation_prompt=True, return_dict=False)
        if len(ids) <= longest:
            return list(ids), kept_indices
    return [], []


class Prompts:
    """The prompts of a run.

    Args:
        settings: of the run.
        tokenizer: with a chat template.
        context: tokens that the model can read; None if it does not say.

    Raises:
        UsageError: a view is of another kind, or no prompt fits.
        DatasetError: a prompt does not end with the patient; the message names it by id.
    """

    def __init__(self, settings: PpoSettings, tokenizer: PreTrainedTokenizerBase, context: int | None) -> None:
        available = None if context is None else context - settings.max_new_tokens
        if available is not None and available < 1:
            raise UsageError(
                f"max_new_tokens {settings.max_new_tokens} leaves nothing of the context of {context} for prompts; "
                "set fewer"
            )
        longest = min(limit for limit in (settings.max_prompt, available, 1 << 30) if limit is not None)
        self._seed = settings.seed
        self._rows = mix_sources(settings.data, lambda source: _load(source, tokenizer, longest), settings.seed)
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Sequence[int]) -> list[Prompt]:
        """Return the prompts at places of an endless stream: epoch after epoch, each in an order of its own."""
        rows = []
        for index in indices:
            epoch, offset = divmod(index, len(self))
            row = self._rows[int(self._order(epoch)[offset])]
            messages = [dict(row["prompt"][turn]) for turn in row["turns"]]
            rows.append(Prompt(row["id"], row["message"], messages, row["tokens"]))
        return rows

    def _shuffled(self, epoch: int) -> torch.Tensor:
        return torch.randperm(len(self), generator=torch.Generator().manual_seed(self._seed * 1_000_003 + epoch))


def _load(source: DataSource, tokenizer: PreTrainedTokenizerBase, longest: int) -> Dataset:
    views = open_view(source.path, "prompts")
    if "train" not in views:
        raise UsageError(f"{source.label} has no split train, only {', '.join(views)}; PPO trains on that split")
    rows = views["train"].select_columns(["id", "message", "prompt"])

    def encode_row(row: dict[str, Any]) -> dict[str, Any]:
        try:
            tokens, turns = encode(tokenizer, row["prompt"], longest)
        except ValueError as error:
            raise DatasetError(f"{source.label}: prompt {row['id']!r} {error}; make the view again") from None
        return {"tokens": tokens, "turns": turns}

    # In memory: processes side by side would write the same cache files.
    encoded = rows.map(encode_row, keep_in_memory=True, load_from_cache_file=False, desc=f"tokenizing {source.label}")
    sizes, turn_counts = [len(ids) for ids in encoded["tokens"][:]], [len(turns) for turns in encoded["prompt"][:]]
    fitting = [index for index, size in enumerate(sizes) if size]
    cut = sum(
        len(turns) < turn_count for turns, turn_count in zip(encoded["turns"][:], turn_counts, strict=True)
    ) - sizes.count(0)
    if cut:
        log.info("%s: %d prompts lose their oldest turns to fit in %d tokens", source.label, cut, longest)
    if len(fitting) < len(sizes):
        excluded_ids = [encoded["id"][index] for index, size in enumerate(sizes) if not size]
        listed_ids = ", ".join(map(repr, excluded_ids[:_SHOWN])) + (", …" if len(excluded_ids) > _SHOWN else "")
        log.warning(
            "%s: %d prompts are left out, their last turn alone has more than %d tokens: %s",
            source.label,
            len(excluded_ids),
            longest,
            listed_ids,
        )
    if not fitting:
        raise UsageError(f"{source.label}: no prompt fits in {longest} tokens; set fewer max_new_tokens")
    return encoded.select(fitting, keep_in_memory=True)
