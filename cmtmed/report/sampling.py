"""Stratified sampling of the dialogues that the page shows, by a hash of their ids, in bounded memory.

The same build gives the same dialogues in the same order. The strata are the combinations of drop reason, split and
source. Every drop reason, split and source gets at least one dialogue as far as the sample size allows; the rest is
allotted by the square root of the size of a stratum, so that rare strata are visible and frequent ones comparable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from cmtmed.audit.sample import hash_turns
from cmtmed.builds import Build
from cmtmed.builds.build import DIALOGUES, DROPPED
from cmtmed.builds.tables import iter_file
from cmtmed.errors import DatasetError
from cmtmed.schema import DIALOGUE, DialogueRow, to_rows

Stratum = tuple[str | None, ...]
"""Values of the columns that define a stratum."""
_STRATUM: Final = ("drop_reason", "split", "source")
"""Columns that define a stratum, in the order in which each of their values gets its first dialogue."""
_POSITION: Final = ("file", "batch", "row")
"""Columns that locate a dialogue in the Arrow files of a build."""


def sample_dialogues(build: Build, size: int) -> list[DialogueRow]:
    """Sample kept and dropped dialogues of a build, as plain Python values.

    Args:
        build: a finished build.
        size: number of dialogues.

    Raises:
        DatasetError: files are missing or damaged.
    """
    candidates = pl.DataFrame(
        schema={"key": pl.UInt64, **dict.fromkeys(_STRATUM, pl.String), **dict.fromkeys(_POSITION, pl.Int64)}
    )
    stratum_sizes: dict[Stratum, int] = {}
    paths = [*build.paths(DIALOGUES), *build.paths(DROPPED)]
    for file, path in enumerate(paths):
        for index, batch in enumerate(iter_file(path, ["id", *_STRATUM], DIALOGUE)):
            positions = batch.select(
                pl.Series("key", hash_turns(batch["id"], np.zeros(batch.height), seed=0)),
                *_STRATUM,
                pl.lit(file, dtype=pl.Int64).alias("file"),
                pl.lit(index, dtype=pl.Int64).alias("batch"),
                pl.int_range(pl.len()).alias("row"),
            )
            for *stratum, count in batch.group_by(_STRATUM).len().iter_rows():
                stratum_sizes[tuple(stratum)] = stratum_sizes.get(tuple(stratum), 0) + count
            merged = pl.concat([candidates, positions]).sort("key", *_POSITION)
            candidates = merged.group_by(_STRATUM, maintain_order=True).head(size).select(candidates.columns)
    expected = build.manifest.counts["kept"] + build.manifest.counts["dropped"]
    if sum(stratum_sizes.values()) != expected:
        raise DatasetError(
            f"{str(build.root)!r} holds {sum(stratum_sizes.values())} dialogues, its manifest says {expected}; "
            "run cmtmed build again"
        )
    return list(_load_rows(build, _allot(candidates, stratum_sizes, size)))


def _allot(candidates: pl.DataFrame, stratum_sizes: dict[Stratum, int], size: int) -> pl.DataFrame:
    """Select one candidate for every value of the stratum's columns, then more by the square root of stratum sizes."""
    if candidates.is_empty() or not size:
        return candidates.clear()
    sizes = pl.DataFrame(
        [(*stratum, count) for stratum, count in stratum_sizes.items()],
        schema={**dict.fromkeys(_STRATUM, pl.String), "stratum_size": pl.Int64},
        orient="row",
    )
    ranked = (
        candidates.join(sizes, on=_STRATUM, nulls_equal=True)
        .sort("key", *_POSITION)
        .with_columns(pl.int_range(pl.len()).over(_STRATUM).alias("rank"))
        .with_columns(((pl.col("rank") + 0.5) / pl.col("stratum_size").sqrt()).alias("priority"))
        .sort("priority", "key", *_POSITION)
        .with_row_index("index")
    )
    required: dict[int, None] = {}
    for column in _STRATUM:
        for group in ranked.drop_nulls(column).partition_by(column, maintain_order=True):
            if not any(index in required for index in group["index"]):
                required[group["index"][0]] = None
    order = list(dict.fromkeys([*required, *ranked["index"]]))[:size]
    return ranked[order]


def _load_rows(build: Build, sample: pl.DataFrame) -> Iterator[DialogueRow]:
    """Yield the sampled rows in order of their keys, so that the first page is a random sample as well."""
    paths = [*build.paths(DIALOGUES), *build.paths(DROPPED)]
    rows: list[tuple[int, DialogueRow]] = []
    for (file,), of_file in sample.sort("file").group_by("file", maintain_order=True):
        rows_by_batch = of_file.partition_by("batch", as_dict=True)
        for index, batch in enumerate(iter_file(paths[file], list(DIALOGUE), DIALOGUE)):
            selected = rows_by_batch.get((index,))
            if selected is not None:
                rows += zip(selected["key"], to_rows(batch[selected["row"].to_list()]), strict=True)
    yield from (row for _, row in sorted(rows, key=lambda entry: (entry[0], entry[1]["id"])))
