"""The directory that a build is written to, and the one in which it grows: what they may be, and must not hold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cmtmed.artifacts import MANIFEST_FILE, MANIFEST_FORMAT, WORKSPACE_FILE, WORKSPACE_FORMAT, read_json
from cmtmed.engine.lock import HOLDER_FILE, LOCK_FILE
from cmtmed.errors import OutputError

OWN_FILES: Final = frozenset({WORKSPACE_FILE, HOLDER_FILE, LOCK_FILE})
"""Files that belong to a workspace, not to the build that grows in it."""


def resolve_target(out: str | Path) -> Path:
    """Return the directory that a build is written to, with links followed.

    Raises:
        OutputError: the links lead in a circle, or the path has no name that a directory could be renamed to.
    """
    try:
        target = Path(os.path.realpath(out, strict=False))
        is_circular = target.is_symlink()
    except (OSError, ValueError, RuntimeError):
        is_circular = True
    if is_circular:
        raise OutputError(f"{str(out)!r} is a link that leads nowhere; choose another --out")
    if not target.name or os.path.ismount(target):
        # A mount point cannot be renamed, which would only show at the end of the build.
        raise OutputError(f"{str(out)!r} is the root of a file system; choose a directory in it, such as {out}/build")
    return target


def check_target(target: Path, pipeline: str) -> None:
    """Refuse to overwrite anything but an earlier build of the same pipeline.

    Raises:
        OutputError: the target is a file, or a directory with other content.
    """
    try:
        if not target.exists():
            return
        if not target.is_dir():
            raise OutputError(f"{str(target)!r} is a file; pass a directory as --out")
        if not any(target.iterdir()):
            return
        content = read_json(target / MANIFEST_FILE)
    except PermissionError:
        raise OutputError(f"{str(target)!r} cannot be read: permission denied; choose another --out") from None
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or content.get("format") != MANIFEST_FORMAT:
        raise OutputError(f"{str(target)!r} is neither empty nor a build of cmtmed; choose another --out or empty it")
    record = content.get("pipeline")
    name = record.get("name") if isinstance(record, dict) else None
    if name != pipeline:
        raise OutputError(
            f"{str(target)!r} holds a build of pipeline {name!r}, not of {pipeline!r}; choose another --out"
        )


def check_inputs_apart(files: Sequence[Path], target: Path) -> None:
    """Refuse to read files that the build would delete: those in the target or in its workspace.

    Raises:
        OutputError: an input is in one of them.
    """
    folders = (target, locate_workspace(target))
    for file in files:
        resolved = Path(os.path.realpath(file))
        for folder in folders:
            if resolved.is_relative_to(folder):
                raise OutputError(
                    f"input {str(file)!r} is in {str(folder)!r}, which the build replaces; move it out, or choose "
                    "another --out"
                )


def locate_workspace(target: Path) -> Path:
    """Return the workspace of a target directory without links."""
    return target.parent / f".{target.name}.building"


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def check_workspace(root: Path, pipeline: str) -> None:
    """Refuse to touch a directory with the name of a workspace that is none, or that belongs to another pipeline.

    Raises:
        OutputError: it holds something else.
    """
    if not root.exists() and not root.is_symlink():
        return
    try:
        entries = {path.name for path in root.iterdir()} if root.is_dir() and not root.is_symlink() else None
        content = read_json(root / WORKSPACE_FILE) if entries and WORKSPACE_FILE in entries else None
    except PermissionError:
        raise OutputError(f"{str(root)!r} cannot be read: permission denied; choose another --out") from None
    except (OSError, ValueError):
        content = None
    is_bare = entries is not None and all(name in OWN_FILES or name.endswith(".partial") for name in entries)
    if is_bare and content is None and not _has_content(root / WORKSPACE_FILE):
        # What a kill at the very beginning or end leaves.
        return
    if isinstance(content, dict) and content.get("format") == WORKSPACE_FORMAT:
        if content.get("pipeline") != pipeline:
            raise OutputError(
                f"{str(root)!r} holds the unfinished build of pipeline {content.get('pipeline')!r}, not of "
                f"{pipeline!r}; finish that build, delete this directory, or choose another --out"
            )
        return
    raise OutputError(
        f"{str(root)!r}, where the build would grow, holds something else; move it away, or choose another --out"
    )
