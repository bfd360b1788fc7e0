"""Flatten a column of dialogues into one column of turns, and nest it again.

Stages process all turns of a batch at once: Polars expressions and bulk kernels pay off with one call per batch,
not one per turn. ``flatten`` and ``nest`` are inverses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa


@dataclass(frozen=True)
class Turns:
    """All turns of a batch, concatenated.

    Attributes:
        role: ``system``, ``user`` or ``assistant`` per turn (String, length = number of turns).
        content: text per turn (String, same length).
        count: number of turns per dialogue (length = number of dialogues).
    """

    role: pl.Series
    content: pl.Series
    count: npt.NDArray[np.int64]

    @cached_property
    def dialogue(self) -> pl.Series:
        """Index within the batch of the dialogue that each turn belongs to (UInt32)."""
        return pl.Series("dialogue", np.repeat(np.arange(len(self.count), dtype=np.uint32), self.count))

    @cached_property
    def first(self) -> npt.NDArray[np.int64]:
        """Offset of each dialogue's first turn among all turns."""
        return np.concatenate([[0], np.cumsum(self.count)[:-1]]).astype(np.int64)[: len(self.count)]

    @cached_property
    def message(self) -> pl.Series:
        """Index of each turn within its dialogue, from 0 (UInt32)."""
        index = np.arange(len(self.content)) - np.repeat(self.first, self.count)
        return pl.Series("message", index.astype(np.uint32))

    def with_content(self, content: pl.Series) -> Turns:
        """Return the same turns with their texts replaced by ``content``."""
        return Turns(self.role, content.rename("content"), self.count)


def flatten(messages: pl.Series) -> Turns:
    """Flatten a ``messages`` column into turns.

    >>> rows = [[{"role": "user", "content": "咳嗽"}, {"role": "assistant", "content": "多久了？"}], []]
    >>> turns = flatten(pl.Series("messages", rows, dtype=pl.List(pl.Struct(
    ...     {"role": pl.String, "content": pl.String}))))
    >>> turns.content.to_list(), turns.count.tolist()
    (['咳嗽', '多久了？'], [2, 0])
    """
    count = messages.list.len().cast(pl.Int64).to_numpy()
    flat = messages.explode(empty_as_null=False)
    return Turns(flat.struct.field("role").rename("role"), flat.struct.field("content").rename("content"), count)


def nest(turns: Turns) -> pl.Series:
    """Nest turns into a ``messages`` column: the inverse of `flatten`."""
    return nest_rows(pl.DataFrame([turns.role, turns.content]), turns.count).rename("messages")


def nest_rows(rows: pl.DataFrame, count: npt.NDArray[np.int64]) -> pl.Series:
    """Group consecutive rows into lists of structs.

    Args:
        rows: one row per list element; its columns become the struct's fields.
        count: number of rows in each list; the counts sum to ``rows.height``.

    Returns:
        A List(Struct) series of ``len(count)`` lists.
    """
    offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    # Arrow builds lists from offsets without copying the values; Polars would have to group and collect.
    values = rows.rechunk().to_struct("item").to_arrow()
    lists = pa.LargeListArray.from_arrays(pa.array(offsets), values)
    series = pl.Series("", lists)
    # The cast restores the field types, which an empty list array loses on its way through Arrow.
    return series.cast(pl.List(pl.Struct(dict(rows.schema))))
