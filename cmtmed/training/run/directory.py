"""The directory of a run: what it was asked for, its progress, and what the next stage takes.

::

    RUN/
      run.json         stage, settings, versions, where the weights come from, final metrics
      model/           all weights, tokenizer, chat template, training.json   (a run that trained all of them)
      adapter/         the adapter and the same                (a run with LoRA)
      checkpoints/     checkpoint-N, each with complete.json
      metrics.jsonl    a line for each logged step
      tensorboard/     the same
      training_*.png   the curves

The same command resumes an interrupted run. A checkpoint that was cut short is set aside, and the one before it is
taken.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydantic import JsonValue
from typing_extensions import Unpack

from cmtmed.artifacts import RUN_FILE
from cmtmed.errors import OutputError
from cmtmed.training.run.checkpoints import find_damage, list_checkpoints
from cmtmed.training.run.fingerprint import fingerprint_value, resolve_paths
from cmtmed.training.run.metrics import METRICS_FILE, MetricsRow, read_metrics
from cmtmed.training.run.processes import is_main_process
from cmtmed.training.run.provenance import is_same_origin, read_origin
from cmtmed.training.run.record import RunRecord, RunResults
from cmtmed.training.run.settings import Settings
from cmtmed.training.run.sources import describe_sources

log = logging.getLogger("cmtmed.training")

_LIBRARIES: Final = ("cmtmed", "torch", "transformers", "trl", "peft", "accelerate", "datasets")


@dataclass(frozen=True)
class Run:
    """A training run, finished or interrupted.

    Attributes:
        root: its directory.
        record: what ``run.json`` holds.
    """

    root: Path
    record: RunRecord

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open the directory of a run.

        Raises:
            UsageError: it is none.
            DatasetError: its ``run.json`` is damaged.
        """
        root = Path(path)
        return cls(root, RunRecord.read(root))

    @classmethod
    def start(cls, stage: str, settings: Settings, data: Mapping[str, object]) -> Run:
        """Create the directory of a run, or open the one that an interrupted call with the same settings left.

        Args:
            stage: which trainer asks.
            settings: of the run.
            data: what identifies the data, as plain JSON values.

        Raises:
            OutputError: the directory belongs to something else, or to a run with other settings or data; or it
                cannot be written.
            DatasetError: what the model says of its training is damaged.
        """
        root = settings.out
        record = _describe_request(stage, settings, data)
        if (root / RUN_FILE).exists():
            previous = cls.open(root)
            if previous.record.fingerprint == record.fingerprint:
                return _resume(previous, settings)
            # A call that failed before its first step has left nothing worth keeping.
            if previous.is_finished or previous.has_started:
                differing = _name_differences(previous.record, record)
                raise OutputError(
                    f"{str(root)!r} holds a run with other settings ({differing}); choose another out=, or delete it"
                )
        elif root.exists() and not root.is_dir():
            raise OutputError(f"{str(root)!r} is a file; choose another out=")
        elif is_main_process() and root.exists() and any(root.iterdir()):
            raise OutputError(f"{str(root)!r} is not empty and holds no run; choose another out=")
        if is_main_process():
            record = _add_inputs(record, settings)
            try:
                root.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"cannot write the run {str(root)!r}: {error.strerror}") from error
            record.write(root)
        return cls(root, record)

    @property
    def stage(self) -> str:
        """``pretrain``, ``sft``, ``reward`` or ``ppo``."""
        return self.record.stage

    @property
    def settings(self) -> Mapping[str, JsonValue]:
        """What the run was asked for."""
        return self.record.settings

    @property
    def is_finished(self) -> bool:
        """Whether its weights are written."""
        return self.record.finished

    @property
    def has_started(self) -> bool:
        """Whether anything was trained."""
        return self.checkpoint_dir.exists() or (self.root / METRICS_FILE).exists()

    @property
    def parent(self) -> str:
        """The model or run that this one was built on, wherever the command is given from."""
        relocated = self.root / self.record.below if self.record.below else None
        return str(relocated if relocated is not None and relocated.is_dir() else self.record.model)

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints are written."""
        return self.root / "checkpoints"

    @property
    def weights_dir(self) -> Path:
        """Where the final weights are: all of them, or the adapter."""
        return self.record.weights_dir(self.root)

    @property
    def checkpoints(self) -> Sequence[Path]:
        """The complete checkpoints, oldest first."""
        return [path for path in list_checkpoints(self.checkpoint_dir) if find_damage(path) is None]

    @property
    def metrics(self) -> Sequence[MetricsRow]:
        """What was logged so far, a row for each step."""
        return read_metrics(self.root)

    def find_checkpoint(self) -> Path | None:
        """Return the newest complete checkpoint; those cut short are set aside, and logged."""
        for path in reversed(list_checkpoints(self.checkpoint_dir)):
            damage = find_damage(path)
            if damage is None:
                log.info("%s: resuming from %s", self.root, path.name)
                return path
            log.warning("%s is set aside: %s", path.name, damage)
            if is_main_process():
                shutil.rmtree(self.checkpoint_dir / f"cut-{path.name}", ignore_errors=True)
                path.rename(self.checkpoint_dir / f"cut-{path.name}")
        return None

    def add_results(self, *, adapter: bool, **results: Unpack[RunResults]) -> Run:
        """Return the run with what came out of it; nothing is written yet.

        Args:
            adapter: whether an adapter was trained.
            results: for ``run.json``.
        """
        return Run(self.root, self.record.model_copy(update={"adapter": adapter, **results}))

    def finish(self) -> Run:
        """Write down that the weights are complete, and return the finished run.

        Raises:
            BuildError: it cannot be written.
        """
        record = self.record.model_copy(update={"finished": True})
        if is_main_process():
            record.write(self.root)
        return Run(self.root, record)


def is_run(path: Path | str) -> bool:
    """Whether a directory is a run."""
    return (Path(path) / RUN_FILE).is_file()


def _resume(run: Run, settings: Settings) -> Run:
    """Return an interrupted run as it goes on, if what it learns from and begins with are still the same."""
    if run.is_finished or not is_main_process():
        return run
    current = _add_inputs(run.record, settings)
    if not run.has_started:
        current.write(run.root)
        return Run(run.root, current)
    for recorded, present in ((run.record.sources, current.sources), (run.record.origin, current.origin)):
        if recorded is not None and not is_same_origin(recorded, present):
            raise OutputError(
                f"{str(run.root)!r} was started with data or a model that have been replaced since; choose another "
                "out=, or delete it"
            )
    return run


def _describe_request(stage: str, settings: Settings, data: Mapping[str, object]) -> RunRecord:
    request = {"stage": stage, "settings": settings.describe(), "data": dict(data)}
    model = settings.model
    return RunRecord.model_validate(
        {
            "format": 1,
            **request,
            "fingerprint": fingerprint_value(resolve_paths(request)),
            "below": os.path.relpath(model, settings.out) if Path(model).is_dir() else None,
            "versions": {name: version(name) for name in _LIBRARIES},
            "finished": False,
        }
    )


def _add_inputs(record: RunRecord, settings: Settings) -> RunRecord:
    """Add what the run learns from and begins with, as both are now; neither decides whether it is the same run."""
    return record.model_copy(update={"sources": describe_sources(settings), "origin": read_origin(settings.model)})


def _name_differences(previous: RunRecord, requested: RunRecord) -> str:
    """Name up to three settings that differ, without their values, which could be long."""
    if previous.stage != requested.stage:
        return "stage"
    if previous.data != requested.data:
        return "data"
    old, new = previous.settings, requested.settings
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return ", ".join(names[:3]) or "versions"
