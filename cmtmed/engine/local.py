"""Run a pipeline on one machine: a process per core, a shard at a time, resumable at any moment.

The build goes through four phases: read all files into shards; run each segment of stages over all shards,
with the decision of a corpus stage between two segments; emit; rename into place. Each task leaves a marker
when it is done, so the same command after a kill goes on where the last one stopped. Nothing depends on the
number of workers, so neither does a byte of the output.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from cmtmed.artifacts import HashedFile
from cmtmed.builds.manifest import Manifest, PipelineRecord, RecordCounts, describe_inputs, library_versions
from cmtmed.builds.report import BuildReport
from cmtmed.engine.emit import emit
from cmtmed.engine.progress import Progress, ignore_progress
from cmtmed.engine.tasks import Segment, Shard, read_files, run_segment, segments, unique_names
from cmtmed.engine.workers import run_tasks
from cmtmed.engine.workspace import Workspace, check_target, read_marker, read_table, write_table
from cmtmed.errors import BuildError, UsageError
from cmtmed.io.read import match_files
from cmtmed.pipeline import Pipeline
from cmtmed.stats import StageStats, TableStats

SHARD_ROWS = 4096
"""Dialogues per shard: large enough for bulk kernels to pay, small enough for many to fit in memory."""

GROUP_BYTES = 64_000_000
"""Small files are read together until a group holds this much; a larger file is a group of its own."""


def build(
    pipeline: Pipeline,
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    strict: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Run a pipeline over a crawl on this machine; see `cmtmed.build`."""
    started = time.perf_counter()
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; give 1 or more, or leave it out for one per core")
    marks = {stage.name(): mark for stage in pipeline.stages if (mark := stage.check_requirements()) is not None}
    target = Path(out)
    check_target(target, pipeline.name)
    files = match_files(inputs, pipeline.sources)
    inputs_hashed = describe_inputs(files)
    plan = _plan(pipeline, inputs_hashed)
    workspace = Workspace(target)
    # What is secret decides whether an interrupted build goes on, and enters nothing that is published.
    workspace.open({**plan, "secrets": marks} if marks else plan)
    run = _Run(pipeline, workspace, workers or _cores(), progress or ignore_progress)
    try:
        report = run.build(files, inputs_hashed, strict=strict, started=started, fingerprint=_digest(plan), out=target)
        workspace.publish()
    except (OSError, pl.exceptions.PolarsError) as error:
        if isinstance(error, pl.exceptions.PolarsError) and "os error" not in str(error):
            raise
        reason = getattr(error, "strerror", None) or "the operating system refused a write"
        raise BuildError(
            f"cannot write the build of {str(target)!r}: {reason}; make room or choose another --out "
            "(the same command goes on where this one stopped)"
        ) from error
    return report


