"""Statistics of reading: characters left out of the records, and fields that were not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict

from cmtmed.stats.counts import add_counts


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
