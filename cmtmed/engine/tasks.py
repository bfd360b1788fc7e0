"""The two kinds of work that a worker process does: read some files, run some stages over one shard.

A task gets paths and configurations and leaves files; it returns nothing that grows with the data. Each is
complete when its marker exists, and is skipped when it does already.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cmtmed import lineage
from cmtmed.engine.workspace import read_marker, read_table, write_marker, write_table
from cmtmed.errors import StrictError
from cmtmed.io.read import read_file
from cmtmed.schema import complete, empty_table
from cmtmed.source import Source
from cmtmed.stage import AnyStage, CorpusStage
from cmtmed.stats import TableStats


@dataclass(frozen=True)
class Segment:
    """Stages that run one after another on a shard without anybody looking at the rest of the corpus.

    Attributes:
        stages: what is applied; only the first may look at the corpus, and its decision has been made.
        sketch: the corpus stage that the next segment begins with, sketched at the end of this one.
    """

    stages: tuple[AnyStage, ...]
    sketch: CorpusStage | None


@dataclass(frozen=True)
class Shard:
    """A piece of the corpus.

    Attributes:
        name: sorts in corpus order; stays the same from segment to segment.
        path: where it stands now.
    """

    name: str
    path: Path

    def within(self, folder: Path) -> Shard:
        """Return the same shard as it stands after a segment."""
        return Shard(self.name, folder / "shards" / f"{self.name}.arrow")


def segments(stages: Sequence[AnyStage]) -> list[Segment]:
    """Cut a pipeline before every corpus stage."""
    cut: list[Segment] = []
    current: list[AnyStage] = []
    for stage in stages:
        if isinstance(stage, CorpusStage) and stage.sees_corpus:
            cut.append(Segment(tuple(current), stage))
            current = []
        current.append(stage)
    return [*cut, Segment(tuple(current), None)]


def read_files(
    files: Sequence[Path], sources: Sequence[Source], folder: Path, *, shard_rows: int, strict: bool
) -> None:
    """Read some files into shards ``folder/shards/NNNNN.arrow`` and ``folder/quarantine/NNNNN.arrow``.

    Args:
        files: what to read, in this order.
        sources: which of them takes which record.
        folder: where the shards go; whatever an interrupted task left there is removed.
        shard_rows: dialogues per shard; the last one may have fewer.
        strict: whether a record that cannot be read stops everything.

    Raises:
        StrictError: a record went to quarantine although ``strict`` forbids it.
    """
    marker = folder / "done.json"
    if read_marker(marker) is not None:
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "shards").mkdir(parents=True)
    (folder / "quarantine").mkdir()
    started = time.perf_counter()
    shards, broken, quarantined = 0, 0, Counter[str]()
    pending: list[pl.DataFrame] = []
    found = TableStats()
    for file in files:
        for batch in read_file(file, sources, batch_rows=shard_rows):
            if batch.quarantined.height:
                if strict:
                    _refuse(batch.quarantined)
                write_table(folder / "quarantine" / f"{broken:05d}.arrow", batch.quarantined)
                quarantined.update(batch.quarantined["reason"].to_list())
                broken += 1
            pending.append(batch.dialogues)
            while sum(part.height for part in pending) >= shard_rows:
                rows = pl.concat(pending)
                found += _write_shard(folder, shards, rows.head(shard_rows))
                pending = [rows.slice(shard_rows)]
                shards += 1
    rest = pl.concat(pending) if pending else empty_table()
    if rest.height:
        found += _write_shard(folder, shards, rest)
        shards += 1
    write_marker(
        marker,
        {
            "shards": shards,
            "quarantine": broken,
            "quarantined": dict(sorted(quarantined.items())),
            "stats": found.to_dict(),
            "seconds": time.perf_counter() - started,
        },
    )


def _write_shard(folder: Path, number: int, rows: pl.DataFrame) -> TableStats:
    whole = complete(rows)
    write_table(folder / "shards" / f"{number:05d}.arrow", whole)
    return TableStats.from_rows(whole)


def _refuse(quarantined: pl.DataFrame) -> None:
    first = quarantined.row(0, named=True)
    raise StrictError(
        f"{first['file']}: {first['position']}: {first['reason']}; "
        "mend the input, or build without --strict to put such records into quarantine"
    )


def run_segment(segment: Segment, shard: Shard, folder: Path, *, names: Path | None, decision: Path | None) -> None:
    """Run a segment over one shard and leave ``folder/shards``, ``folder/sketches`` and a marker.

    Args:
        segment: what to run.
        shard: what to read; results carry its name.
        folder: where results go; its subfolders exist.
        names: table of ids to be replaced (``shard``, ``row``, ``id``), for the first segment.
        decision: table that the first stage, a corpus stage, decided on.
    """
    marker = folder / "done" / f"{shard.name}.json"
    if read_marker(marker) is not None:
        return
    rows = read_table(shard.path)
    if names is not None:
        rows = _renamed(rows, read_table(names).filter(shard=shard.name))
    done = []
    for place, stage in enumerate(segment.stages):
        made = read_table(decision) if place == 0 and decision is not None else None
        rows, stats = lineage.apply_stage(stage, rows, made)
        done.append(stats.to_dict())
    write_table(shard.within(folder).path, rows)
    started = time.perf_counter()
    if segment.sketch is not None:
        seen = rows if segment.sketch.covers_dropped else rows.filter(pl.col("drop_reason").is_null())
        sketch = segment.sketch.sketch(seen.select(list(segment.sketch.reads)))
        write_table(folder / "sketches" / f"{shard.name}.arrow", sketch)
    write_marker(marker, {"stages": done, "sketch_seconds": time.perf_counter() - started})


def _renamed(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    if names.is_empty():
        return rows
    new = rows.with_row_index("row").join(names, on="row", how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce(new["id_right"], new["id"]).alias("id"))


def unique_names(shards: Sequence[Shard]) -> pl.DataFrame:
    """Find ids that stand twice in the corpus and give every one after the first a name of its own.

    Args:
        shards: all shards, in corpus order.

    Returns:
        ``shard`` (String), ``row`` (UInt32, within the shard) and ``id`` of the rows to rename: the old id with
        ``~2``, ``~3``, … after it.
    """
    nothing = pl.LazyFrame(schema={"row": pl.UInt32, "id": pl.String, "shard": pl.String})
    every = [
        pl.scan_ipc(shard.path).select("id").with_row_index("row").with_columns(pl.lit(shard.name).alias("shard"))
        for shard in shards
    ]
    ids = pl.concat([nothing, *every]).collect()
    again = (
        ids.with_row_index("at")
        .filter(pl.col("id").is_duplicated())
        .with_columns(pl.int_range(pl.len()).over("id", order_by="at").alias("copy"))
        .filter(pl.col("copy") > 0)
        .sort("at")
    )
    # Only an id with a tilde can be in the way of a new name.
    taken = set(ids.filter(pl.col("id").str.contains("~", literal=True))["id"].to_list())
    fresh = []
    for old, copy in again.select("id", "copy").iter_rows():
        number = copy + 1
        while (name := f"{old}~{number}") in taken:
            number += 1
        taken.add(name)
        fresh.append(name)
    return again.select("shard", pl.col("row").cast(pl.UInt32)).with_columns(pl.Series("id", fresh, dtype=pl.String))
