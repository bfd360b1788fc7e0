"""The interface between a build and the engine that runs its pipeline.

What is the same for all engines (planning, resuming, emission, manifest and report) is in `cmtmed.engine.build`. An
engine reads the crawl and runs the stages. All engines return the same rows in the same order for the same job, so no
build records which one ran. Only the record batches of the Arrow files depend on the shards that an engine returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from cmtmed.engine.inputs import InputFile
from cmtmed.engine.progress import Progress
from cmtmed.engine.workspace import Workspace
from cmtmed.io.selection import Selection
from cmtmed.pipeline import Pipeline
from cmtmed.stats import ReadingStats, StageStats, TableStats


@dataclass(frozen=True)
class Job:
    """Everything an engine needs to run a pipeline.

    Attributes:
        pipeline: the pipeline; the requirements of its stages are met.
        inputs: files of the crawl, in reading order, as they were when they were hashed. An engine checks each before
            and after it reads it (`InputFile.check`), so that what it read is what the manifest names.
        workspace: directory for intermediate files. It survives an interruption: the same job run again by the same
            engine gets the same workspace and resumes from what it finds there.
        strict: whether to fail at the first record that cannot be read.
        progress: callback, called in the main process.
        selection: the records to read; all of them if None.
    """

    pipeline: Pipeline
    inputs: Sequence[InputFile]
    workspace: Workspace
    strict: bool
    progress: Progress
    selection: Selection | None = None

    @property
    def files(self) -> list[Path]:
        """The files of the crawl, in reading order."""
        return [file.path for file in self.inputs]


@dataclass(frozen=True)
class EngineResult:
    """What an engine returns.

    Attributes:
        shards: complete dialogue tables after the last stage, dropped rows included, in corpus order with unique ids.
            Read lazily, once.
        quarantined: tables of the records that could not be read, in reading order. Read lazily, once.
        before: statistics of the dialogues as they were read.
        reading: what the readers left out of the dialogues.
        stages: statistics of each stage, in pipeline order.
        read_seconds: elapsed time of reading the crawl.
        stage_seconds: elapsed time of running all stages.
    """

    shards: Iterable[pl.DataFrame]
    quarantined: Iterable[pl.DataFrame]
    before: TableStats
    reading: ReadingStats
    stages: Sequence[StageStats]
    read_seconds: float
    stage_seconds: float


class Engine(Protocol):
    """Runs a pipeline over a crawl."""

    def run(self, job: Job) -> EngineResult:
        """Read the crawl and run every stage over it.

        Stages are applied with `cmtmed.lineage.apply_stage`. A corpus stage is sketched over all shards, decides once
        over the sketches in corpus order, and is then applied to each shard with its decision. Of several dialogues
        with the same id, all but the first are renamed before the first stage (`cmtmed.engine.tasks.find_new_ids`).

        Raises:
            StrictError: a record cannot be read and ``job.strict`` is set.
            StageError: a stage violates its contract.
            BuildError: a worker was killed, or an input changed.
            OSError: an intermediate file cannot be written.
        """
