"""Open the tables of a finished build as ``datasets`` objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmtmed.builds.build import Build
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.views.dataset import open_dataset

if TYPE_CHECKING:
    from datasets import DatasetDict


def load(out: str | Path, view: str = "sft", *, verify: bool = False) -> DatasetDict:
    """Open one table of a finished build, memory-mapped.

    The files are validated, so that no damaged byte can end the process later; that reads each of them once.

    Args:
        out: directory of a build.
        view: ``sft``, ``pretrain``, ``prompts``, or ``dialogues`` for the full table.
        verify: also compare the checksums of all tables with those that the build recorded.

    Returns:
        One dataset per split.

    Raises:
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        UsageError: the build has no such view.
    """
    build = Build.open(out)
    views = build.manifest.views
    if view not in views:
        raise UsageError(f"{str(out)!r} has no view {view!r}; {did_you_mean(view, views)}")
    build.check_files(verify=verify)
    return open_dataset(Path(out) / view)
