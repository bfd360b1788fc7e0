"""Prompts of PPO: tokens of conversations that end with the patient, in an order that a step decides alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.data import mixture, open_view
from cmtmed.training.settings import Part

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
    spoken = [dict(one) for one in messages]
    if not spoken or spoken[-1]["role"] != "user":
        raise ValueError("does not end with the patient")
    front = [0] if spoken[0]["role"] == "system" else []
    starts = [place for place, one in enumerate(spoken) if one["role"] == "user"]
    # The whole conversation comes first even where the doctor opens it.
    for start in dict.fromkeys([len(front), *starts]):
        places = [*front, *range(start, len(spoken))]
        kept = [spoken[place] for place in places]
        ids: Any = tokenizer.apply_chat_template(kept, add_generation_prompt=True, return_dict=False)
        if len(ids) <= longest:
            return list(ids), places
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
        room = None if context is None else context - settings.max_new_tokens
        if room is not None and room < 1:
            raise UsageError(
                f"max_new_tokens {settings.max_new_tokens} leaves nothing of the context of {context} for prompts; "
                "set fewer"
            )
        longest = min(one for one in (settings.max_prompt, room, 1 << 30) if one is not None)
        self._seed = settings.seed
        self._rows = mixture(settings.data, lambda part: _load(part, tokenizer, longest), settings.seed)
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, places: Sequence[int]) -> list[Prompt]:
        """Return the prompts at places of an endless stream: epoch after epoch, each in an order of its own."""
        rows = []
        for place in places:
            epoch, at = divmod(place, len(self))
            row = self._rows[int(self._order(epoch)[at])]
            messages = [dict(row["prompt"][turn]) for turn in row["turns"]]
            rows.append(Prompt(row["id"], row["message"], messages, row["tokens"]))
        return rows

    def _shuffled(self, epoch: int) -> torch.Tensor:
        return torch.randperm(len(self), generator=torch.Generator().manual_seed(self._seed * 1_000_003 + epoch))


def _load(part: Part, tokenizer: PreTrainedTokenizerBase, longest: int) -> Dataset:
    views = open_view(part.path, "prompts")
    if "train" not in views:
        raise UsageError(f"{part.label} has no split train, only {', '.join(views)}; PPO trains on that split")
    rows = views["train"].select_columns(["id", "message", "prompt"])

    def one(row: dict[str, Any]) -> dict[str, Any]:
        try:
            tokens, turns = encode(tokenizer, row["prompt"], longest)
        except ValueError as error:
            raise DatasetError(f"{part.label}: prompt {row['id']!r} {error}; make the view again") from None
        return {"tokens": tokens, "turns": turns}

    # In memory: processes side by side would write the same cache files.
    encoded = rows.map(one, keep_in_memory=True, load_from_cache_file=False, desc=f"tokenizing {part.label}")
    sizes, whole = [len(ids) for ids in encoded["tokens"][:]], [len(turns) for turns in encoded["prompt"][:]]
    kept = [place for place, size in enumerate(sizes) if size]
    cut = sum(len(turns) < all_ for turns, all_ in zip(encoded["turns"][:], whole, strict=True)) - sizes.count(0)
    if cut:
        log.info("%s: %d prompts lose their oldest turns to fit in %d tokens", part.label, cut, longest)
    if len(kept) < len(sizes):
        out = [encoded["id"][place] for place, size in enumerate(sizes) if not size]
        told = ", ".join(map(repr, out[:_SHOWN])) + (", …" if len(out) > _SHOWN else "")
        log.warning(
            "%s: %d prompts are left out, their last turn alone has more than %d tokens: %s",
            part.label,
            len(out),
            longest,
            told,
        )
    if not kept:
        raise UsageError(f"{part.label}: no prompt fits in {longest} tokens; set fewer max_new_tokens")
    return encoded.select(kept, keep_in_memory=True)
