"""The columns and the rest of a simple record, besides its turns; see `cmtmed.io.fast_shapes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cmtmed.io.parsed import Turn
from cmtmed.io.record_values import count_leaves
from cmtmed.io.records import Value
from cmtmed.text.characters import count_characters


class FastMetadata:
    """The columns and the rest of a record, besides its turns."""

    def __init__(
        self, keys: Sequence[str], metadata: Mapping[str, tuple[str, ...]], used: set[str], titles: list[str]
    ) -> None:
        self.metadata = [[key for key in names if key in keys and key not in used] for names in metadata.values()]
        self.rest = [key for key in keys if key not in used]
        self.titles = set(titles)

    def read(
        self, record: Mapping[str, Value], turns: Sequence[Turn], left_out: dict[str, int], ignored: dict[str, int]
    ) -> list[str | None] | None:
        """Return id, department and subdepartment, and count the rest; None if the record is not that simple."""
        columns: list[str | None] = []
        taken: set[str] = set()
        metadata = 0
        for names in self.metadata:
            column = None
            for key in names:
                value = record[key]
                if key in taken or value is None:
                    continue
                if type(value) is int:
                    value = str(value)
                if type(value) is not str:
                    return None
                column = value.strip()
                if column:
                    taken.add(key)
                    # Printable characters hold no white space but blanks.
                    is_word = column.isprintable() and " " not in column
                    metadata += len(column) if is_word else count_characters(column)
                    break
                column = None
            columns.append(column)
        if metadata:
            left_out["metadata"] = metadata
        for key in self.rest:
            if key in taken:
                continue
            value = record[key]
            if not value:
                if not is_nothing(value):
                    return None
                continue
            if type(value) is dict:
                return None
            characters = count_leaves(value)
            if not characters:
                continue
            if type(value) is str and any(value == content for _, content in turns):
                left_out["duplicate_field"] = left_out.get("duplicate_field", 0) + characters
            elif key in self.titles and type(value) is str:
                left_out["title"] = left_out.get("title", 0) + characters
            else:
                left_out["ignored_field"] = left_out.get("ignored_field", 0) + characters
                ignored[key] = characters
        return columns


def is_nothing(value: Value) -> bool:
    """Return whether a value is none, without looking closely."""
    return value is None or value in ("", [])
