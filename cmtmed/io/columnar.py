"""Reader of Parquet and Arrow files, one record batch at a time.

A damaged file can crash the library that reads it, so another process validates the file first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from cmtmed.io.column_batches import iter_batches
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record, Value
from cmtmed.io.sandbox import DamagedFileError, check_columns

_CONVERSION_ERRORS: Final = (ArithmeticError, LookupError, TypeError, ValueError, SystemError, pa.ArrowException)
"""What pyarrow raises on values that Python cannot represent, such as a date in the year 2,739,877."""


def read_columnar(path: Path, *, parquet: bool) -> Iterator[Record | Unreadable]:
    """Yield the rows of a Parquet file, or of an Arrow file in file or stream format.

    A time that Python cannot represent is read as the number that is stored.
    """
    is_damaged = False
    try:
        check_columns(path, parquet=parquet)
    except DamagedFileError:
        is_damaged = True
    number = 0
    if not is_damaged:
        try:
            for batch in iter_batches(path, parquet=parquet):
                for row in _to_rows(batch):
                    number += 1
                    position = f"record {number}"
                    yield Unreadable(position, Reason.WRONG_TYPE, b"") if row is None else Record(position, row)
        except (pa.ArrowException, OSError, ValueError):
            is_damaged = True
    if is_damaged:
        # The library reads whole batches, so everything after the last row received is lost.
        yield Unreadable(f"record {number + 1}", Reason.DAMAGED_FILE, b"", path.stat().st_size)


def _to_rows(batch: pa.RecordBatch) -> Iterator[Mapping[str, Value] | None]:
    """Yield the rows of a batch; None for one with a value that Python cannot represent."""
    try:
        yield from batch.to_pylist()
    except _CONVERSION_ERRORS:
        batch = pa.RecordBatch.from_arrays([_to_representable(column) for column in batch.columns], batch.schema.names)
        for index in range(batch.num_rows):
            try:
                row = batch.slice(index, 1).to_pylist()[0]
            except _CONVERSION_ERRORS:
                row = None
            yield row


def _to_representable(column: pa.Array) -> pa.Array:
    """Return a column of times as its numbers if Python cannot represent one of them."""
    try:
        column.to_pylist()
    except _CONVERSION_ERRORS:
        if pa.types.is_temporal(column.type):
            return column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return column
