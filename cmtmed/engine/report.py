"""The report of a finished build as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cmtmed.builds.report import BuildReport


def read_report(folder: Path) -> dict[str, Any]:
    """Read the report of a finished build as plain JSON values; `cmtmed.Build.report` gives it typed.

    Raises:
        DatasetError: the folder holds no readable report.
    """
    return BuildReport.read(folder).to_dict()
