"""Batches of records that were read: dialogues as an Arrow table, quarantine records, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from cmtmed.io.parsed import Turn
from cmtmed.io.quarantine import Unreadable, to_quarantine_table
from cmtmed.io.shapes import Dialogue
from cmtmed.messages import nest_rows
from cmtmed.schema import DIALOGUE, READ, TRACE
from cmtmed.source import Source
from cmtmed.stats import ReadingStats

_BATCH_BYTES: Final = 2**26
"""Characters and bytes of a batch beyond which it is full with fewer rows."""


@dataclass(frozen=True)
class ReadBatch:
    """Consecutive records of a file.

    Attributes:
        dialogues: table with the `READ` columns.
        quarantined: table with the `QUARANTINE` columns.
        stats: characters of the records that stand in no turn, and the fields that were not read.
    """

    dialogues: pl.DataFrame
    quarantined: pl.DataFrame
    stats: ReadingStats


class BatchBuilder:
    """Collects a batch's columns as flat lists: one Arrow table at the end instead of one per row."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.unreadable: list[Unreadable] = []
        self._sources: list[str] = []
        self._source_ids: list[str] = []
        self._licenses: list[str | None] = []
        self._departments: list[str | None] = []
        self._subdepartments: list[str | None] = []
        self._turns: list[Turn] = []
        self._counts: list[int] = []
        self._reasons: list[str] = []
        self._characters: list[int] = []
        self._reason_counts: list[int] = []
        self.stats = ReadingStats()
        self._bytes = 0

    def add_unreadable(self, record: Unreadable) -> None:
        """Add a quarantine record."""
        self.unreadable.append(record)
        self._bytes += len(record.raw)

    def add(self, source: Source, dialogue: Dialogue, source_id: str) -> None:
        """Add a dialogue of a source."""
        self._sources.append(source.name)
        self._source_ids.append(source_id)
        self._licenses.append(source.license)
        self._departments.append(dialogue.department)
        self._subdepartments.append(dialogue.subdepartment)
        self._turns += dialogue.turns
        self._counts.append(len(dialogue.turns))
        self._bytes += sum(len(text) for _, text in dialogue.turns)
        left_out = dialogue.left_out
        self._reasons.extend(left_out)
        self._characters.extend(left_out.values())
        self._reason_counts.append(len(left_out))
        if dialogue.ignored:
            for field, characters in dialogue.ignored.items():
                if field not in source.ignore_fields:
                    self.stats.unread_records[field] += 1
                    self.stats.unread_characters[field] += characters

    def is_full(self, rows: int) -> bool:
        """Return whether there are as many dialogues, quarantine records or bytes as a batch may have."""
        return len(self._counts) >= rows or len(self.unreadable) >= rows or self._bytes > _BATCH_BYTES

    def build(self) -> ReadBatch:
        """Return the batch."""
        turns = pl.DataFrame(self._turns, schema={"role": pl.String, "content": pl.String}, orient="row")
        messages = nest_rows(turns, np.array(self._counts, dtype=np.int64)).rename("messages")
        columns = {
            "source": self._sources,
            "source_id": self._source_ids,
            "license": self._licenses,
            "department": self._departments,
            "subdepartment": self._subdepartments,
        }
        rows = pl.DataFrame(columns, schema={name: DIALOGUE[name] for name in columns})
        identifier = pl.concat_str("source", pl.lit("/"), "source_id").alias("id")
        rows = rows.with_columns(identifier, messages, self._create_trace())
        return ReadBatch(rows.select(READ), to_quarantine_table(self.label, self.unreadable), self.stats)

    def _create_trace(self) -> pl.Series:
        """Return the column of what was left out, and add it to the statistics."""
        entries = pl.DataFrame(
            {"reason": self._reasons, "characters": self._characters},
            schema={"reason": pl.String, "characters": pl.Int64},
        ).select(pl.lit("read").alias("stage"), pl.lit("left_out").alias("action"), "reason", "characters")
        counts = np.array(self._reason_counts, dtype=np.int64)
        is_something = np.array(self._characters, dtype=np.int64) != 0
        if not is_something.all():
            rows = np.repeat(np.arange(len(counts)), counts)[is_something]
            counts = np.bincount(rows, minlength=len(counts))
            entries = entries.filter(pl.Series(is_something))
        totals = entries.group_by("reason").agg(pl.col("characters").sum())
        self.stats.left_out.update(dict(totals.iter_rows()))
        return nest_rows(entries, counts).cast(TRACE).rename("trace")
