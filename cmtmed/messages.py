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

from cmtmed.schema import LEFT_OUT
from cmtmed.text.characters import count_expr


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


def count_dialogue_characters(messages: pl.Series) -> npt.NDArray[np.int64]:
    """Count the characters of each dialogue that are no white space.

    Args:
        messages: a ``messages`` column.

    Returns:
        One count per dialogue.
    """
    turns = flatten(messages)
    counts = turns.content.to_frame().select(count_expr(pl.col("content"))).to_series().to_numpy()
    totals = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    ends = np.cumsum(turns.count)
    lengths: npt.NDArray[np.int64] = totals[ends] - totals[ends - turns.count]
    return lengths


def nest_left_out(removals: pl.DataFrame, height: int) -> pl.Series:
    """Add up removals into the column ``left_out`` of a stage.

    Args:
        removals: columns ``dialogue`` (index within the batch), ``reason`` (String) and ``characters`` (number of
            characters that are no white space); several rows of one dialogue and reason are added up.
        height: number of dialogues in the batch.

    Returns:
        A series of ``height`` lists, reasons in order of their name.

    >>> rows = pl.DataFrame({"dialogue": [1, 1], "reason": ["advert", "advert"], "characters": [4, 3]})
    >>> nest_left_out(rows, 2).to_list()
    [[], [{'reason': 'advert', 'characters': 7}]]
    """
    totals = (
        removals.select(
            pl.col("dialogue").cast(pl.Int64), pl.col("reason").cast(pl.String), pl.col("characters").cast(pl.Int64)
        )
        .group_by("dialogue", "reason")
        .agg(pl.col("characters").sum())
        .filter(pl.col("characters") != 0)
        .sort("dialogue", "reason")
    )
    count = np.bincount(totals["dialogue"].to_numpy(), minlength=height).astype(np.int64)
    return nest_rows(totals.select("reason", "characters"), count).cast(LEFT_OUT).rename("left_out")
