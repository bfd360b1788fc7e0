"""Which dialogues of a build the page shows: drawn by a hash of their ids, a batch in memory at a time.

The same build gives the same dialogues in the same order. Every drop reason, split and source has one among them as
far as the number goes; the rest is shared out by the square root of how many there are of a kind, so that what is rare
can be looked at and what is frequent can still be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from cmtmed.engine.sample import keys
from cmtmed.errors import DatasetError
from cmtmed.schema import DIALOGUE

_KIND: Final = ("drop_reason", "split", "source")
"""What makes a kind of dialogue, in the order in which each value is given its first one."""
_PLACE: Final = ("file", "batch", "row")


def choose(folder: Path, size: int, expected: int) -> list[dict[str, Any]]:
    """Return so many dialogues of a build, kept and dropped, as plain Python values.

    Args:
        folder: of a finished build.
        size: how many.
        expected: dialogues that the build wrote.

    Raises:
        DatasetError: files are missing or damaged.
    """
    files = sorted(folder.glob("dialogues/*/*.arrow")) + sorted(folder.glob("dropped/*.arrow"))
    best = pl.DataFrame(schema={"key": pl.UInt64, **dict.fromkeys(_KIND, pl.String), **dict.fromkeys(_PLACE, pl.Int64)})
    sizes: dict[tuple[Any, ...], int] = {}
    for number, file in enumerate(files):
        for at, batch in enumerate(_batches(file)):
            rows = pl.DataFrame(pa.Table.from_batches([batch]).select(["id", *_KIND]))
            told = rows.select(
                pl.Series("key", keys(rows["id"], np.zeros(rows.height), seed=0)),
                *_KIND,
                pl.lit(number, dtype=pl.Int64).alias("file"),
                pl.lit(at, dtype=pl.Int64).alias("batch"),
                pl.int_range(pl.len()).alias("row"),
            )
            for *kind, count in rows.group_by(_KIND).len().iter_rows():
                sizes[tuple(kind)] = sizes.get(tuple(kind), 0) + count
            both = pl.concat([best, told]).sort("key", *_PLACE)
            best = both.group_by(_KIND, maintain_order=True).head(size).select(best.columns)
    found = sum(sizes.values())
    if found != expected:
        raise DatasetError(
            f"the dialogues of {str(folder)!r} are {found} and its manifest says {expected}; run cmtmed build again"
        )
    return list(_gathered(files, _shared(best, sizes, size)))


def _shared(best: pl.DataFrame, sizes: dict[tuple[Any, ...], int], size: int) -> pl.DataFrame:
    """Take one of each value of what makes a kind, then the rest in shares."""
    if best.is_empty() or not size:
        return best.clear()
    number = pl.DataFrame(
        [(*kind, count) for kind, count in sizes.items()],
        schema={**dict.fromkeys(_KIND, pl.String), "number": pl.Int64},
        orient="row",
    )
    ranked = (
        best.join(number, on=_KIND, nulls_equal=True)
        .sort("key", *_PLACE)
        .with_columns(pl.int_range(pl.len()).over(_KIND).alias("rank"))
        .with_columns(((pl.col("rank") + 0.5) / pl.col("number").sqrt()).alias("turn"))
        .sort("turn", "key", *_PLACE)
        .with_row_index("at")
    )
    first: dict[int, None] = {}
    for name in _KIND:
        for part in ranked.drop_nulls(name).partition_by(name, maintain_order=True):
            if not any(at in first for at in part["at"]):
                first[part["at"][0]] = None
    order = list(dict.fromkeys([*first, *ranked["at"]]))[:size]
    return ranked[order]


def _gathered(files: list[Path], chosen: pl.DataFrame) -> Iterator[dict[str, Any]]:
    wanted: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for key, file, batch, row in chosen.select("key", *_PLACE).iter_rows():
        wanted.setdefault((file, batch), []).append((row, key))
    found = []
    for number in sorted({file for file, _ in wanted}):
        for at, batch in enumerate(_batches(files[number])):
            places = wanted.get((number, at), ())
            rows = batch.take(pa.array([row for row, _ in places], pa.int64())).to_pylist() if places else ()
            found += [(key, row["id"], row) for (_, key), row in zip(places, rows, strict=True)]
    # By key: whoever reads the first page has read a random part.
    yield from (row for _, _, row in sorted(found, key=lambda one: one[:2]))


def _batches(file: Path) -> Iterator[pa.RecordBatch]:
    try:
        with pa.memory_map(str(file)) as source:
            reader = pa.ipc.open_stream(source)
            missing = [name for name in DIALOGUE if name not in reader.schema.names]
            if missing:
                raise DatasetError(f"{str(file)!r} has no column {missing[0]!r}; run cmtmed build again")
            yield from reader
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{str(file)!r} cannot be read ({type(error).__name__}); run cmtmed build again") from None
