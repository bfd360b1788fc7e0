"""Build Arrow datasets from a crawl: plan, run the pipeline on an engine, emit, record, rename into place.

Everything here is the same for all engines; see `cmtmed.engine.protocol` for what an engine does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.artifacts import HashedFile
from cmtmed.builds.manifest import (
    CharacterCounts,
    Manifest,
    PipelineRecord,
    RecordCounts,
    describe_inputs,
    library_versions,
)
from cmtmed.builds.report import BuildReport
from cmtmed.builds.warnings import list_warnings
from cmtmed.engine.emit import Emission, emit_tables
from cmtmed.engine.local import LocalEngine
from cmtmed.engine.progress import Progress, ignore_progress
from cmtmed.engine.protocol import Engine, EngineResult, Job
from cmtmed.engine.workspace import Workspace, check_target
from cmtmed.errors import BuildError, UsageError
from cmtmed.inspection.resolution import Resolution, resolve_sources
from cmtmed.io.crawl_files import match_files
from cmtmed.io.declared_fields import check_declared
from cmtmed.io.selection import Selection, create_selection
from cmtmed.pipeline import Pipeline

log = logging.getLogger("cmtmed.engine")
ENGINES: Final[Mapping[str, Callable[[int | None], Engine]]] = {"local": LocalEngine}
"""Constructor of each engine by name. It takes the number of workers, or None for the engine's default."""


def build(
    pipeline: Pipeline | str | Path,
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    engine: str = "local",
    strict: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
    limit: int | None = None,
    sample: int | None = None,
) -> BuildReport:
    """Turn a raw crawl into Arrow datasets.

    The result grows in a hidden directory next to ``out`` and is renamed once it is complete. A build that was killed
    resumes where it stopped when the same call is made again, and produces the same bytes.

    Args:
        pipeline: a pipeline, the name of a bundled one, or the path of a YAML file.
        inputs: files, directories or glob patterns, read in sorted order.
        out: directory of the result; it must be new, empty, or an earlier build of the same pipeline.
        engine: name of the engine that runs the pipeline; ``"local"`` uses all cores of this machine.
        strict: fail at the first record that cannot be read instead of quarantining it.
        workers: maximum number of worker processes; by default one per core.
        progress: called with the phase, the number of finished tasks and the total number of tasks.
        limit: number of records to read, from the first on; by default all.
        sample: number of records to read, drawn uniformly from all files by the pipeline's seed; by default all.

    Returns:
        What the build did: counts that add up, per stage and in total.

    Raises:
        PipelineError: the pipeline is invalid, or declares a field that no record has.
        InputError: an input is missing, or no source of the pipeline matches it.
        OutputError: ``out`` holds something else or cannot be written.
        UsageError: no engine has that name, ``workers``, ``limit`` or ``sample`` is less than 1, both ``limit`` and
            ``sample`` are given, or a stage lacks a requirement.
        StrictError: a record cannot be read although ``strict`` is set.
        BuildError: the disk is full, or a worker was killed.
    """
    started = time.perf_counter()
    runner = create_engine(engine, workers)
    if not isinstance(pipeline, Pipeline):
        pipeline = Pipeline.load(pipeline)
    selection = create_selection(limit, sample, pipeline.seed)
    secrets = {stage.name(): token for stage in pipeline.stages if (token := stage.check_requirements()) is not None}
    target = Path(out)
    check_target(target, pipeline.name)
    files = match_files(inputs, pipeline.sources)
    check_declared(files, pipeline.sources, pipeline.name)
    resolution = resolve_sources(files, pipeline.sources)
    _announce(resolution)
    pipeline = pipeline.with_sources(resolution.sources) if resolution.proposed else pipeline
    hashed_inputs = describe_inputs(files)
    plan = _plan_build(pipeline, hashed_inputs, selection)
    workspace = Workspace(target)
    # Engine and secrets decide whether an interrupted build resumes, but are not part of anything published.
    workspace.open({**plan, "engine": engine, **({"secrets": secrets} if secrets else {})})
    job = Job(pipeline, files, workspace, strict=strict, progress=progress or ignore_progress, selection=selection)
    planning_seconds = time.perf_counter() - started
    try:
        result = runner.run(job)
        emit_started = time.perf_counter()
        emission = _emit(job, result, _hash_plan(plan))
        emit_seconds = time.perf_counter() - emit_started
        counts = _count_records(result, emission)
        characters = _count_characters(result, emission)
        _write_manifest(job, resolution, hashed_inputs, counts, emission)
        seconds = {
            "read": planning_seconds + result.read_seconds,
            "stages": result.stage_seconds,
            "emit": emit_seconds,
            "total": time.perf_counter() - started,
        }
        report = _create_report(job, resolution, target, result, emission, counts, characters, seconds)
        report.write(workspace.result)
        workspace.publish()
    except (OSError, pl.exceptions.PolarsError) as error:
        if isinstance(error, pl.exceptions.PolarsError) and "os error" not in str(error):
            raise
        reason = getattr(error, "strerror", None) or "the operating system refused a write"
        raise BuildError(
            f"cannot write the build to {str(target)!r}: {reason}; free some space or choose another --out "
            "(running the same command again resumes where this one stopped)"
        ) from error
    return report


