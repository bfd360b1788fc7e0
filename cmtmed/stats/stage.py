"""Statistics of a stage: what it edited, dropped and left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict

from cmtmed.stats.counts import add_counts


class StageStatsContent(TypedDict):
    """JSON form of `StageStats`."""

    stage: str
    rows: int
    edited: int
    dropped: dict[str, int]
    seconds: float
    left_out: dict[str, int]


@dataclass(frozen=True)
class StageStats:
    """Statistics of one stage.

    Attributes:
        stage: name of the stage.
        rows: dialogues processed.
        edited: dialogues changed but not dropped.
        dropped: dialogues dropped, by reason.
        seconds: processor seconds of all workers and threads together.
        left_out: characters that the stage took out of dialogues, by reason; ``edited`` is the balance of its other
            edits, negative if they added more than they removed. Dropped dialogues keep their text.
    """

    stage: str
    rows: int = 0
    edited: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    left_out: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: StageStats) -> StageStats:
        if self.stage != other.stage:
            raise ValueError(f"cannot add statistics of different stages: {self.stage!r} and {other.stage!r}")
        return StageStats(
            self.stage,
            self.rows + other.rows,
            self.edited + other.edited,
            self.dropped + other.dropped,
            self.seconds + other.seconds,
            add_counts(self.left_out, other.left_out),
        )

    def to_dict(self) -> StageStatsContent:
        """Return the statistics as JSON values."""
        return {
            "stage": self.stage,
            "rows": self.rows,
            "edited": self.edited,
            "dropped": dict(sorted(self.dropped.items())),
            "seconds": round(self.seconds, 3),
            "left_out": dict(sorted(self.left_out.items())),
        }
