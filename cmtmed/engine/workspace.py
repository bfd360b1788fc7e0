"""The hidden directory beside the target in which a build grows until it is whole.

Everything lands here under a temporary name and is renamed when complete, so that the presence of a file means
that the file is whole. A build that was killed finds its own workspace again by the plan written into it, and
goes on after the last whole file; a workspace with another plan is thrown away.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from cmtmed.artifacts import MANIFEST_FILE, MANIFEST_FORMAT, read_json, replace_atomically, write_json
from cmtmed.errors import OutputError

_PLAN: Final = "plan.json"


class Workspace:
    """The growing build of one target directory.

    Args:
        target: where the finished build will stand.
    """

    def __init__(self, target: Path) -> None:
        self.target = target.absolute()
        self.root = self.target.parent / f".{self.target.name}.building"
        self.result = self.root / "result"

    def open(self, plan: Mapping[str, Any]) -> bool:
        """Create the workspace, or take up the one that an interrupted build with the same plan left.

        Returns:
            Whether an interrupted build is being resumed.

        Raises:
            OutputError: the directory that should hold the target cannot be written to.
        """
        known = self.root / _PLAN
        try:
            resumed = known.is_file() and json.loads(known.read_text(encoding="utf-8")) == plan
        except (OSError, ValueError):
            resumed = False
        try:
            if not resumed:
                if self.root.exists():
                    shutil.rmtree(self.root)
                self.root.mkdir(parents=True)
                write_json(known, plan)
            # What was being emitted when a build died is cheap to emit again.
            shutil.rmtree(self.result, ignore_errors=True)
        except OSError as error:
            raise OutputError(
                f"cannot write beside {str(self.target)!r}: {error.strerror}; choose another --out"
            ) from None
        return resumed

    def folder(self, name: str) -> Path:
        """Return a folder inside the workspace, made if need be."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def discard(self, name: str) -> None:
        """Remove a folder whose content is not needed any more."""
        shutil.rmtree(self.root / name, ignore_errors=True)

    def publish(self) -> None:
        """Move the finished result to the target, and the workspace out of the way.

        Two renames: whoever opens the target sees the old build, nothing, or the new build, never a mixture.
        """
        old = self.root / "replaced"
        shutil.rmtree(old, ignore_errors=True)
        if self.target.exists():
            self.target.rename(old)
        self.result.rename(self.target)
        shutil.rmtree(self.root)


def check_target(target: Path, pipeline: str) -> None:
    """Refuse to write over anything but an earlier result of the same pipeline.

    Raises:
        OutputError: the target is a file, or a directory that holds something else.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{str(target)!r} is a file; give a directory for --out")
    try:
        if not any(target.iterdir()):
            return
        content = json.loads((target / MANIFEST_FILE).read_text(encoding="utf-8"))
    except PermissionError:
        raise OutputError(f"{str(target)!r} cannot be read: permission denied; choose another --out") from None
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or content.get("format") != MANIFEST_FORMAT:
        raise OutputError(f"{str(target)!r} is not empty and no build of cmtmed; choose another --out or empty it")
    found = content.get("pipeline", {}).get("name")
    if found != pipeline:
        raise OutputError(
            f"{str(target)!r} holds a build of pipeline {found!r}, not of {pipeline!r}; choose another --out"
        )


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write an Arrow file that is either whole or not there."""
    with replace_atomically(path) as partial:
        table.write_ipc(partial, compression="uncompressed")


def read_table(path: Path) -> pl.DataFrame:
    """Read a table that `write_table` wrote."""
    return pl.read_ipc(path)


def write_marker(path: Path, content: object) -> None:
    """Write the JSON file whose presence says that a task is done."""
    write_json(path, content)


def read_marker(path: Path) -> Any:
    """Return what a task left when it was done, or None if it is not done."""
    try:
        return read_json(path)
    except FileNotFoundError:
        return None
