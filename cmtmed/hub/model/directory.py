"""A training run or a model on disk: ``run.json`` of the run, ``training.json`` beside the weights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed.artifacts import MANIFEST_FILE, RUN_FILE, TRAINING_FILE
from cmtmed.errors import DatasetError, UsageError
from cmtmed.models.record import TrainingRecord, read_record, read_training_record

_CURVE_NAME: Final = re.compile(r"(?:training|eval)_[a-z_]+\.png")


@dataclass(frozen=True)
class ModelDirectory:
    """A finished run, or the model that a run was merged into.

    Attributes:
        root: the directory as given.
        weights: the directory of the model files.
        training: content of ``training.json``: stages, their sources, files with checksums.
        source_paths: where the sources of all stages were, as far as recorded.
        curves: charts of the last stage's training.
    """

    root: Path
    weights: Path
    training: TrainingRecord
    source_paths: tuple[Path, ...]
    curves: tuple[Path, ...]


def is_model(out: Path) -> bool:
    """Return whether a directory is a run or a model rather than a build."""
    names = (RUN_FILE, TRAINING_FILE, "config.json", "adapter_config.json")
    return not (out / MANIFEST_FILE).is_file() and any((out / name).is_file() for name in names)


def file_exists(path: Path) -> bool:
    """Return whether a file exists; False for paths that are not valid file names."""
    try:
        return path.is_file()
    except OSError:
        return False


def open_directory(out: Path) -> ModelDirectory:
    """Read a run, or the model that a run was merged into.

    Raises:
        UsageError: the run is not finished, or nothing records what the model was trained on.
        DatasetError: its files are damaged.
    """
    weights, source_paths = out, tuple[Path, ...]()
    is_run = (out / RUN_FILE).is_file()
    if is_run:
        content = read_record(out / RUN_FILE)
        if not content.get("finished"):
            raise UsageError(f"the run {str(out)!r} is not finished; run its command again to resume it")
        weights = out / ("adapter" if content.get("adapter") else "model")
        if not weights.is_dir():
            raise DatasetError(f"the run {str(out)!r} has lost its weights; train again into another out")
        source_paths = tuple(_collect_source_paths(out, set()))
    if not (weights / TRAINING_FILE).is_file():
        advice = (
            f"an earlier cmtmed trained it: cmtmed train merge {out} --out MODEL, and publish MODEL"
            if is_run
            else "give the run, or the directory that cmtmed train merge wrote"
        )
        raise UsageError(f"nothing records what {str(out)!r} was trained on: it has no {TRAINING_FILE}; {advice}")
    curves = sorted(
        path
        for path in out.glob("*.png")
        if _CURVE_NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    )
    return ModelDirectory(out, weights, read_training_record(weights), source_paths, tuple(curves))


def _collect_source_paths(root: Path, visited: set[Path]) -> list[Path]:
    """Return where the sources of a run, and of the runs that it started from, were."""
    path = (root / RUN_FILE).resolve()
    if path in visited:
        return []
    content = read_record(path)
    sources = content.get("sources")
    paths = [
        Path(source["path"])
        for source in (sources if isinstance(sources, list) else ())
        if isinstance(source, dict) and isinstance(source.get("path"), str)
    ]
    base_run = content.get("below")
    if not isinstance(base_run, str) or not file_exists(root / base_run / RUN_FILE):
        return paths
    return [*_collect_source_paths(root / base_run, visited | {path}), *paths]
