"""Training and held-out pairs of the reward model: split by prompt, encoded, and collated into batches."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypedDict

import torch

from cmtmed.errors import UsageError
from cmtmed.training.reward.encoding import EncodedRankings, encode_rankings
from cmtmed.training.reward.rankings import Message
from cmtmed.training.reward.settings import RewardSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from cmtmed.training.reward.readers.files import LoadedRankings

_MIN_OPENING: Final = 8
"""Characters by the patient that distinguish one consultation from another; a greeting has fewer."""


def extract_opening(prompt: Sequence[Message]) -> str:
    """Extract what the patient says first, ignoring punctuation, width and case; it decides the split.

    Prompts of one consultation, taken after one question and after three, begin alike and so stay together. Where the
    patient begins with a greeting, the following turns are appended until the text is distinctive.

    >>> extract_opening([{"role": "user", "content": "头痛三天了，ＣＴ 正常，怎么办？"}])
    '头痛三天了ct正常怎么办'
    """
    text = ""
    for message in prompt:
        if message["role"] == "user":
            normalized = unicodedata.normalize("NFKC", message["content"]).casefold()
            text += "".join(character for character in normalized if character.isalnum()) or message["content"]
            if len(text) >= _MIN_OPENING:
                break
    return text


def is_held_out(prompt: Sequence[Message], share: float) -> bool:
    """Whether a prompt is held out of training.

    Only the hash of its opening decides, so a prompt falls on the same side in every source and every run, and a larger
    share holds out everything that a smaller one does, and more.

    Args:
        prompt: the turns.
        share: of all openings, from 0 to 1.
    """
    digest = int.from_bytes(hashlib.sha256(extract_opening(prompt).encode()).digest()[:8], "big")
    return digest < share * 2.0**64


def split_rankings(
    sources: Sequence[LoadedRankings], settings: RewardSettings, tokenizer: PreTrainedTokenizerBase
) -> tuple[dict[str, EncodedRankings], dict[str, EncodedRankings]]:
    """Split rankings by the hash of their prompts, and encode them.

    Args:
        sources: the rankings that were read.
        settings: share, ties and length.
        tokenizer: with a chat template that marks answers.

    Returns:
        Training and held-out rankings by source.

    Raises:
        UsageError: no pair is left on one side; the message says why.
    """
    splits: tuple[dict[str, EncodedRankings], dict[str, EncodedRankings]] = ({}, {})
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for number, source in enumerate(sources, start=1):
        name = source.name if source.name not in splits[0] else f"{source.name}#{number}"
        for index, split_name in enumerate(("training", "held out")):
            rankings = [
                ranking for ranking in source.rankings if is_held_out(ranking.prompt, settings.held_out) == bool(index)
            ]
            encoded = encode_rankings(
                rankings,
                tokenizer,
                settings.max_length,
                ties=settings.ties == "use",
                name=f"{name}, {split_name}",
            )
            splits[index][name] = encoded
            counts[index].update(encoded.counts, rankings=len(rankings))
    _check_counts(settings, *counts)
    return splits


def _check_counts(settings: RewardSettings, training: Counter[str], held_out: Counter[str]) -> None:
    total = training["rankings"] + held_out["rankings"]
    if not training["rankings"]:
        raise UsageError(f"held_out {settings.held_out} takes all {total} rankings; lower it, or add prompts")
    if not training["better"] and not (settings.ties == "use" and training["ties"]):
        raise UsageError(
            f"no pair is left to train on in {training['rankings']} rankings: {training['ties']} ties are dropped, "
            f"{training['close']} pairs are too close in score and {training['same tokens']} are the same once "
            "truncated; set ties=use, lower min_difference, raise max_length, or rank more strictly"
        )
    if settings.held_out and not held_out["better"]:
        raise UsageError(
            f"held_out {settings.held_out} of {total} rankings keeps {held_out['rankings']}, without a pair in which "
            "one answer is better, so nothing could be measured; raise held_out, add prompts, or set held_out=0 to "
            "train without held-out metrics"
        )


class _PairRow(TypedDict):
    """A row of `EncodedRankings.to_dataset`."""

    chosen_ids: Sequence[int]
    rejected_ids: Sequence[int]
    tie: bool


class PairCollator:
    """Collates pairs, padding on the right.

    The first half of the rows are the better answers, the second half the worse: ``input_ids`` and ``attention_mask``
    of shape (2 * pairs, longest), ``tie`` of shape (pairs,).

    Args:
        pad_id: of the padding token.
    """

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[_PairRow]) -> dict[str, torch.Tensor]:
        """Collate pairs."""
        ids = [*(row["chosen_ids"] for row in rows), *(row["rejected_ids"] for row in rows)]
        return {**self.pad(ids), "tie": torch.tensor([bool(row["tie"]) for row in rows])}

    def pad(self, ids: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
        """Return ``input_ids`` and ``attention_mask``, of shape (rows, longest)."""
        padded = torch.full((len(ids), max(map(len, ids))), self.pad_id, dtype=torch.long)
        mask = torch.zeros_like(padded)
        for index, row in enumerate(ids):
            padded[index, : len(row)] = torch.as_tensor(row, dtype=torch.long)
            mask[index, : len(row)] = 1
        return {"input_ids": padded, "attention_mask": mask}
