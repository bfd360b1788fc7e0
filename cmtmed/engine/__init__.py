"""Where a pipeline runs, and how its result is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cmtmed.builds.build import Build
from cmtmed.builds.report import BuildReport
from cmtmed.engine.local import build as build_locally
from cmtmed.engine.progress import Progress
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.pipeline import Pipeline
from cmtmed.views.dataset import open_dataset

if TYPE_CHECKING:
    from cmtmed.views.dataset import DatasetDict

__all__ = ["BuildReport", "Progress", "build", "load"]

ENGINES = ("local",)


def build(
    pipeline: Pipeline | str | Path,
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    engine: Literal["local"] = "local",
    strict: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Turn a raw crawl into Arrow datasets.

    The result is written beside ``out`` and renamed when it is whole. A build that was killed goes on where it
    stopped when the same call is made again, and gives the same bytes.

    Args:
        pipeline: a pipeline, the name of a bundled one, or the path of a YAML file.
        inputs: files, directories or glob patterns, read in sorted order.
        out: directory of the result; it must be new, empty, or an earlier build of the same pipeline.
        engine: where it runs; ``"local"`` uses all cores of this machine.
        strict: fail at the first record that cannot be read instead of putting it into quarantine.
        workers: processes; by default one per core.
        progress: called with phase, tasks done and tasks in all.

    Returns:
        What happened: counts that add up, per stage and in all.

    Raises:
        PipelineError: the pipeline is not valid.
        InputError: an input is missing, or no source of the pipeline takes it.
        OutputError: ``out`` holds something else or cannot be written.
        StrictError: a record could not be read although ``strict`` is set.
        BuildError: the disk is full, or a worker was killed.
    """
    if engine not in ENGINES:
        raise UsageError(f"unknown engine {engine!r}; {did_you_mean(engine, ENGINES)}")
    loaded = pipeline if isinstance(pipeline, Pipeline) else Pipeline.load(pipeline)
    return build_locally(loaded, inputs, out, strict=strict, workers=workers, progress=progress)


def load(out: str | Path, view: str = "sft") -> DatasetDict:
    """Open one table of a finished build, memory-mapped.

    Args:
        out: directory of a build.
        view: ``sft``, ``pretrain``, ``prompts``, or ``dialogues`` for the full table.

    Returns:
        One dataset per split.

    Raises:
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        UsageError: the build has no such view.
    """
    known = Build.open(out).manifest.views
    if view not in known:
        raise UsageError(f"{str(out)!r} has no view {view!r}; {did_you_mean(view, known)}")
    return open_dataset(Path(out) / view)
