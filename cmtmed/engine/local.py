"""The local engine: one process per core, one shard per task, resumable at any moment.

The files are read into shards. Each segment of stages then runs over all shards, with the decision of a corpus stage
between two segments. Each task leaves a marker when it is complete, so the same build run again after a kill resumes
where it stopped. No result depends on the number of workers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.engine.inputs import InputFile, report_changes
from cmtmed.engine.markers import ReadMarker, SegmentMarker
from cmtmed.engine.protocol import EngineResult, Job
from cmtmed.engine.reading import hash_records, read_files, refuse_record
from cmtmed.engine.tasks import Segment, Shard, find_new_ids, run_segment, split_segments
from cmtmed.engine.workers import Task, WorkerPool
from cmtmed.engine.workspace import read_table, write_table
from cmtmed.errors import UsageError
from cmtmed.io.selection import FirstRecords, HashedRecords, Selector, find_threshold
from cmtmed.stage import CorpusStage
from cmtmed.stats import ReadingStats, StageStats, TableStats

SHARD_ROWS = 4096
"""Dialogues per shard: large enough for bulk kernels to pay, small enough for many to fit in memory."""

GROUP_BYTES = 64_000_000
"""Small files are read by one task until the group reaches this size; a larger file is a group of its own."""

_READ_MARKER: Final = "done.json"
_TaskRunner = Callable[[str, Sequence[Task]], None]
"""Runs the tasks of a phase, given its name."""


class LocalEngine:
    """Runs a pipeline on this machine.

    Args:
        workers: maximum number of worker processes; None means one per core available to this process.

    Raises:
        UsageError: ``workers`` is less than 1.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise UsageError(f"workers is {workers}; set it to 1 or more, or omit it for one worker per core")
        self.workers = workers or _count_cores()

    def run(self, job: Job) -> EngineResult:
        """Read the crawl and run every stage over it; see `Engine.run`."""
        started = time.perf_counter()
        with job.workspace.hold_temporary_files() as temporary, WorkerPool(self.workers, temporary) as pool:
            run_tasks = partial(_run_tasks, job, pool)
            # The system kills a process that reads a mapped file beyond its new end.
            with report_changes(job.inputs):
                groups = self._read_groups(job, run_tasks)
            markers = [ReadMarker.read(group / _READ_MARKER) for group in groups]
            if job.strict:
                _refuse_quarantine(groups, markers)
            read = time.perf_counter()
            shards, stages = self._run_stages(job, _list_shards(groups, markers), run_tasks)
        return EngineResult(
            shards=(read_table(shard.path) for shard in shards),
            quarantined=map(read_table, _list_quarantine(groups, markers)),
            before=sum((marker.stats for marker in markers), TableStats()),
            reading=sum((marker.reading for marker in markers), ReadingStats()),
            stages=stages,
            read_seconds=read - started,
            stage_seconds=time.perf_counter() - read,
        )

    def _read_groups(self, job: Job, run_tasks: _TaskRunner) -> list[Path]:
        """Read the crawl into one folder per group of files."""
        folders, tasks = [], []
        limit = job.selection.limit if job.selection else None
        # Records are counted in reading order, so one task reads them.
        groups = [list(job.inputs)] if limit else list(_group_files(job.inputs))
        threshold = self._find_threshold(job, groups, run_tasks)
        first = 0
        for number, files in enumerate(groups):
            folder = job.workspace.folder("read") / f"{number:05d}"
            folders.append(folder)
            selectors: Sequence[Selector] = ()
            if limit:
                selectors = [FirstRecords(limit)] * len(files)
            elif job.selection and threshold is not None:
                seed = job.selection.seed
                selectors = [HashedRecords(seed, file, threshold) for file in range(first, first + len(files))]
            first += len(files)
            read = partial(read_files, files, job.pipeline.sources, folder, shard_rows=SHARD_ROWS)
            tasks.append(partial(read, strict=job.strict, sync=job.workspace.sync, selectors=selectors))
        run_tasks("read", tasks)
        return folders

    def _find_threshold(self, job: Job, groups: Sequence[Sequence[InputFile]], run_tasks: _TaskRunner) -> int | None:
        """Return the largest hash of a position in the sample; None if the build takes no sample."""
        if job.selection is None or job.selection.sample is None:
            return None
        seed, size = job.selection.seed, job.selection.sample
        folder = job.workspace.folder("sample")
        paths, tasks, first = [], [], 0
        for number, files in enumerate(groups):
            path = folder / f"{number:05d}.arrow"
            paths.append(path)
            record = partial(hash_records, files, first, job.pipeline.sources, path, seed=seed, size=size)
            tasks.append(partial(record, sync=job.workspace.sync))
            first += len(files)
        run_tasks("sample", tasks)
        return find_threshold((value for path in paths for value in read_table(path)["hash"].to_list()), size)

    def _run_stages(
        self, job: Job, shards: list[Shard], run_tasks: _TaskRunner
    ) -> tuple[list[Shard], list[StageStats]]:
        stages = job.pipeline.stages
        totals: dict[str, StageStats] = {stage.name(): StageStats(stage.name()) for stage in stages}
        new_ids = job.workspace.root / "names.arrow"
        if not new_ids.exists():
            write_table(new_ids, find_new_ids(shards), sync=job.workspace.sync)
        decision: Path | None = None
        for number, segment in enumerate(split_segments(stages)):
            ids = new_ids if number == 0 else None
            folder = self._run_segment(job, number, segment, shards, run_tasks, new_ids=ids, decision=decision)
            markers = [SegmentMarker.read(folder / "done" / f"{shard.name}.json") for shard in shards]
            for marker in markers:
                for stats in marker.stages:
                    totals[stats.stage] += stats
            shards = [shard.relocate(folder) for shard in shards]
            decision = None
            if segment.corpus_stage is not None:
                name = segment.corpus_stage.name()
                sketch_seconds = sum(marker.sketch_seconds for marker in markers)
                decision, decision_seconds = _decide(job, segment.corpus_stage, folder, shards)
                totals[name] += StageStats(name, seconds=sketch_seconds + decision_seconds)
            if number > 0:
                job.workspace.discard(f"segment{number - 1}/shards")
        return shards, list(totals.values())

    def _run_segment(
        self,
        job: Job,
        number: int,
        segment: Segment,
        shards: Sequence[Shard],
        run_tasks: _TaskRunner,
        *,
        new_ids: Path | None,
        decision: Path | None,
    ) -> Path:
        folder = job.workspace.folder(f"segment{number}")
        # The shards of a complete segment may be discarded; this file and the markers remain.
        complete = folder / "whole"
        if not complete.exists():
            for name in ("shards", "sketches", "done"):
                job.workspace.folder(f"segment{number}/{name}")
            run = partial(run_segment, segment, new_ids=new_ids, decision=decision, sync=job.workspace.sync)
            tasks = [partial(run, shard, folder) for shard in shards]
            run_tasks(" ".join(stage.name() for stage in segment.stages) or "prepare", tasks)
            job.workspace.mark(complete)
        return folder


