"""Compare two builds or published versions: dialogues added, removed or edited, and the stages responsible.

Dialogues are matched by id, which is derived from source and record, so a crawl that grew or a pipeline with other
options gives the same ids to the same records. Texts are compared by hash; none is printed or stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.builds.build import DIALOGUES, DROPPED, Build
from cmtmed.builds.manifest import RecordCounts, StageOptions
from cmtmed.schema import empty_table

_STATS: Final = ("dialogues", "turns", "characters", "identifiers", "inquiries")


@dataclass(frozen=True)
class Side:
    """One of two builds or published versions.

    Attributes:
        name: the directory, or the repository and tag.
        stages: options of each stage by name, in pipeline order.
        counts: ``read``, ``kept``, ``dropped``, ``quarantined``.
        versions: versions of the libraries that it was built with.
        statistics: statistics of the kept dialogues: a number, or numbers by category.
        rows: the result of `summarize_rows`.
    """

    name: str
    stages: Mapping[str, StageOptions]
    counts: RecordCounts
    versions: Mapping[str, str]
    statistics: Mapping[str, int | Mapping[str, int]]
    rows: pl.LazyFrame


@dataclass(frozen=True)
class Comparison:
    """Two builds or versions side by side.

    Attributes:
        builds: names of the builds, the older first.
        counts: ``read``, ``kept``, ``dropped`` and ``quarantined`` of each build.
        stages: stages that only one build has or whose options differ: name to the options in each build, None if it
            lacks the stage.
        rows: number of dialogues per outcome; see `ROWS`.
        dropped: dialogues kept before and dropped now, by drop reason.
        regained: dialogues dropped before and kept now, by the former drop reason.
        edited: dialogues kept in both with different text, by stage that edited them in only one build; ``""`` counts
            those edited by the same stages in both.
        statistics: dialogues, turns, characters, identifiers and inquiries of the kept dialogues of each build.
        versions: libraries whose versions differ: name to both versions, None if a build does not record it.
    """

    builds: tuple[str, str]
    counts: tuple[RecordCounts, RecordCounts]
    stages: dict[str, tuple[StageOptions | None, StageOptions | None]]
    rows: dict[str, int]
    dropped: Counter[str]
    regained: Counter[str]
    edited: Counter[str]
    statistics: tuple[dict[str, int], dict[str, int]]
    versions: dict[str, tuple[str | None, str | None]]

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return {
            "builds": list(self.builds),
            "counts": list(self.counts),
            "stages": {name: list(pair) for name, pair in self.stages.items()},
            "rows": self.rows,
            "dropped": dict(sorted(self.dropped.items())),
            "regained": dict(sorted(self.regained.items())),
            "edited": dict(sorted(self.edited.items())),
            "statistics": list(self.statistics),
            "versions": {name: list(pair) for name, pair in self.versions.items()},
        }


ROWS: Final = {
    "same": "kept in both, same text and tags",
    "retagged": "kept in both, same text, other questions, redactions, cluster or split",
    "edited": "kept in both, different text",
    "dropped": "kept before, dropped now",
    "regained": "dropped before, kept now",
    "dropped_both": "dropped in both",
    "new_kept": "not there before, kept now",
    "new_dropped": "not there before, dropped now",
    "gone": "there before, not there now",
}
"""Possible outcomes for a dialogue, and their descriptions."""


def compare(old: str | Path, new: str | Path) -> Comparison:
    """Compare two finished builds.

    Args:
        old: directory of the older build.
        new: directory of the newer build.

    Raises:
        DatasetError: a directory holds no finished build.
    """
    return compare_sides(build_side(Path(old)), build_side(Path(new)))


def build_side(folder: Path, *, verify: bool = False) -> Side:
    """Open a finished build for comparison.

    Args:
        folder: its directory.
        verify: compare the checksums of all tables with those that the build recorded first.

    Raises:
        DatasetError: the directory holds no finished build, or a damaged one.
    """
    with Build.open_checked(folder, verify=verify) as build:
        manifest = build.manifest
        batches = [
            summarize_rows(batch, kept=table == DIALOGUES)
            for table in (DIALOGUES, DROPPED)
            for batch in build.iter_batches(table)
        ]
        return Side(
            str(folder), manifest.options_by_stage, manifest.counts, manifest.versions,
            build.report.after.to_dict(), pl.concat(batches or [summarize_rows(empty_table(), kept=True)]).lazy(),
        )  # fmt: skip


def compare_sides(before: Side, after: Side) -> Comparison:
    """Compare two builds or published versions."""
    joined = before.rows.join(after.rows, on="id", how="full", coalesce=True, suffix="_new")
    in_before, in_after = pl.col("kept").is_not_null(), pl.col("kept_new").is_not_null()
    kept, kept_new = pl.col("kept").fill_null(value=False), pl.col("kept_new").fill_null(value=False)
    matched = joined.with_columns(
        pl.when(in_before & ~in_after)
        .then(pl.lit("gone"))
        .when(~in_before & kept_new)
        .then(pl.lit("new_kept"))
        .when(~in_before)
        .then(pl.lit("new_dropped"))
        .when(kept & ~kept_new)
        .then(pl.lit("dropped"))
        .when(~kept & kept_new)
        .then(pl.lit("regained"))
        .when(~kept)
        .then(pl.lit("dropped_both"))
        .when(pl.col("text") != pl.col("text_new"))
        .then(pl.lit("edited"))
        .when(pl.col("tags") != pl.col("tags_new"))
        .then(pl.lit("retagged"))
        .otherwise(pl.lit("same"))
        .alias("outcome")
    ).collect()
    rows = dict.fromkeys(ROWS, 0) | dict(matched.group_by("outcome").len().iter_rows())
    changed = matched.filter(outcome="edited")
    edited: Counter[str] = Counter()
    for old_stages, new_stages in changed.select("stages", "stages_new").iter_rows():
        edited.update(sorted(set(old_stages) ^ set(new_stages)) or [""])
    return Comparison(
        builds=(before.name, after.name),
        counts=(before.counts, after.counts),
        stages=_find_differing_stages(before.stages, after.stages),
        rows=rows,
        dropped=Counter(matched.filter(outcome="dropped")["drop_reason_new"].to_list()),
        regained=Counter(matched.filter(outcome="regained")["drop_reason"].to_list()),
        edited=edited,
        statistics=(_sum_statistics(before.statistics), _sum_statistics(after.statistics)),
        versions={
            name: (before.versions.get(name), after.versions.get(name))
            for name in sorted({*before.versions, *after.versions})
            if before.versions.get(name) != after.versions.get(name)
        },
    )


def summarize_rows(dialogues: pl.DataFrame, *, kept: bool) -> pl.DataFrame:
    """Return ``id``, ``kept``, hashes of text and tags, ``drop_reason``, and the stages that edited each dialogue."""
    edits = pl.element().struct.field("stage").filter(pl.element().struct.field("action") == "edited")
    return dialogues.select(
        "id",
        pl.lit(kept).alias("kept"),
        pl.col("messages").hash().alias("text"),
        pl.struct("inquiries", "identifiers", "cluster", "split").hash().alias("tags"),
        "drop_reason",
        pl.col("trace").list.eval(edits).alias("stages"),
    )


def _find_differing_stages(
    old_stages: Mapping[str, StageOptions], new_stages: Mapping[str, StageOptions]
) -> dict[str, tuple[StageOptions | None, StageOptions | None]]:
    names = dict.fromkeys([*old_stages, *new_stages])
    return {
        name: (old_stages.get(name), new_stages.get(name))
        for name in names
        if old_stages.get(name) != new_stages.get(name)
    }


def _sum_statistics(statistics: Mapping[str, int | Mapping[str, int]]) -> dict[str, int]:
    totals = {}
    for name in _STATS:
        value = statistics[name]
        totals[name] = value if isinstance(value, int) else sum(value.values())
    return totals
