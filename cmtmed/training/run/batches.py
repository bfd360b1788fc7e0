"""Batches of rows of like length: next to no padding, and every epoch another order.

All rows are sorted by length (equal ones in random order), cut into batches, and the batches are shuffled. On
consultations of random order a quarter to a third of a padded batch is padding; here it is a percent. The order follows
from seed and epoch alone, so that a run that goes on from a checkpoint sees the rows that it would have seen.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import Sampler


class LengthGroupedSampler(Sampler):
    """The order of rows of an epoch; cut into batches of ``batch`` rows it gives batches of like lengths.

    Args:
        lengths: tokens of each row.
        batch: rows of a batch on one process.
        seed: of the order.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self.lengths, self.batch, self.seed, self.epoch = list(lengths), batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is given next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self.seed}/{self.epoch}")
        order = list(range(len(self.lengths)))
        draw.shuffle(order)
        order.sort(key=self.lengths.__getitem__)
        # The rows left over when all batches are full come last, whatever their length, and another few each epoch.
        left = len(order) % self.batch
        at = draw.randrange(len(order) - left + 1)
        rest, order = order[at : at + left], order[:at] + order[at + left :]
        batches = [order[start : start + self.batch] for start in range(0, len(order), self.batch)]
        draw.shuffle(batches)
        yield from (row for batch in batches for row in batch)
        yield from rest


class LengthGroupedBatches:
    """Makes a ``transformers.Trainer`` batch like lengths; stands before it in the list of bases.

    The table that it is given has a column ``length``, in tokens.
    """

    train_dataset: Any
    args: Any

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        rows = self.train_dataset if train_dataset is None else train_dataset
        return LengthGroupedSampler(rows["length"][:], self.args.per_device_train_batch_size, self.args.seed)


def padding_share(lengths: Sequence[int], order: Sequence[int], batch: int) -> float:
    """Return which share of the tokens of padded batches is padding.

    >>> round(padding_share([1, 3, 3, 1], [0, 1, 2, 3], 2), 3)
    0.333
    >>> padding_share([1, 3, 3, 1], [0, 3, 1, 2], 2)
    0.0
    """
    batches = [[lengths[row] for row in order[start : start + batch]] for start in range(0, len(order), batch)]
    padded = sum(len(one) * max(one) for one in batches)
    return 1 - sum(map(sum, batches)) / padded if padded else 0.0
