"""Compare two builds or published versions: dialogues added, removed or edited, and the stages responsible.

Dialogues are matched by id, which is derived from source and record, so a crawl that grew or a pipeline with other
options gives the same ids to the same records. Texts are compared by hash; none is printed or stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from cmtmed.builds.build import DIALOGUES, DROPPED, Build
from cmtmed.schema import empty_table

_STATS: Final = ("dialogues", "turns", "characters", "identifiers", "inquiries")


@dataclass(frozen=True)
class Side:
    """One of two builds or published versions.

    Attributes:
        name: of the directory or version.
        pipeline: ``stages`` and more, as in the manifest.
        counts: ``read``, ``kept``, ``dropped``, ``quarantined``.
        versions: of the libraries that it was made with.
        statistics: of its kept dialogues.
        rows: from `rows_of`.
    """

    name: str
    pipeline: Mapping[str, Any]
    counts: dict[str, int]
    versions: Mapping[str, str]
    statistics: Mapping[str, Any]
    rows: pl.LazyFrame


@dataclass(frozen=True)
class Comparison:
    """Two builds or versions side by side.

    Attributes:
        builds: their names, the older first.
        counts: for each build ``read``, ``kept``, ``dropped``, ``quarantined``.
        stages: stages whose options differ, or that one build lacks: name to the options in each, None if it lacks it.
        rows: dialogues by what became of them; see `ROWS`.
        dropped: of those kept before and dropped now, how many by which reason.
        regained: of those dropped before and kept now, by the reason of before.
        edited: of those kept in both with another text, how many each stage edited in one build and not in the other;
            ``""`` counts those that the same stages edited.
        statistics: of the kept dialogues of each build: dialogues, turns, characters, identifiers, inquiries.
        versions: libraries of which the builds used different versions: name to both.
    """

    builds: tuple[str, str]
    counts: tuple[dict[str, int], dict[str, int]]
    stages: dict[str, tuple[Any, Any]]
    rows: dict[str, int]
    dropped: Counter[str]
    regained: Counter[str]
    edited: Counter[str]
    statistics: tuple[dict[str, int], dict[str, int]]
    versions: dict[str, tuple[str | None, str | None]]

    def to_dict(self) -> dict[str, Any]:
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
    "same": "kept in both, text and tags the same",
    "retagged": "kept in both, same text, other questions, redactions, cluster or split",
    "edited": "kept in both, another text",
    "dropped": "kept before, dropped now",
    "regained": "dropped before, kept now",
    "dropped_both": "dropped in both",
    "new_kept": "not there before, kept now",
    "new_dropped": "not there before, dropped now",
    "gone": "there before, not there now",
}
"""What may become of a dialogue."""


def compare(old: str | Path, new: str | Path) -> Comparison:
    """Compare two finished builds.

    Args:
        old: directory of the one build.
        new: directory of the other.

    Raises:
        DatasetError: a directory holds no finished build.
    """
    return compare_sides(build_side(Path(old)), build_side(Path(new)))


def build_side(folder: Path) -> Side:
    """Open a finished build for comparison.

    Raises:
        DatasetError: the directory holds no finished build.
    """
    build = Build.open(folder)
    manifest = build.manifest.to_dict()
    batches = [
        rows_of(batch, kept=table == DIALOGUES) for table in (DIALOGUES, DROPPED) for batch in build.iter_batches(table)
    ]
    return Side(
        str(folder), manifest["pipeline"], manifest["counts"], manifest["versions"], build.report.after.to_dict(),
        pl.concat(batches or [rows_of(empty_table(), kept=True)]).lazy(),
    )  # fmt: skip


def compare_sides(before: Side, after: Side) -> Comparison:
    """Compare two builds or published versions."""
    left, right = before.rows, after.rows
    joined = left.join(right, on="id", how="full", coalesce=True, suffix="_new")
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
        .alias("fate")
    ).collect()
    rows = dict.fromkeys(ROWS, 0) | dict(matched.group_by("fate").len().iter_rows())
    changed = matched.filter(fate="edited")
    edited: Counter[str] = Counter()
    for old_stages, new_stages in changed.select("stages", "stages_new").iter_rows():
        edited.update(sorted(set(old_stages) ^ set(new_stages)) or [""])
    return Comparison(
        builds=(before.name, after.name),
        counts=(before.counts, after.counts),
        stages=_differing_stages(before.pipeline, after.pipeline),
        rows=rows,
        dropped=Counter(matched.filter(fate="dropped")["drop_reason_new"].to_list()),
        regained=Counter(matched.filter(fate="regained")["drop_reason"].to_list()),
        edited=edited,
        statistics=(_statistics(before.statistics), _statistics(after.statistics)),
        versions={
            name: (before.versions.get(name), after.versions.get(name))
            for name in sorted({*before.versions, *after.versions})
            if before.versions.get(name) != after.versions.get(name)
        },
    )


def rows_of(dialogues: pl.DataFrame, *, kept: bool) -> pl.DataFrame:
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


def _differing_stages(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    old_stages, new_stages = (
        {name: options for stage in pipeline["stages"] for name, options in stage.items()}
        for pipeline in (before, after)
    )
    names = dict.fromkeys([*old_stages, *new_stages])
    return {
        name: (old_stages.get(name), new_stages.get(name))
        for name in names
        if old_stages.get(name) != new_stages.get(name)
    }


def _statistics(kept: Mapping[str, Any]) -> dict[str, int]:
    return {name: kept[name] if isinstance(kept[name], int) else sum(kept[name].values()) for name in _STATS}
