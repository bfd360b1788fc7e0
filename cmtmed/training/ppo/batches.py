"""Padding and micro-batches of token sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class MicroBatch(NamedTuple):
    """Some rows of a batch that go through the model together.

    Attributes:
        rows: their indices in the batch.
        prompts: tokens of each prompt.
        answers: tokens of each answer.
    """

    rows: list[int]
    prompts: list[list[int]]
    answers: list[list[int]]


def iter_micro_batches(
    prompts: Sequence[list[int]], answers: Sequence[list[int]], size: int, selected: Sequence[int] | None = None
) -> Iterator[MicroBatch]:
    """Yield micro-batches of rows of similar length.

    Args:
        prompts: tokens of each prompt.
        answers: tokens of each answer.
        size: rows in a micro-batch.
        selected: indices of the rows to yield; all rows by default.
    """
    selected = range(len(prompts)) if selected is None else selected
    lengths = [len(prompts[row]) + len(answers[row]) for row in selected]
    for indices in iter_length_groups(lengths, size):
        rows = [selected[index] for index in indices]
        yield MicroBatch(rows, [prompts[row] for row in rows], [answers[row] for row in rows])


def iter_length_groups(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield indices in groups of similar length, the longest first.

    The longest come first so that running out of memory shows at once.

    >>> list(iter_length_groups([3, 9, 4], 2))
    [[1, 2], [0]]
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    for start in range(0, len(order), size):
        yield order[start : start + size]


def pad_left(rows: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pad token sequences on the left.

    Returns:
        Tokens and attention mask, both int64 of shape (rows, longest).
    """
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, longest - len(row) :] = torch.tensor(row)
        mask[index, longest - len(row) :] = 1
    return ids.to(device), mask.to(device)


def pad_right(rows: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pad token sequences on the right; returns the same as `pad_left`."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = 1
    return ids.to(device), mask.to(device)


def compute_positions(mask: Tensor) -> Tensor:
    """Compute the position of each token in its own row, so that padding on the left shifts nothing.

    >>> compute_positions(torch.tensor([[0, 1, 1]])).tolist()
    [[0, 0, 1]]
    """
    return (mask.cumsum(-1) - 1).clamp(min=0)
