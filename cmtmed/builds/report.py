"""The report of a build: counts per stage and in total, and elapsed times."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cmtmed.artifacts import REPORT_FILE, explain_unreadable, read_json, write_json
from cmtmed.builds.manifest import CharacterCounts, Count, RecordCounts, validate_artifact
from cmtmed.builds.warnings import BuildWarning
from cmtmed.errors import DatasetError
from cmtmed.stats import LENGTH_BINS, TURN_BINS, ReadingStats, StageStats, TableStats


class BuildReport(BaseModel):
    """What a build did, stage by stage, and how long it took. Holds counts, never text.

    The result of `cmtmed.build`, and what ``report.json`` holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, title="cmtmed report, version 1")

    pipeline: str = Field(description="Name of the pipeline.")
    out: Path = Field(description="Directory that the build was written to.")
    counts: RecordCounts
    characters: CharacterCounts | None = Field(
        default=None, description="Characters by outcome; absent from builds of earlier releases."
    )
    reading: ReadingStats = Field(default=ReadingStats(), description="What the readers left out, and why.")
    stages: tuple[StageStats, ...] = Field(description="What each stage did, in order.")
    drops: dict[str, Count] = Field(description="Dropped dialogues by reason.")
    quarantine: dict[str, Count] = Field(description="Quarantined records by reason.")
    before: TableStats = Field(description="The crawl as it was read.")
    after: TableStats = Field(description="The dialogues that were kept.")
    rows: dict[str, dict[str, Count]] = Field(description="Rows by split, for each table written.")
    seconds: dict[str, float] = Field(description="Elapsed time by phase: read, stages, emit, total.")
    warnings: tuple[BuildWarning, ...] = Field(default=(), description="What the user should look at.")

    @field_validator("before", "after")
    @classmethod
    def _check_keys(cls, stats: TableStats) -> TableStats:
        """Refuse figures by index or by bin whose names are none."""
        by_index = {key.partition(" ")[0] for key in (*stats.doctor_turns, *stats.asking_turns, *stats.asking_slots)}
        lengths = {*stats.dialogue_characters, *stats.patient_characters, *stats.doctor_characters}
        if not all(key.isascii() and key.isdecimal() and len(key) < 10 for key in by_index):
            raise ValueError("a doctor's turn has no number")
        if not lengths <= {*map(str, LENGTH_BINS)} or not {*stats.dialogue_turns} <= {*map(str, TURN_BINS)}:
            raise ValueError("a length lies in no bin")
        return stats

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {
            "pipeline": self.pipeline,
            "out": self.out.as_posix(),
            "counts": dict(self.counts),
            "characters": dict(self.characters) if self.characters else None,
            "reading": self.reading.to_dict(),
            "stages": [stage.to_dict() for stage in self.stages],
            "drops": dict(sorted(self.drops.items())),
            "quarantine": dict(sorted(self.quarantine.items())),
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "rows": {name: dict(splits) for name, splits in sorted(self.rows.items())},
            "seconds": {phase: round(elapsed, 3) for phase, elapsed in self.seconds.items()},
            "warnings": [warning.model_dump() for warning in self.warnings],
        }

    def write(self, folder: Path) -> None:
        """Write ``report.json``."""
        write_json(folder / REPORT_FILE, self.to_dict())

    @classmethod
    def read(cls, folder: Path) -> BuildReport:
        """Read the report of a finished build.

        Raises:
            DatasetError: the folder contains no readable report.
        """
        path = folder / REPORT_FILE
        try:
            content = read_json(path)
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"{str(path)!r} cannot be read: {explain_unreadable(error)}; run cmtmed build again"
            ) from None
        return validate_artifact(cls, content, path)