def create_engine(name: str, workers: int | None = None) -> Engine:
    """Create an engine by name.

    Args:
        name: a key of `ENGINES`.
        workers: maximum number of workers; the engine's default if None.

    Raises:
        UsageError: no engine has that name, or it cannot run with that many workers.
    """
    if name not in ENGINES:
        raise UsageError(f"unknown engine {name!r}; available: {', '.join(sorted(ENGINES))}")
    return ENGINES[name](workers)


def _plan_build(pipeline: Pipeline, inputs: Sequence[HashedFile], selection: Selection | None) -> dict[str, object]:
    """Describe everything that determines the content of the datasets."""
    hashed = [asdict(file) for file in inputs]
    plan: dict[str, object] = {"pipeline": pipeline.fingerprint(), "inputs": hashed, "versions": library_versions()}
    return plan if selection is None else {**plan, "selection": selection.model_dump()}


def _hash_plan(plan: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(plan, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _emit(job: Job, result: EngineResult, fingerprint: str) -> Emission:
    job.progress("emit", 0, 1)
    emission = emit_tables(job.pipeline, result.shards, result.quarantined, job.workspace.result, fingerprint)
    job.progress("emit", 1, 1)
    return emission


def _count_records(result: EngineResult, emission: Emission) -> RecordCounts:
    counts: RecordCounts = {
        "read": result.before.dialogues + emission.quarantine.total(),
        "kept": emission.kept.dialogues,
        "dropped": emission.drops.total(),
        "quarantined": emission.quarantine.total(),
    }
    if counts["read"] != counts["kept"] + counts["dropped"] + counts["quarantined"]:
        raise BuildError(f"counts do not add up: {counts}; this is a bug in cmtmed, please report it")
    return counts


def _count_characters(result: EngineResult, emission: Emission) -> CharacterCounts:
    dialogues = result.before.nonblank_characters.total()
    left_out_by_stages = sum(stage.left_out.total() for stage in result.stages)
    counts: CharacterCounts = {
        "read": dialogues + result.reading.left_out.total(),
        "kept": emission.kept.nonblank_characters.total(),
        "dropped": emission.dropped_characters,
        "left_out": result.reading.left_out.total() + left_out_by_stages,
    }
    if counts["read"] != counts["kept"] + counts["dropped"] + counts["left_out"]:
        raise BuildError(f"characters do not add up: {counts}; this is a bug in cmtmed, please report it")
    return counts


def _announce(resolution: Resolution) -> None:
    """Log the sources that were proposed, before anything is read with them."""
    for proposal in resolution.proposed:
        log.info("names find no dialogue; the contents of the files do: %s", proposal.describe())


def _write_manifest(
    job: Job, resolution: Resolution, inputs: list[HashedFile], counts: RecordCounts, emission: Emission
) -> None:
    pipeline = job.pipeline
    manifest = Manifest(
        pipeline=PipelineRecord(
            name=pipeline.name,
            fingerprint=pipeline.fingerprint(),
            stages=[{stage.name(): stage.options()} for stage in pipeline.stages],
        ),
        seed=pipeline.seed,
        proposed_sources=[
            proposal.source.model_dump(mode="json", exclude_defaults=True) for proposal in resolution.proposed
        ],
        inputs=inputs,
        selection=job.selection,
        versions=library_versions(),
        counts=counts,
        drops=dict(sorted(emission.drops.items())),
        quarantine=dict(sorted(emission.quarantine.items())),
        views=dict(sorted(emission.rows.items())),
        files=emission.files,
    )
    manifest.write(job.workspace.result)


def _create_report(
    job: Job,
    resolution: Resolution,
    out: Path,
    result: EngineResult,
    emission: Emission,
    counts: RecordCounts,
    characters: CharacterCounts,
    seconds: dict[str, float],
) -> BuildReport:
    losses = emission.drops + emission.quarantine
    return BuildReport(
        pipeline=job.pipeline.name,
        out=out,
        counts=counts,
        characters=characters,
        reading=result.reading,
        warnings=list_warnings(
            counts["read"], losses, characters["read"], result.reading, result.stages, job.selection, resolution
        ),
        stages=tuple(result.stages),
        drops=emission.drops,
        quarantine=emission.quarantine,
        before=result.before,
        after=emission.kept,
        rows=emission.rows,
        seconds=seconds,
    )
