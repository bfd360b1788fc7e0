"""Checkpoints of a run: sealed when they are complete, and checked before they are resumed.

A checkpoint counts when ``complete.json``, written last, names every file with its size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cmtmed.artifacts import read_json, write_json
from cmtmed.errors import BuildError

COMPLETE_FILE: Final = "complete.json"


def seal_checkpoint(checkpoint: Path) -> None:
    """Mark a checkpoint as complete, after everything else of it is written.

    Raises:
        BuildError: the marker cannot be written.
    """
    sizes = {
        str(file.relative_to(checkpoint)): file.stat().st_size
        for file in sorted(checkpoint.rglob("*"))
        if file.is_file() and file.name != COMPLETE_FILE
    }
    path = checkpoint / COMPLETE_FILE
    try:
        write_json(path, sizes, sort_keys=True)
    except OSError as error:
        raise BuildError(
            f"cannot write {str(path)!r}: {error.strerror}; free some disk space and run the same command"
        ) from error


def find_damage(checkpoint: Path) -> str | None:
    """Return what is wrong with a checkpoint; None if nothing is."""
    try:
        sizes = read_json(checkpoint / COMPLETE_FILE)
    except FileNotFoundError:
        return "it was interrupted while being written"
    except (OSError, ValueError):
        return f"its {COMPLETE_FILE} is damaged"
    for name, size in sizes.items():
        file = checkpoint / name
        if not file.is_file():
            return f"{name} is missing"
        if file.stat().st_size != size:
            return f"{name} has {file.stat().st_size} bytes instead of {size}"
    return None


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder, complete or not, oldest first."""
    return sorted(folder.glob("checkpoint-*"), key=checkpoint_step)


def checkpoint_step(checkpoint: Path | None) -> int:
    """Return the step that a checkpoint was written at: 0 for None, -1 for a name without a number."""
    if checkpoint is None:
        return 0
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1
