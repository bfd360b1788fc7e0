"""Directories that cmtmed wrote: builds, unfinished builds, training runs, models. What is in them is no crawl."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from cmtmed.artifacts import (
    MANIFEST_FILE,
    MANIFEST_FORMAT,
    RUN_FILE,
    TRAINING_FILE,
    TRAINING_FORMAT,
    WORKSPACE_FILE,
    WORKSPACE_FORMAT,
    read_json,
)

_FORMATS: Final = {MANIFEST_FILE: MANIFEST_FORMAT, WORKSPACE_FILE: WORKSPACE_FORMAT, TRAINING_FILE: TRAINING_FORMAT}
_RUN_FIELDS: Final = frozenset({"stage", "finished", "fingerprint"})
_MAX_BYTES: Final = 2**26
"""A larger file of such a name is no file of ours, but part of a crawl."""


def is_output(folder: Path) -> bool:
    """Return whether cmtmed wrote a directory, by the file that makes it a build, a workspace, a run or a model."""
    for name, file_format in _FORMATS.items():
        content = _read_fields(folder / name)
        if content is not None and content.get("format") == file_format:
            return True
    run = _read_fields(folder / RUN_FILE)
    return run is not None and run.keys() >= _RUN_FIELDS


def iter_crawl_files(files: Iterable[Path], base: Path) -> Iterator[Path]:
    """Yield the files that are in no directory below the base that cmtmed wrote.

    Args:
        files: files below the base.
        base: the directory that was asked for, whatever it is.
    """

    @cache
    def is_in_output(folder: Path) -> bool:
        return folder not in {base, folder.parent} and (is_output(folder) or is_in_output(folder.parent))

    for file in files:
        if not is_in_output(file.parent):
            yield file


def _read_fields(path: Path) -> dict[str, object] | None:
    try:
        content = read_json(path) if path.is_file() and path.stat().st_size <= _MAX_BYTES else None
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
