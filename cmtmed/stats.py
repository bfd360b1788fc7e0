"""Additive statistics: ``StageStats + StageStats`` and ``TableStats + TableStats``.

Workers count their own shard and the engine adds up the results, so no figure needs a second pass. Statistics contain
only counts, never text or identifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.characters import count_expr

TURN_BINS: Final = (*range(21), 30, 50, 100)
"""Lower edges of the bins for turns per dialogue; the last bin is open-ended."""
LENGTH_BINS: Final = (
    0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000,
    10_000, 15_000, 20_000, 30_000, 50_000, 100_000,
)  # fmt: skip
"""Lower edges of the bins for characters, roughly geometric, as lengths are distributed."""
MIN_DEPARTMENT_DIALOGUES: Final = 10
"""Departments with fewer dialogues are not named in published figures: the name is a string of the crawl, and few
dialogues may point to few people."""


class StageStatsContent(TypedDict):
    """JSON form of `StageStats`."""

    stage: str
    rows: int
    edited: int
    dropped: dict[str, int]
    seconds: float
    left_out: dict[str, int]


@dataclass(frozen=True)
class StageStats:
    """Statistics of one stage.

    Attributes:
        stage: name of the stage.
        rows: dialogues processed.
        edited: dialogues changed but not dropped.
        dropped: dialogues dropped, by reason.
        seconds: wall-clock seconds, summed over workers.
        left_out: characters that the stage took out of dialogues, by reason; ``edited`` is the balance of its other
            edits, negative if they added more than they removed. Dropped dialogues keep their text.
    """

    stage: str
    rows: int = 0
    edited: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    left_out: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: StageStats) -> StageStats:
        if self.stage != other.stage:
            raise ValueError(f"cannot add statistics of different stages: {self.stage!r} and {other.stage!r}")
        return StageStats(
            self.stage,
            self.rows + other.rows,
            self.edited + other.edited,
            self.dropped + other.dropped,
            self.seconds + other.seconds,
            add_counts(self.left_out, other.left_out),
        )

    def to_dict(self) -> StageStatsContent:
        """Return the statistics as JSON values."""
        return {
            "stage": self.stage,
            "rows": self.rows,
            "edited": self.edited,
            "dropped": dict(sorted(self.dropped.items())),
            "seconds": round(self.seconds, 3),
            "left_out": dict(sorted(self.left_out.items())),
        }


class FieldCount(TypedDict):
    """Occurrences of a field that was not read."""

    records: int
    characters: int


@dataclass(frozen=True)
class ReadingStats:
    """What became of the characters of the records that were read.

    Attributes:
        left_out: characters of the records that stand in no turn, by reason; negative for a text that stands in
            several dialogues.
        unread_records: records by field that was not read, under the field's dotted path.
        unread_characters: characters of these fields.
        unfit_records: records that lack a field which holds their dialogue, by field that they have instead.
    """

    left_out: Counter[str] = field(default_factory=Counter)
    unread_records: Counter[str] = field(default_factory=Counter)
    unread_characters: Counter[str] = field(default_factory=Counter)
    unfit_records: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: ReadingStats) -> ReadingStats:
        return ReadingStats(
            add_counts(self.left_out, other.left_out),
            self.unread_records + other.unread_records,
            self.unread_characters + other.unread_characters,
            self.unfit_records + other.unfit_records,
        )

    def list_unread_fields(self) -> dict[str, FieldCount]:
        """Return the fields that were not read, the longest texts first; see `hide_rare_names`."""
        names = hide_rare_names(self.unread_records)
        fields: dict[str, FieldCount] = {}
        for name in sorted(self.unread_characters, key=lambda name: (-self.unread_characters[name], name)):
            count = fields.setdefault(names[name], {"records": 0, "characters": 0})
            count["records"] += self.unread_records[name]
            count["characters"] += self.unread_characters[name]
        return fields

    def list_unfit_fields(self) -> dict[str, int]:
        """Return the fields of records without a dialogue, the most frequent first; see `hide_rare_names`."""
        names = hide_rare_names(self.unfit_records)
        counts: Counter[str] = Counter()
        for name, count in sorted(self.unfit_records.items()):
            counts[names[name]] += count
        return dict(counts.most_common())

    def to_dict(self) -> dict[str, object]:
        """Return the statistics as JSON values."""
        fields = self.list_unread_fields()
        return {
            "left_out": dict(sorted(self.left_out.items())),
            "unread_records": {name: count["records"] for name, count in fields.items()},
            "unread_characters": {name: count["characters"] for name, count in fields.items()},
            "unfit_records": self.list_unfit_fields(),
        }


_MAX_FIELDS: Final = 200
_MIN_FIELD_RECORDS: Final = 10


def hide_rare_names(records: Mapping[str, int]) -> dict[str, str]:
    """Return under which name each field is published.

    Where a crawl has very many field names, they may be data, such as names of patients: those of few records become
    ``*``.
    """
    hides_rare = len(records) > _MAX_FIELDS
    return {name: "*" if hides_rare and count < _MIN_FIELD_RECORDS else name for name, count in records.items()}


def add_counts(first: Counter[str], second: Counter[str]) -> Counter[str]:
    """Add counts that may be negative, which the operator of `Counter` discards."""
    total = Counter(first)
    total.update(second)
    return total


@dataclass(frozen=True)
class TableStats:
    """Statistics of a table of dialogues.

    Attributes:
        dialogues: number of rows.
        turns: messages by role.
        characters: code points by role.
        nonblank_characters: code points that are no white space, by role.
        sources: dialogues by source.
        departments: dialogues by department; ``""`` if unknown.
        splits: dialogues by split; ``""`` if none was assigned.
        identifiers: redacted spans by type.
        inquiries: inquiries by slot.
        doctor_turns: doctor turns by their index among the doctor's turns of a dialogue (``"0"`` is the first).
        asking_turns: doctor turns with at least one inquiry, by the same index.
        source_turns: doctor turns by source.
        source_asking: doctor turns with at least one inquiry, by source.
        department_turns: doctor turns by department; ``""`` if unknown.
        department_asking: doctor turns with at least one inquiry, by department.
        asking_slots: doctor turns that ask for a slot, by index and slot: ``"0 symptom"``.
        dialogue_turns: dialogues by number of turns, binned by `TURN_BINS` (the key is the lower edge).
        dialogue_characters: dialogues by number of code points, binned by `LENGTH_BINS`.
        patient_characters: patient turns by number of code points, same bins.
        doctor_characters: doctor turns by number of code points, same bins.
    """

    dialogues: int = 0
    turns: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    nonblank_characters: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    departments: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    identifiers: Counter[str] = field(default_factory=Counter)
    inquiries: Counter[str] = field(default_factory=Counter)
    doctor_turns: Counter[str] = field(default_factory=Counter)
    asking_turns: Counter[str] = field(default_factory=Counter)
    source_turns: Counter[str] = field(default_factory=Counter)
    source_asking: Counter[str] = field(default_factory=Counter)
    department_turns: Counter[str] = field(default_factory=Counter)
    department_asking: Counter[str] = field(default_factory=Counter)
    asking_slots: Counter[str] = field(default_factory=Counter)
    dialogue_turns: Counter[str] = field(default_factory=Counter)
    dialogue_characters: Counter[str] = field(default_factory=Counter)
    patient_characters: Counter[str] = field(default_factory=Counter)
    doctor_characters: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: TableStats) -> TableStats:
        return TableStats(
            self.dialogues + other.dialogues,
            *(left + right for left, right in zip(self._counters(), other._counters(), strict=True)),
        )

    def _counters(self) -> list[Counter[str]]:
        return [value for value in vars(self).values() if isinstance(value, Counter)]

    def to_dict(self) -> dict[str, int | dict[str, int]]:
        """Return the statistics as JSON values with sorted keys."""
        return {
            name: dict(sorted(value.items())) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_rows(cls, rows: pl.DataFrame) -> TableStats:
        """Compute the statistics of a complete dialogue table."""
        turns = rows.select(pl.int_range(pl.len()).alias("row"), "source", "department", "messages").explode(
            "messages", empty_as_null=False
        )
        turns = turns.with_columns(pl.int_range(pl.len()).over("row").alias("message")).unnest("messages")
        turns = turns.with_columns(
            pl.col("content").str.len_chars().fill_null(0).cast(pl.Int64).alias("chars"),
            count_expr(pl.col("content")).alias("nonblank"),
        )
        by_role = turns.group_by("role").agg(pl.len(), pl.col("chars", "nonblank").sum())
        turn_lengths = turns["chars"].to_numpy()
        dialogue_lengths = np.bincount(turns["row"].to_numpy(), weights=turn_lengths, minlength=rows.height)
        doctor = turns.filter(role="assistant").with_columns(
            pl.int_range(pl.len()).over("row").cast(pl.String).alias("index")
        )
        inquiries = (
            rows.select(pl.int_range(pl.len()).alias("row"), "inquiries")
            .explode("inquiries", empty_as_null=False)
            .unnest("inquiries")
        )
        inquiries = inquiries.with_columns(pl.col("message").cast(pl.Int64))
        slot_rows = inquiries.unique(["row", "message", "slot"]).join(doctor, ["row", "message"])
        asking = slot_rows.unique(["row", "message"])
        identifier_types = rows["identifiers"].explode(empty_as_null=False).struct.field("type")
        return cls(
            dialogues=rows.height,
            turns=Counter(dict(by_role.select("role", "len").iter_rows())),
            characters=Counter(dict(by_role.select("role", "chars").iter_rows())),
            nonblank_characters=Counter(dict(by_role.select("role", "nonblank").iter_rows())),
            sources=_count_values(rows["source"]),
            departments=_count_values(rows["department"]),
            splits=_count_values(rows["split"]),
            identifiers=_count_values(identifier_types),
            inquiries=_count_values(inquiries["slot"]),
            doctor_turns=_count_values(doctor["index"]),
            asking_turns=_count_values(asking["index"]),
            source_turns=_count_values(doctor["source"]),
            source_asking=_count_values(asking["source"]),
            department_turns=_count_values(doctor["department"]),
            department_asking=_count_values(asking["department"]),
            asking_slots=_count_values(slot_rows.select(pl.format("{} {}", "index", "slot")).to_series()),
            dialogue_turns=_count_bins(rows["messages"].list.len().to_numpy(), TURN_BINS),
            dialogue_characters=_count_bins(dialogue_lengths, LENGTH_BINS),
            patient_characters=_count_bins(turn_lengths[turns["role"].eq_missing("user").to_numpy()], LENGTH_BINS),
            doctor_characters=_count_bins(doctor["chars"].to_numpy(), LENGTH_BINS),
        )


def _count_values(values: pl.Series) -> Counter[str]:
    table = values.fill_null("").rename("value").value_counts()
    return Counter(dict(table.iter_rows()))


def _count_bins(values: npt.NDArray[np.number], bins: tuple[int, ...]) -> Counter[str]:
    # Five times faster than Polars' search_sorted and value_counts.
    counts = np.bincount(np.searchsorted(bins, values, side="right") - 1, minlength=len(bins))
    return Counter({str(lower): int(count) for lower, count in zip(bins, counts, strict=True) if count})
