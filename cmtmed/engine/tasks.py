"""The work of a worker process on shards: run a segment of stages over one of them.

A task receives paths and configurations, writes files, and returns nothing, so that no data passes between processes.
It is complete once its marker exists, and is skipped if the marker exists already.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed import lineage
from cmtmed.artifacts import sync_folder
from cmtmed.engine.markers import SegmentMarker
from cmtmed.engine.workspace import read_table, write_table
from cmtmed.stage import AnyStage, CorpusStage

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


def run_segment(
    segment: Segment, shard: Shard, folder: Path, *, new_ids: Path | None, decision: Path | None, sync: bool
) -> None:
    """Run a segment over one shard; write a shard, a sketch and a marker to ``folder``.

    Args:
        segment: the stages.
        shard: the input; the files written carry its name.
        folder: where the results go; its subfolders ``shards``, ``sketches`` and ``done`` exist.
        new_ids: table of ids to replace (see `find_new_ids`), for the first segment.
        decision: decision of the first stage, if that is a corpus stage.
        sync: whether everything is on the disk before the marker is.
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
    write_table(shard.relocate(folder).path, rows, sync=sync)
    started = time.process_time()
    if segment.corpus_stage is not None:
        stage = segment.corpus_stage
        covered = rows if stage.covers_dropped else rows.filter(pl.col("drop_reason").is_null())
        sketch = stage.sketch(covered.select(list(stage.reads)))
        write_table(folder / "sketches" / f"{shard.name}.arrow", sketch, sync=sync)
    marker = SegmentMarker(stages=stage_stats, sketch_seconds=time.process_time() - started)
    if sync:
        sync_folder(folder / "shards")
        sync_folder(folder / "sketches")
    marker.write(path, sync=sync)


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
