"""Quarantine records: records that could not be read, where they are and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from cmtmed.schema import QUARANTINE

RAW_BYTES: Final = 2**20


class Reason(StrEnum):
    """Codes for the reasons why a record cannot be read."""

    EMPTY_FILE = "empty_file"
    """The file, or a member of an archive, holds nothing but whitespace."""
    TRUNCATED_STREAM = "truncated_stream"
    """Compressed data ends early or is damaged; what came before was read."""
    UNDECODABLE = "undecodable"
    """Bytes that are not valid in the file's encoding."""
    MIXED_ENCODING = "mixed_encoding"
    """UTF-8 inside a file in another encoding."""
    RECORD_TOO_LONG = "record_too_long"
    """Longer than ``max_record_bytes``."""
    INVALID_JSON = "invalid_json"
    """Not JSON, or an array that is cut short."""
    NOT_A_RECORD = "not_a_record"
    """JSON, but no object with named fields."""
    RAGGED_ROW = "ragged_row"
    """More or fewer fields than the header, or more or fewer lines than a block must have."""
    UNBALANCED_QUOTES = "unbalanced_quotes"
    """A quoted CSV field that is never closed."""
    MISSING_FIELD = "missing_field"
    """No field that could hold a dialogue."""
    WRONG_TYPE = "wrong_type"
    """A field holds something other than the text that is needed."""
    UNKNOWN_ROLE = "unknown_role"
    """A speaker's name that stands for neither patient nor doctor."""
    NO_DIALOGUE = "no_dialogue"
    """A page on which the selectors match nothing, or a transcript without speakers."""
    NO_SOURCE = "no_source"
    """A record whose fields match no declared source."""
    DAMAGED_FILE = "damaged_file"
    """A Parquet or Arrow file or a workbook that its own library cannot read, or on which it crashes."""
    READER_ERROR = "reader_error"
    """The library failed on it, which is a fault of the library: please report it with the file."""


@dataclass(frozen=True)
class Unreadable:
    """A record that could not be read.

    Attributes:
        position: ``line N``, ``record N`` or ``byte N``, from 1.
        reason: why.
        raw: its bytes as crawled, the first MiB of them.
        raw_bytes: its full length in bytes, if ``raw`` was cut.
    """

    position: str
    reason: Reason
    raw: bytes
    raw_bytes: int | None = None

    def __post_init__(self) -> None:
        # A batch holds thousands of these.
        if len(self.raw) > RAW_BYTES:
            object.__setattr__(self, "raw_bytes", self.raw_bytes or len(self.raw))
            object.__setattr__(self, "raw", self.raw[:RAW_BYTES])


def to_quarantine_table(file: str, records: list[Unreadable]) -> pl.DataFrame:
    """Return unreadable records as a table with the `QUARANTINE` columns."""
    rows = [
        (file, record.position, record.reason.value, record.raw, record.raw_bytes or len(record.raw))
        for record in records
    ]
    return pl.DataFrame(rows, schema=dict(QUARANTINE), orient="row")
