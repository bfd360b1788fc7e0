"""Reader of Parquet and Arrow files, one record batch at a time.

A damaged file can crash the library that reads it, so another process validates the file first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record, Value
from cmtmed.io.sandbox import DamagedFileError, check_columns

_BATCH_ROWS: Final = 1024
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


def iter_batches(path: Path, *, parquet: bool) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a file as its library reads them."""
    return _iter_parquet(path) if parquet else _iter_arrow(path)


def _iter_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=_BATCH_ROWS)


def _iter_arrow(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        try:
            reader = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            yield from _slice_batches(pa.ipc.open_stream(source))
            return
        yield from _slice_batches(reader.get_batch(number) for number in range(reader.num_record_batches))


def _slice_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _BATCH_ROWS):
            yield batch.slice(start, _BATCH_ROWS)
