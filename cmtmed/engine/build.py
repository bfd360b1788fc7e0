"""Build Arrow datasets from a crawl: plan, run the pipeline on an engine, emit, record, rename into place.

Everything here is the same for all engines; see `cmtmed.engine.protocol` for what an engine does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.builds.report import BuildReport
from cmtmed.engine.emit import Emission, emit_tables
from cmtmed.engine.inputs import hash_inputs, report_changes
from cmtmed.engine.local import LocalEngine
from cmtmed.engine.plan import hash_plan, plan_datasets, plan_workspace
from cmtmed.engine.progress import Progress, ignore_progress
from cmtmed.engine.protocol import Engine, EngineResult, Job
from cmtmed.engine.records import count_characters, count_records, create_report, write_manifest
from cmtmed.engine.target import check_inputs_apart, check_target, resolve_target
from cmtmed.engine.workspace import Workspace
from cmtmed.errors import BuildError, UsageError
from cmtmed.inspection.resolution import Resolution, resolve_sources
from cmtmed.io.crawl_files import match_files
from cmtmed.io.declared_fields import check_declared
from cmtmed.io.selection import create_selection
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
    sync: bool = True,
) -> BuildReport:
    """Turn a raw crawl into Arrow datasets.

    The result grows in a hidden directory next to ``out`` and is renamed once it is complete. A build that was killed,
    also by a power cut, resumes where it stopped when the same call is made again, and produces the same bytes. One
    build at a time writes to ``out``.

    Args:
        pipeline: a pipeline, the name of a bundled one, or the path of a YAML file.
        inputs: files, directories or glob patterns, read in sorted order.
        out: directory of the result; it must be new, empty, or an earlier build of the same pipeline. Links are
            followed.
        engine: name of the engine that runs the pipeline; ``"local"`` uses all cores of this machine.
        strict: fail at the first record that cannot be read instead of quarantining it.
        workers: maximum number of worker processes; by default one per core.
        progress: called with the phase, the number of finished tasks and the total number of tasks.
        limit: number of records to read, from the first on; by default all.
        sample: number of records to read, drawn uniformly from all files by the pipeline's seed; by default all.
        sync: whether to wait until what the build vouches for is on the disk. Without, it is faster by a little and
            survives any kill, but not a power cut.

    Returns:
        What the build did: counts that add up, per stage and in total.

    Raises:
        PipelineError: the pipeline is invalid, or declares a field that no record has.
        InputError: an input is missing, or no source of the pipeline matches it.
        OutputError: ``out`` holds something else, cannot be written, or is being written by another build.
        UsageError: no engine has that name, ``workers``, ``limit`` or ``sample`` is less than 1, both ``limit`` and
            ``sample`` are given, or a stage lacks a requirement.
        StrictError: a record cannot be read although ``strict`` is set.
        BuildError: the disk is full, a worker was killed, or an input changed while it was read.
    """
    started = time.perf_counter()
    runner = create_engine(engine, workers)
    if not isinstance(pipeline, Pipeline):
        pipeline = Pipeline.load(pipeline)
    selection = create_selection(limit, sample, pipeline.seed)
    secrets = {stage.name(): token for stage in pipeline.stages if (token := stage.check_requirements()) is not None}
    key, key_mark = _read_id_key() if pipeline.ids == "hash" else (None, "")
    secrets |= {"ids": key_mark} if key_mark else {}
    target = resolve_target(out)
    check_target(target, pipeline.name)
    files = match_files(inputs, pipeline.sources)
    check_inputs_apart(files, target)
    check_declared(files, pipeline.sources, pipeline.name)
    try:
        with Workspace(target, pipeline.name, sync=sync) as workspace:
            # Another build may have written the target before this one got the lock.
            check_target(target, pipeline.name)
            hashed_inputs = hash_inputs(files)
            # After the files were hashed, so that a change in between is noticed when they are read.
            with report_changes(hashed_inputs):
                resolution = resolve_sources(files, pipeline.sources)
            _announce(resolution)
            pipeline = pipeline.with_sources(resolution.sources) if resolution.proposed else pipeline
            plan = plan_datasets(pipeline, [file.content for file in hashed_inputs], selection)
            workspace.open(plan_workspace(plan, pipeline, engine, secrets))
            progress = progress or ignore_progress
            job = Job(pipeline, hashed_inputs, workspace, strict=strict, progress=progress, selection=selection)
            # Other ids are other datasets; what tells keys apart is published with them anyway.
            fingerprint = hash_plan({**plan, "ids": key_mark} if key_mark else plan)
            report = _run_job(job, runner, resolution, fingerprint, (key, key_mark), Path(out), started)
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


def _read_id_key() -> tuple[bytes, str]:
    """Return the key of hashed ids, and what tells it from other keys.

    Raises:
        UsageError: the environment does not hold one.
    """
    # The rules for identifiers take longer to import than a faulty pipeline to be refused.
    from cmtmed.anonymize.replace.hashed_ids import KEY_VARIABLE
    from cmtmed.anonymize.replace.secret_key import fingerprint_key, read_key

    key = read_key(KEY_VARIABLE, "hashed ids need")
    return key, fingerprint_key(key)


def _announce(resolution: Resolution) -> None:
    """Log the sources that were proposed, before anything is read with them."""
    for proposal in resolution.proposed:
        log.info("names find no dialogue; the contents of the files do: %s", proposal.describe())


def _run_job(
    job: Job,
    engine: Engine,
    resolution: Resolution,
    fingerprint: str,
    id_key: tuple[bytes | None, str],
    out: Path,
    started: float,
) -> BuildReport:
    """Run the engine, write all tables and the manifest to the workspace, and return the report."""
    key, key_mark = id_key
    planning_seconds = time.perf_counter() - started
    result = engine.run(job)
    emit_started = time.perf_counter()
    emission = _emit(job, result, fingerprint, key)
    emit_seconds = time.perf_counter() - emit_started
    counts = count_records(result, emission)
    characters = count_characters(result, emission)
    write_manifest(job, resolution, counts, emission, key_mark)
    seconds = {
        "read": planning_seconds + result.read_seconds,
        "stages": result.stage_seconds,
        "emit": emit_seconds,
        "total": time.perf_counter() - started,
    }
    return create_report(job, resolution, out, result, emission, counts, characters, seconds)


def _emit(job: Job, result: EngineResult, fingerprint: str, key: bytes | None) -> Emission:
    job.progress("emit", 0, 1)
    emission = emit_tables(job.pipeline, result.shards, result.quarantined, job.workspace.result, fingerprint, key)
    job.progress("emit", 1, 1)
    return emission