class _Run:
    """One run of one pipeline in one workspace."""

    def __init__(self, pipeline: Pipeline, workspace: Workspace, workers: int, progress: Progress) -> None:
        self.pipeline, self.workspace, self.workers, self.progress = pipeline, workspace, workers, progress

    def build(
        self,
        files: Sequence[Path],
        inputs: list[HashedFile],
        *,
        strict: bool,
        started: float,
        fingerprint: str,
        out: Path,
    ) -> BuildReport:
        groups = self._read(files, strict=strict)
        reading = time.perf_counter()
        found = [read_marker(group / "done.json") for group in groups]
        before = sum((TableStats.from_dict(one["stats"]) for one in found), TableStats())
        shards, stages = self._stages(self._named(groups, found))
        staging = time.perf_counter()
        self.progress("emit", 0, 1)
        broken = (
            read_table(group / "quarantine" / f"{number:05d}.arrow")
            for group, one in zip(groups, found, strict=True)
            for number in range(one["quarantine"])
        )
        done = emit(
            self.pipeline,
            (read_table(shard.path) for shard in shards),
            broken,
            self.workspace.result,
            fingerprint,
        )
        self.progress("emit", 1, 1)
        counts: RecordCounts = {
            "read": before.dialogues + done.quarantine.total(),
            "kept": done.kept.dialogues,
            "dropped": done.drops.total(),
            "quarantined": done.quarantine.total(),
        }
        if counts["read"] != counts["kept"] + counts["dropped"] + counts["quarantined"]:
            raise BuildError(f"counts do not add up: {counts}; this is a bug in cmtmed, please report it")
        now = time.perf_counter()
        seconds = {
            "read": reading - started,
            "stages": staging - reading,
            "emit": now - staging,
            "total": now - started,
        }
        result = self.workspace.result
        manifest = Manifest(
            pipeline=PipelineRecord(
                name=self.pipeline.name,
                fingerprint=self.pipeline.fingerprint(),
                stages=[{stage.name(): stage.options()} for stage in self.pipeline.stages],
            ),
            seed=self.pipeline.seed,
            inputs=inputs,
            versions=library_versions(),
            counts=counts,
            drops=dict(sorted(done.drops.items())),
            quarantine=dict(sorted(done.quarantine.items())),
            views=dict(sorted(done.rows.items())),
            files=done.files,
        )
        manifest.write(result)
        report = BuildReport(
            pipeline=self.pipeline.name,
            out=out,
            counts=counts,
            stages=tuple(stages),
            drops=done.drops,
            quarantine=done.quarantine,
            before=before,
            after=done.kept,
            rows=done.rows,
            seconds=seconds,
        )
        report.write(result)
        return report

    def _read(self, files: Sequence[Path], *, strict: bool) -> list[Path]:
        folders, work = [], []
        for number, group in enumerate(_groups(files)):
            folder = self.workspace.folder("read") / f"{number:05d}"
            folders.append(folder)
            work.append(partial(read_files, group, self.pipeline.sources, folder, shard_rows=SHARD_ROWS, strict=strict))
        self._all("read", work)
        return folders

    def _named(self, groups: Sequence[Path], found: Sequence[dict[str, Any]]) -> list[Shard]:
        """List all shards in corpus order, and write down the ids that must be replaced."""
        shards = [
            Shard(f"{place:05d}-{number:05d}", group / "shards" / f"{number:05d}.arrow")
            for place, (group, one) in enumerate(zip(groups, found, strict=True))
            for number in range(one["shards"])
        ]
        names = self.workspace.root / "names.arrow"
        if not names.exists():
            write_table(names, unique_names(shards))
        return shards

    def _stages(self, shards: list[Shard]) -> tuple[list[Shard], list[StageStats]]:
        totals: dict[str, StageStats] = {stage.name(): StageStats(stage.name()) for stage in self.pipeline.stages}
        decision: Path | None = None
        for number, segment in enumerate(segments(self.pipeline.stages)):
            folder = self._segment(number, segment, shards, decision)
            for shard in shards:
                left = read_marker(folder / "done" / f"{shard.name}.json")
                for told in left["stages"]:
                    totals[told["stage"]] += StageStats.from_dict(told)
                if segment.sketch is not None:
                    name = segment.sketch.name()
                    totals[name] += StageStats(name, seconds=left["sketch_seconds"])
            shards = [shard.within(folder) for shard in shards]
            decision = None
            if segment.sketch is not None:
                decision, seconds = self._decide(segment, folder, shards)
                totals[segment.sketch.name()] += StageStats(segment.sketch.name(), seconds=seconds)
            if number > 0:
                self.workspace.discard(f"segment{number - 1}/shards")
        return shards, list(totals.values())

    def _segment(self, number: int, segment: Segment, shards: Sequence[Shard], decision: Path | None) -> Path:
        folder = self.workspace.folder(f"segment{number}")
        if not (folder / "whole").exists():
            for part in ("shards", "sketches", "done"):
                self.workspace.folder(f"segment{number}/{part}")
            names = self.workspace.root / "names.arrow" if number == 0 else None
            work = [partial(run_segment, segment, shard, folder, names=names, decision=decision) for shard in shards]
            stages = [stage.name() for stage in segment.stages]
            self._all(" ".join(stages) or "prepare", work)
            # The shards of a whole segment may be discarded; their markers may not.
            (folder / "whole").touch()
        return folder

    def _decide(self, segment: Segment, folder: Path, shards: Sequence[Shard]) -> tuple[Path, float]:
        started = time.perf_counter()
        stage = segment.sketch
        path = folder / "decision.arrow"
        if stage is not None and not path.exists():
            self.progress(f"{stage.name()} decides", 0, 1)
            sketches = [folder / "sketches" / f"{shard.name}.arrow" for shard in shards]
            if sketches:
                lazy = pl.concat([pl.scan_ipc(sketch) for sketch in sketches])
            else:
                nothing = pl.DataFrame(schema=dict(stage.reads))
                lazy = stage.sketch(nothing).lazy()
            write_table(path, stage.decide(lazy))
            self.progress(f"{stage.name()} decides", 1, 1)
        return path, time.perf_counter() - started

    def _all(self, phase: str, work: Sequence[Callable[[], None]]) -> None:
        self.progress(phase, 0, len(work))
        for done, _ in enumerate(run_tasks(work, self.workers), start=1):
            self.progress(phase, done, len(work))


def _groups(files: Sequence[Path]) -> Iterator[list[Path]]:
    group: list[Path] = []
    size = 0
    for file in files:
        if group and size + file.stat().st_size > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(file)
        size += file.stat().st_size
    if group:
        yield group


def _plan(pipeline: Pipeline, inputs: Sequence[HashedFile]) -> dict[str, Any]:
    hashed = [asdict(file) for file in inputs]
    return {"pipeline": pipeline.fingerprint(), "inputs": hashed, "versions": library_versions()}


def _digest(plan: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plan, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
