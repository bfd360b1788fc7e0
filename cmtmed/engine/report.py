"""What a build did: counts that add up, per stage and in all, and how long it took."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError
from cmtmed.io.manifest import write_json
from cmtmed.stats import StageStats, TableStats

FILE: Final = "report.json"
_HELD: Final = ("counts", "stages", "drops", "quarantine", "before", "after", "rows")


@dataclass(frozen=True)
class BuildReport:
    """The result of `cmtmed.build`.

    Attributes:
        pipeline: its name.
        out: the directory that holds the build.
        counts: ``read = kept + dropped + quarantined``, in records.
        stages: what each stage did, in order.
        drops: dropped dialogues by reason.
        quarantine: quarantined records by reason.
        before: the crawl as it was read.
        after: the dialogues that were kept.
        rows: rows by split, for each table written.
        seconds: elapsed time by phase (``read``, ``stages``, ``emit``, ``total``).
    """

    pipeline: str
    out: Path
    counts: Mapping[str, int]
    stages: tuple[StageStats, ...]
    drops: Mapping[str, int]
    quarantine: Mapping[str, int]
    before: TableStats
    after: TableStats
    rows: Mapping[str, Mapping[str, int]]
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "pipeline": self.pipeline,
            "out": self.out.as_posix(),
            "counts": dict(self.counts),
            "stages": [stage.to_dict() for stage in self.stages],
            "drops": dict(sorted(self.drops.items())),
            "quarantine": dict(sorted(self.quarantine.items())),
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "rows": {name: dict(rows) for name, rows in sorted(self.rows.items())},
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }

    def write(self, folder: Path) -> None:
        """Write ``report.json``."""
        write_json(folder / FILE, self.to_dict())


def read_report(folder: Path) -> dict[str, Any]:
    """Read the report of a finished build.

    Raises:
        DatasetError: the folder holds no readable report.
    """
    try:
        content: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{str(folder / FILE)!r} cannot be read ({type(error).__name__}); give the directory of a build"
        ) from None
    missing = [name for name in _HELD if not isinstance(content, dict) or name not in content]
    if missing:
        raise DatasetError(f"{str(folder / FILE)!r} is damaged: it lacks {', '.join(missing)}; run cmtmed build again")
    return content
