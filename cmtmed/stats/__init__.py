"""Additive statistics: ``StageStats + StageStats`` and ``TableStats + TableStats``.

Workers count their own shard and the engine adds up the results, so no figure needs a second pass. Statistics contain
only counts, never text or identifiers.
"""

from cmtmed.stats.counts import add_counts
from cmtmed.stats.reading import FieldCount, ReadingStats
from cmtmed.stats.stage import StageStats, StageStatsContent
from cmtmed.stats.table import LENGTH_BINS, MIN_DEPARTMENT_DIALOGUES, TURN_BINS, TableStats

__all__ = [
    "LENGTH_BINS",
    "MIN_DEPARTMENT_DIALOGUES",
    "TURN_BINS",
    "FieldCount",
    "ReadingStats",
    "StageStats",
    "StageStatsContent",
    "TableStats",
    "add_counts",
]
