"""Reader of Parquet and Arrow files, one record batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record

_BATCH_ROWS = 1024


def read_columnar(path: Path, *, parquet: bool) -> Iterator[Record | Unreadable]:
    """Yield the rows of a Parquet file, or of an Arrow file in file or stream format."""
    number = 0
    try:
        for batch in _iter_parquet(path) if parquet else _iter_arrow(path):
            for row in batch.to_pylist():
                number += 1
                yield Record(f"record {number}", row)
    except (pa.ArrowException, OSError, ValueError):
        # The library reads whole batches, so everything after the last row received is lost.
        yield Unreadable(f"record {number + 1}", Reason.DAMAGED_FILE, b"", path.stat().st_size)


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
