"""The hidden directory next to the target in which a build grows until it is complete.

Every file is written under a temporary name and renamed when complete, so that a file that exists is complete. A build
that was killed recognizes its workspace by the plan stored in it and resumes after the last complete file; a workspace
with another plan is deleted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.artifacts import MANIFEST_FILE, MANIFEST_FORMAT, read_json, replace_atomically, write_json
from cmtmed.errors import OutputError

_PLAN: Final = "plan.json"
_TEMPORARY: Final = "tmp"


class Workspace:
    """The unfinished build of one target directory.

    Args:
        target: directory of the finished build.
    """

    def __init__(self, target: Path) -> None:
        self.target = target.absolute()
        self.root = self.target.parent / f".{self.target.name}.building"
        self.result = self.root / "result"

    def open(self, plan: Mapping[str, object]) -> bool:
        """Create the workspace, or resume the one left by an interrupted build with the same plan.

        Returns:
            Whether an interrupted build is being resumed.

        Raises:
            OutputError: the parent directory of the target cannot be written to.
        """
        plan_file = self.root / _PLAN
        try:
            resumed = plan_file.is_file() and read_json(plan_file) == plan
        except (OSError, ValueError):
            resumed = False
        try:
            if not resumed:
                if self.root.exists():
                    shutil.rmtree(self.root)
                self.root.mkdir(parents=True)
                write_json(plan_file, plan)
            # Emission is cheap, so an interrupted one starts over.
            shutil.rmtree(self.result, ignore_errors=True)
        except OSError as error:
            raise OutputError(
                f"cannot write next to {str(self.target)!r}: {error.strerror}; choose another --out"
            ) from None
        return resumed

    def folder(self, name: str) -> Path:
        """Return a folder of the workspace, created if necessary."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def discard(self, name: str) -> None:
        """Delete a folder that is no longer needed."""
        shutil.rmtree(self.root / name, ignore_errors=True)

    @contextmanager
    def hold_temporary_files(self) -> Iterator[Path]:
        """Keep the temporary files of this process in a folder of the workspace while the block runs.

        What a killed build leaves of them goes with the workspace, and patients' text never lies elsewhere.
        """
        self.discard(_TEMPORARY)
        folder, earlier = self.folder(_TEMPORARY), tempfile.tempdir
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = earlier
            self.discard(_TEMPORARY)

    def publish(self) -> None:
        """Move the finished result to the target and delete the workspace.

        Two renames: anyone who opens the target sees the old build, nothing, or the new build, never a mixture.
        """
        old = self.root / "replaced"
        shutil.rmtree(old, ignore_errors=True)
        if self.target.exists():
            self.target.rename(old)
        self.result.rename(self.target)
        shutil.rmtree(self.root)


def check_target(target: Path, pipeline: str) -> None:
    """Refuse to overwrite anything but an earlier build of the same pipeline.

    Raises:
        OutputError: the target is a file, or a directory with other content.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{str(target)!r} is a file; pass a directory as --out")
    try:
        if not any(target.iterdir()):
            return
        content = read_json(target / MANIFEST_FILE)
    except PermissionError:
        raise OutputError(f"{str(target)!r} cannot be read: permission denied; choose another --out") from None
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or content.get("format") != MANIFEST_FORMAT:
        raise OutputError(f"{str(target)!r} is neither empty nor a build of cmtmed; choose another --out or empty it")
    name = content.get("pipeline", {}).get("name")
    if name != pipeline:
        raise OutputError(
            f"{str(target)!r} holds a build of pipeline {name!r}, not of {pipeline!r}; choose another --out"
        )


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write an Arrow file atomically."""
    with replace_atomically(path) as partial:
        table.write_ipc(partial, compression="uncompressed")


def read_table(path: Path) -> pl.DataFrame:
    """Read an Arrow file written by `write_table`."""
    return pl.read_ipc(path)
