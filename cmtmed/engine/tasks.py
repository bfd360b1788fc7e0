"""The work of a worker process: read some files into shards, or run a segment of stages over one shard.

A task receives paths and configurations, writes files, and returns nothing, so that no data passes between processes.
It is complete once its marker exists, and is skipped if the marker exists already.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed import lineage
from cmtmed.engine.markers import ReadMarker, SegmentMarker
from cmtmed.engine.workspace import read_table, write_table
from cmtmed.errors import StrictError
from cmtmed.io.read import read_file
from cmtmed.io.selection import Selector, SmallestHashes
from cmtmed.schema import complete, empty_table
from cmtmed.source import Source
from cmtmed.stage import AnyStage, CorpusStage
from cmtmed.stats import ReadingStats, TableStats

_COPY_SEPARATOR: Final = "~"


@dataclass(frozen=True)
class Segment:
    """Stages that run one after another on a shard without looking at the rest of the corpus.

    Attributes:
        stages: the stages to apply; only the first may be a corpus stage, whose decision has been made.
        corpus_stage: the corpus stage that the next segment begins with; each shard is sketched for it at the end of
            this segment. None in the last segment.
    """

    stages: tuple[AnyStage, ...]
    corpus_stage: CorpusStage | None


@dataclass(frozen=True)
class Shard:
    """A part of the corpus on disk.

    Attributes:
        name: sorts in corpus order; stays the same from segment to segment.
        path: Arrow file with the shard's current state.
    """

    name: str
    path: Path

    def relocate(self, folder: Path) -> Shard:
        """Return the shard as a segment leaves it in its folder."""
        return Shard(self.name, folder / "shards" / f"{self.name}.arrow")


def split_segments(stages: Sequence[AnyStage]) -> list[Segment]:
    """Split a pipeline before every corpus stage."""
    segments: list[Segment] = []
    current: list[AnyStage] = []
    for stage in stages:
        if isinstance(stage, CorpusStage) and stage.sees_corpus:
            segments.append(Segment(tuple(current), stage))
            current = []
        current.append(stage)
    return [*segments, Segment(tuple(current), None)]


def read_files(
    files: Sequence[Path],
    sources: Sequence[Source],
    folder: Path,
    *,
    shard_rows: int,
    strict: bool,
    selectors: Sequence[Selector] = (),
) -> None:
    """Read some files into shards ``folder/shards/NNNNN.arrow`` and ``folder/quarantine/NNNNN.arrow``.

    Args:
        files: the files, in reading order.
        sources: the pipeline's sources; they decide how each record is parsed.
        folder: where the shards go; anything an interrupted task left there is removed.
        shard_rows: dialogues per shard; the last one may have fewer.
        strict: whether to fail at the first record that cannot be read.
        selectors: what selects the records, for each file; without any, all records are read.

    Raises:
        StrictError: a record was quarantined although ``strict`` is set.
    """
    path = folder / "done.json"
    if path.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "shards").mkdir(parents=True)
    (folder / "quarantine").mkdir()
    started = time.perf_counter()
    shards, quarantine_files, stats, reading = 0, 0, TableStats(), ReadingStats()
    pending: list[pl.DataFrame] = []
    pending_rows = 0
    for index, file in enumerate(files):
        selector = selectors[index] if selectors else None
        if selector is not None and selector.is_done:
            break
        for batch in read_file(file, sources, batch_rows=shard_rows, selector=selector):
            if batch.quarantined.height:
                if strict:
                    _refuse_record(batch.quarantined)
                write_table(folder / "quarantine" / f"{quarantine_files:05d}.arrow", batch.quarantined)
                quarantine_files += 1
            reading += batch.stats
            if not batch.dialogues.height:
                continue
            pending.append(batch.dialogues)
            pending_rows += batch.dialogues.height
            while pending_rows >= shard_rows:
                rows = pl.concat(pending)
                stats += _write_shard(folder, shards, rows.head(shard_rows))
                pending = [rows.slice(shard_rows)]
                pending_rows = pending[0].height
                shards += 1
    remaining = pl.concat(pending) if pending else empty_table()
    if remaining.height:
        stats += _write_shard(folder, shards, remaining)
        shards += 1
    seconds = time.perf_counter() - started
    ReadMarker(shards=shards, quarantine=quarantine_files, stats=stats, reading=reading, seconds=seconds).write(path)


def hash_records(
    files: Sequence[Path], first: int, sources: Sequence[Source], path: Path, *, seed: int, size: int
) -> None:
    """Write the smallest hashes of the records' positions in some files as an Arrow file.

    Args:
        files: the files, in reading order.
        first: number of the first of them in the crawl.
        sources: the pipeline's sources.
        path: the file to write.
        seed: seed of the sample.
        size: number of hashes that are kept.
    """
    if path.exists():
        return
    smallest = SmallestHashes(seed, size)
    for smallest.file, file in enumerate(files, start=first):
        for _ in read_file(file, sources, selector=smallest):
            pass
    write_table(path, pl.DataFrame({"hash": smallest.hashes}, schema={"hash": pl.Int64}))


def _write_shard(folder: Path, number: int, rows: pl.DataFrame) -> TableStats:
    table = complete(rows)
    write_table(folder / "shards" / f"{number:05d}.arrow", table)
    return TableStats.from_rows(table)


def _refuse_record(quarantined: pl.DataFrame) -> None:
    first = quarantined.row(0, named=True)
    raise StrictError(
        f"{first['file']}: {first['position']}: {first['reason']}; "
        "fix the input, or build without --strict to quarantine such records"
    )


def run_segment(segment: Segment, shard: Shard, folder: Path, *, new_ids: Path | None, decision: Path | None) -> None:
    """Run a segment over one shard; write a shard, a sketch and a marker to ``folder``.

    Args:
        segment: the stages.
        shard: the input; the files written carry its name.
        folder: where the results go; its subfolders ``shards``, ``sketches`` and ``done`` exist.
        new_ids: table of ids to replace (see `find_new_ids`), for the first segment.
        decision: decision of the first stage, if that is a corpus stage.
    """
    path = folder / "done" / f"{shard.name}.json"
    if path.exists():
        return
    rows = read_table(shard.path)
    if new_ids is not None:
        rows = _replace_ids(rows, read_table(new_ids).filter(shard=shard.name))
    stage_stats = []
    for index, stage in enumerate(segment.stages):
        stage_decision = read_table(decision) if index == 0 and decision is not None else None
        rows, stats = lineage.apply_stage(stage, rows, stage_decision)
        stage_stats.append(stats)
    write_table(shard.relocate(folder).path, rows)
    started = time.perf_counter()
    if segment.corpus_stage is not None:
        stage = segment.corpus_stage
        covered = rows if stage.covers_dropped else rows.filter(pl.col("drop_reason").is_null())
        sketch = stage.sketch(covered.select(list(stage.reads)))
        write_table(folder / "sketches" / f"{shard.name}.arrow", sketch)
    SegmentMarker(stages=stage_stats, sketch_seconds=time.perf_counter() - started).write(path)


def _replace_ids(rows: pl.DataFrame, new_ids: pl.DataFrame) -> pl.DataFrame:
    if new_ids.is_empty():
        return rows
    joined = rows.with_row_index("row").join(new_ids, on="row", how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce(joined["id_right"], joined["id"]).alias("id"))


def find_new_ids(shards: Sequence[Shard]) -> pl.DataFrame:
    """Find ids that occur several times in the corpus, and choose a new id for every occurrence but the first.

    Args:
        shards: all shards, in corpus order.

    Returns:
        ``shard`` (String), ``row`` (UInt32, within the shard) and ``id`` of the rows to rename: the old id followed by
        ``~2``, ``~3``, …
    """
    no_rows = pl.LazyFrame(schema={"row": pl.UInt32, "id": pl.String, "shard": pl.String})
    shard_ids = [
        pl.scan_ipc(shard.path).select("id").with_row_index("row").with_columns(pl.lit(shard.name).alias("shard"))
        for shard in shards
    ]
    ids = pl.concat([no_rows, *shard_ids]).collect()
    copies = (
        ids.with_row_index("position")
        .filter(pl.col("id").is_duplicated())
        .with_columns(pl.int_range(pl.len()).over("id", order_by="position").alias("copy"))
        .filter(pl.col("copy") > 0)
        .sort("position")
    )
    # Only an id with a tilde can collide with a new one.
    reserved = set(ids.filter(pl.col("id").str.contains(_COPY_SEPARATOR, literal=True))["id"].to_list())
    new_ids = []
    for old_id, copy in copies.select("id", "copy").iter_rows():
        number = copy + 1
        while (new_id := f"{old_id}{_COPY_SEPARATOR}{number}") in reserved:
            number += 1
        reserved.add(new_id)
        new_ids.append(new_id)
    return copies.select("shard", pl.col("row").cast(pl.UInt32)).with_columns(pl.Series("id", new_ids, dtype=pl.String))
