"""A run or a model on disk, read by its files: ``run.json`` of the run, ``training.json`` beside the weights."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError, UsageError
from cmtmed.hub.model.training_record import FORMAT, VERSION, damage

TRAINING: Final = "training.json"
_RUN: Final = "run.json"
_CURVE: Final = re.compile(r"(?:training|eval)_[a-z_]+\.png")


@dataclass(frozen=True)
class Directory:
    """A finished run, or a model that a run was merged into.

    Attributes:
        root: the directory that was given.
        weights: where the model is.
        training: what ``training.json`` holds: stages, their sources, files with checksums.
        places: where the sources of all stages were, as far as is known.
        curves: pictures of the last stage's training.
    """

    root: Path
    weights: Path
    training: dict[str, Any]
    places: tuple[Path, ...]
    curves: tuple[Path, ...]


def is_model(out: Path) -> bool:
    """Say whether a directory is a run or a model, and no build."""
    names = (_RUN, TRAINING, "config.json", "adapter_config.json")
    return not (out / "manifest.json").is_file() and any((out / name).is_file() for name in names)


def is_file(path: Path) -> bool:
    """Say whether a file is there; what cannot be the name of one is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def open_directory(out: Path) -> Directory:
    """Read a run, or a model that a run was merged into.

    Raises:
        UsageError: the run is not finished, or nothing tells what the model was trained on.
        DatasetError: its files are damaged.
    """
    weights, places = out, tuple[Path, ...]()
    run = (out / _RUN).is_file()
    if run:
        content = _object(out / _RUN)
        if not content.get("finished"):
            raise UsageError(
                f"the run {str(out)!r} is not finished; run its command again, it goes on where it stopped"
            )
        weights = out / ("adapter" if content.get("adapter") else "model")
        if not weights.is_dir():
            raise DatasetError(f"the run {str(out)!r} has lost its weights; train again into another out")
        places = tuple(_places(out, set()))
    if not (weights / TRAINING).is_file():
        way_out = (
            f"an earlier cmtmed trained it: cmtmed train merge {out} --out MODEL, and publish MODEL"
            if run
            else "give the run, or the directory that cmtmed train merge wrote"
        )
        raise UsageError(f"nothing tells what {str(out)!r} was trained on: it has no {TRAINING}; {way_out}")
    curves = sorted(
        path for path in out.glob("*.png") if _CURVE.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    )
    return Directory(out, weights, _training(weights / TRAINING), places, tuple(curves))


def _training(path: Path) -> dict[str, Any]:
    content = _object(path)
    if content.get("format") == FORMAT and content.get("version") != VERSION:
        raise DatasetError(
            f"{str(path)!r} has version {content.get('version')!r}, this cmtmed reads {VERSION}; update cmtmed"
        )
    place = damage(content)
    if place is not None:
        raise DatasetError(f"{str(path)!r} is damaged ({place[:100]}); train again, or merge the run again")
    return content


def _places(root: Path, seen: set[Path]) -> list[Path]:
    """Return where the sources of a run and of those below it were."""
    path = (root / _RUN).resolve()
    if path in seen:
        return []
    content = _object(path)
    told = content.get("sources")
    own = [
        Path(one["path"])
        for one in (told if isinstance(told, list) else ())
        if isinstance(one, dict) and isinstance(one.get("path"), str)
    ]
    below = content.get("below")
    if not isinstance(below, str) or not is_file(root / below / _RUN):
        return own
    return [*_places(root / below, seen | {path}), *own]


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise DatasetError(f"{str(path)!r} is damaged; train again into another out")
    return content
