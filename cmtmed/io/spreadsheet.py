"""Reader of Excel workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods), with calamine: one table per sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.delimited import read_table
from cmtmed.io.quarantine import RAW_BYTES, Reason, Unreadable
from cmtmed.io.records import Record
from cmtmed.io.table_cells import Row
from cmtmed.source import Source

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

MAX_BYTES: Final = 2**30
"""Largest workbook: its format cannot be read in parts. Excel itself ends at a million rows a sheet."""


def read_workbook(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the rows of all sheets; positions name the row within its sheet, and the sheet if there are several."""
    from python_calamine import CalamineError, CalamineWorkbook

    raw = bytearray()
    try:
        for chunk in chunks:
            raw += chunk
            if len(raw) > MAX_BYTES:
                yield Unreadable("byte 1", Reason.RECORD_TOO_LONG, bytes(raw[:RAW_BYTES]), len(raw))
                return
    except TruncatedStreamError:
        yield Unreadable("byte 1", Reason.TRUNCATED_STREAM, bytes(raw[:RAW_BYTES]), len(raw))
        return
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    except (CalamineError, ValueError, OSError):
        yield Unreadable("byte 1", Reason.DAMAGED_FILE, bytes(raw[:RAW_BYTES]), len(raw))
        return
    for number, sheet in enumerate(sheets):
        for record in read_table(_iter_rows(sheet), source):
            position = record.position.replace("line", "row")
            if number:
                position = f"sheet {number + 1} {position}"
            if isinstance(record, Unreadable):
                yield Unreadable(position, record.reason, record.raw, record.raw_bytes)
            else:
                yield Record(position, record.value, record.left_out)


def _iter_rows(sheet: CalamineSheet) -> Iterator[Row]:
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        cells = [_to_cell(value) for value in values]
        if any(cells):
            yield Row(number, cells, "\t".join(cells).encode())


def _to_cell(value: object) -> str:
    # A spreadsheet knows no integers: 7 is stored as 7.0.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
