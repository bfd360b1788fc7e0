"""Arrow stream files read so that no damage to their bytes can harm the process that reads them.

Arrow trusts what a file says of itself: an offset beyond the end of its buffer is followed, which ends the process
without a word. So every batch is validated in full before anything looks at its values: offsets, lengths, and texts
that have to be UTF-8. Validation reads each byte once and copies none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from cmtmed.errors import DatasetError

REMEDY = "run cmtmed build again"


def iter_record_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a memory-mapped Arrow stream file, each validated in full.

    Raises:
        DatasetError: the file cannot be read, is not of this format, or is damaged.
    """
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
            while True:
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
                batch.validate(full=True)
                yield batch
    except (OSError, pa.ArrowException, ValueError, MemoryError, OverflowError) as error:
        raise DatasetError(f"{str(path)!r} is damaged ({type(error).__name__}); {REMEDY}") from None


def read_schema(path: Path) -> pa.Schema:
    """Read the schema of an Arrow stream file.

    Raises:
        DatasetError: the file cannot be read, is not of this format, or is damaged.
    """
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
            _check_names(list(reader.schema), reader.schema.metadata)
            return reader.schema
    except (OSError, pa.ArrowException, ValueError, MemoryError, OverflowError) as error:
        raise DatasetError(f"{str(path)!r} is damaged ({type(error).__name__}); {REMEDY}") from None


def _check_names(fields: Sequence[pa.Field], metadata: Mapping[bytes, bytes] | None) -> None:
    """Make sure that all names in a schema are texts: Polars ends the process's thread on others.

    Raises:
        UnicodeDecodeError: one is not UTF-8.
    """
    for key, value in (metadata or {}).items():
        key.decode("utf-8")
        value.decode("utf-8")
    for field in fields:
        field.name.encode("utf-8")
        _check_names([field.type.field(index) for index in range(field.type.num_fields)], field.metadata)


def validate_files(folder: Path) -> None:
    """Validate every Arrow file of a dataset in full.

    Args:
        folder: directory of a dataset, with or without splits.

    Raises:
        DatasetError: a file is damaged.
    """
    for path in sorted(folder.rglob("*.arrow")):
        if path.name.startswith("cache-"):
            continue  # written by `datasets` beside the data, and never opened as data
        read_schema(path)
        for _ in iter_record_batches(path):
            pass