def _run_tasks(job: Job, pool: WorkerPool, phase: str, tasks: Sequence[Task]) -> None:
    job.progress(phase, 0, len(tasks))
    for completed, _ in enumerate(pool.run(tasks), start=1):
        job.progress(phase, completed, len(tasks))


def _list_shards(groups: Sequence[Path], markers: Sequence[ReadMarker]) -> list[Shard]:
    """List all shards in corpus order."""
    return [
        Shard(f"{group_number:05d}-{number:05d}", group / "shards" / f"{number:05d}.arrow")
        for group_number, (group, marker) in enumerate(zip(groups, markers, strict=True))
        for number in range(marker.shards)
    ]


def _decide(job: Job, stage: CorpusStage, folder: Path, shards: Sequence[Shard]) -> tuple[Path, float]:
    """Write the decision of a corpus stage; return its path and the processor seconds it took."""
    started = time.process_time()
    path = folder / "decision.arrow"
    if not path.exists():
        phase = f"{stage.name()} decides"
        job.progress(phase, 0, 1)
        sketches = [pl.scan_ipc(folder / "sketches" / f"{shard.name}.arrow") for shard in shards]
        empty_batch = pl.DataFrame(schema=dict(stage.reads))
        write_table(
            path,
            stage.decide(pl.concat(sketches) if sketches else stage.sketch(empty_batch).lazy()),
            sync=job.workspace.sync,
        )
        job.progress(phase, 1, 1)
    return path, time.process_time() - started


def _list_quarantine(groups: Sequence[Path], markers: Sequence[ReadMarker]) -> list[Path]:
    """List all tables of quarantined records, in reading order."""
    return [
        group / "quarantine" / f"{number:05d}.arrow"
        for group, marker in zip(groups, markers, strict=True)
        for number in range(marker.quarantine)
    ]


def _refuse_quarantine(groups: Sequence[Path], markers: Sequence[ReadMarker]) -> None:
    """Fail if there is a quarantined record: the interrupted build that read the crawl may not have been strict."""
    for path in _list_quarantine(groups, markers):
        refuse_record(read_table(path))


def _group_files(files: Sequence[InputFile]) -> Iterator[list[InputFile]]:
    group: list[InputFile] = []
    size = 0
    for file in files:
        if group and size + file.content.bytes > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(file)
        size += file.content.bytes
    if group:
        yield group


def _count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
