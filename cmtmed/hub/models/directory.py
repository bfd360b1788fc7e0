"""A run or a model on disk, read by its files: ``run.json`` of the run, ``training.json`` beside the weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError, UsageError

TRAINING: Final = "training.json"
_RUN: Final = "run.json"
_HELD: Final = {"kind": str, "adapter": bool, "base": str, "stages": list, "files": dict}
_OF_A_STAGE: Final = {
    "stage": str, "fingerprint": str, "settings": dict, "sources": list, "results": dict, "versions": dict
}  # fmt: skip
_OF_A_FILE: Final = {"bytes": int, "sha256": str}


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


def open_directory(out: Path) -> Directory:
    """Read a run, or a model that a run was merged into.

    Raises:
        UsageError: the run is not finished, or nothing tells what the model was trained on.
        DatasetError: its files are damaged.
    """
    weights, places = out, tuple[Path, ...]()
    if (out / _RUN).is_file():
        content = _object(out / _RUN)
        if not content.get("finished"):
            raise UsageError(
                f"the run {str(out)!r} is not finished; run its command again, it goes on where it stopped"
            )
        weights = out / ("adapter" if content.get("adapter") else "model")
        places = _places(out, content)
    if not (weights / TRAINING).is_file():
        way_out = (
            f"cmtmed train merge {out} --out MODEL writes it anew, and MODEL can be published"
            if (out / _RUN).is_file()
            else "give the run, or the directory that cmtmed train merge wrote"
        )
        raise UsageError(f"nothing tells what {str(out)!r} was trained on: it has no {TRAINING}; {way_out}")
    return Directory(
        out,
        weights,
        _training(weights / TRAINING),
        places,
        tuple(sorted([*out.glob("training_*.png"), *out.glob("eval_*.png")])),
    )


def _training(path: Path) -> dict[str, Any]:
    content = _object(path)
    if content.get("format") != "cmtmed.training" or content.get("version") != 1:
        raise DatasetError(
            f"{str(path)!r} has version {content.get('version')!r} of {content.get('format')!r}, this cmtmed reads "
            "version 1 of 'cmtmed.training'; update cmtmed"
        )
    whole = _holds(content, _HELD) and content["stages"] and all(_holds(one, _OF_A_STAGE) for one in content["stages"])
    if not whole or not all(_holds(one, _OF_A_FILE) for one in content["files"].values()):
        raise DatasetError(f"{str(path)!r} is damaged; train again, or merge the run again")
    return content


def _places(root: Path, content: dict[str, Any]) -> tuple[Path, ...]:
    """Return where the sources of a run and of those below it were."""
    own = tuple(Path(one["path"]) for one in content.get("sources") or () if isinstance(one.get("path"), str))
    below = root / content["below"] if isinstance(content.get("below"), str) else None
    if below is None or not (below / _RUN).is_file() or below.resolve() == root.resolve():
        return own
    return (*_places(below, _object(below / _RUN)), *own)


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise DatasetError(f"{str(path)!r} is damaged; train again into another out")
    return content


def _holds(content: Any, held: Mapping[str, type]) -> bool:
    return isinstance(content, dict) and all(isinstance(content.get(name), kind) for name, kind in held.items())
