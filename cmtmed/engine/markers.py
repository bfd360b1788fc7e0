"""Markers of complete tasks: files whose presence says that a task need not run again, and what it reported."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel

from cmtmed.artifacts import read_json, write_json
from cmtmed.stats import ReadingStats, StageStats, TableStats


class Marker(BaseModel):
    """A file whose presence says that a task is complete, and what the task reports."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the marker of a complete task.

        Raises:
            FileNotFoundError: the task is not complete.
        """
        return cls.model_validate(read_json(path))

    def write(self, path: Path, *, sync: bool) -> None:
        """Mark a task as complete.

        Args:
            path: the marker.
            sync: whether it is on the disk before it has its name. What it vouches for has to be there before.
        """
        write_json(path, self.model_dump(mode="json"), sync=sync, private=True)


class ReadMarker(Marker):
    """What `read_files` reports.

    Attributes:
        shards: number of shard files.
        quarantine: number of quarantine files.
        stats: statistics of the dialogues.
        reading: what was left out of them.
        seconds: elapsed time.
    """

    shards: int
    quarantine: int
    stats: TableStats
    reading: ReadingStats
    seconds: float


class SegmentMarker(Marker):
    """What `run_segment` reports.

    Attributes:
        stages: statistics of each stage of the segment.
        sketch_seconds: processor seconds of the sketch.
    """

    stages: list[StageStats]
    sketch_seconds: float
