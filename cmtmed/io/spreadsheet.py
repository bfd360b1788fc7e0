"""Reader of Excel workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods), with calamine: one table per sheet.

Another process meets the workbook first: it may be damaged, or unpack to more than the memory holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cmtmed.io.delimited import read_table
from cmtmed.io.quarantine import RAW_BYTES, Reason, Unreadable
from cmtmed.io.records import Record
from cmtmed.io.sandbox import Cells, DamagedFileError, read_sheets
from cmtmed.io.table_cells import Row
from cmtmed.source import Source

MAX_BYTES: Final = 2**30
"""Largest workbook: its format cannot be read in parts. Excel itself ends at a million rows a sheet."""


def read_workbook(path: Path, source: Source) -> Iterator[Record | Unreadable]:
    """Yield the rows of all sheets; positions name the row within its sheet, and the sheet if there are several."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        yield Unreadable("byte 1", Reason.RECORD_TOO_LONG, _read_beginning(path), size)
        return
    try:
        for number, parts in itertools.groupby(read_sheets(path), key=lambda part: part[0]):
            for record in read_table(_iter_rows(parts), source):
                position = record.position.replace("line", "row")
                if number:
                    position = f"sheet {number + 1} {position}"
                if isinstance(record, Unreadable):
                    yield Unreadable(position, record.reason, record.raw, record.raw_bytes)
                else:
                    yield Record(position, record.value, record.left_out)
    except DamagedFileError:
        yield Unreadable("byte 1", Reason.DAMAGED_FILE, _read_beginning(path), size)


def _read_beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(RAW_BYTES)


def _iter_rows(parts: Iterator[tuple[int, int, Cells]]) -> Iterator[Row]:
    for _, first, rows in parts:
        for number, cells in enumerate(rows, start=first):
            if cells:
                yield Row(number, cells, "\t".join(cells).encode("utf-8", "replace"))
