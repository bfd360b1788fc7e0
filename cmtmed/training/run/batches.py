"""Batches of rows of similar length: next to no padding, and another order in every epoch.

All rows are sorted by length (equal ones in random order), cut into batches, and the batches are shuffled. On
consultations in random order a quarter to a third of a padded batch is padding; here it is one percent. The order
follows from seed and epoch alone, so that a run that resumes from a checkpoint sees the rows that it would have seen.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from torch.utils.data import Sampler

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import TrainingArguments


class LengthGroupedSampler(Sampler):
    """The order of the rows of an epoch; cut into batches of ``batch`` rows it gives batches of similar lengths.

    Args:
        lengths: of each row, in tokens.
        batch: rows of a batch on one process.
        seed: of the order.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self.lengths, self.batch, self.seed, self.epoch = list(lengths), batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        generator = random.Random(f"{self.seed}/{self.epoch}")
        order = list(range(len(self.lengths)))
        generator.shuffle(order)
        order.sort(key=self.lengths.__getitem__)
        # The rows that fill no batch come last, whatever their length, and are others in each epoch.
        surplus = len(order) % self.batch
        start = generator.randrange(len(order) - surplus + 1)
        remainder, order = order[start : start + surplus], order[:start] + order[start + surplus :]
        batches = [order[start : start + self.batch] for start in range(0, len(order), self.batch)]
        generator.shuffle(batches)
        yield from (row for batch in batches for row in batch)
        yield from remainder


class LengthGroupedBatches:
    """Mixin that makes a ``transformers.Trainer`` batch similar lengths; it comes first among the bases.

    The training table has a column ``length``, in tokens.
    """

    train_dataset: Dataset
    args: TrainingArguments

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> LengthGroupedSampler:
        rows = self.train_dataset if train_dataset is None else train_dataset
        return LengthGroupedSampler(rows["length"][:], self.args.per_device_train_batch_size, self.args.seed)


def measure_padding(lengths: Sequence[int], order: Sequence[int], batch: int) -> float:
    """Return which share of the tokens of padded batches is padding.

    >>> round(measure_padding([1, 3, 3, 1], [0, 1, 2, 3], 2), 3)
    0.333
    >>> measure_padding([1, 3, 3, 1], [0, 3, 1, 2], 2)
    0.0
    """
    batches = [[lengths[row] for row in order[start : start + batch]] for start in range(0, len(order), batch)]
    total = sum(len(in_batch) * max(in_batch) for in_batch in batches)
    return 1 - sum(map(sum, batches)) / total if total else 0.0
