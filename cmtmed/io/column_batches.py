"""Record batches of Parquet and Arrow files, as their library reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_BATCH_ROWS: Final = 1024


def iter_batches(path: Path, *, parquet: bool) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a file of at most 1,024 rows each."""
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
