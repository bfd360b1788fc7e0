"""What changed between two builds or versions: which dialogues came, went or read differently, and which stage did it.

Dialogues are matched by id, which follows from source and record, so a crawl that grew or a pipeline with another
option gives the same ids to the same records. Texts are compared by hash; none is shown or kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from cmtmed.engine.report import read_report
from cmtmed.io.manifest import read_manifest
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
            "stages": {name: list(both) for name, both in self.stages.items()},
            "rows": self.rows,
            "dropped": dict(sorted(self.dropped.items())),
            "regained": dict(sorted(self.regained.items())),
            "edited": dict(sorted(self.edited.items())),
            "statistics": list(self.statistics),
            "versions": {name: list(both) for name, both in self.versions.items()},
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
    manifest = read_manifest(folder)
    parts = []
    for pattern, kept in (("dialogues/*/*.arrow", True), ("dropped/*.arrow", False)):
        for file in sorted(folder.glob(pattern)):
            with pa.memory_map(str(file)) as source:
                # Polars' own reader refuses streams whose empty columns have no buffer.
                tables = (pa.Table.from_batches([batch]) for batch in pa.ipc.open_stream(source))
                parts += [rows_of(pl.DataFrame(table), kept=kept) for table in tables]
    return Side(
        str(folder), manifest["pipeline"], manifest["counts"], manifest["versions"], read_report(folder)["after"],
        pl.concat(parts or [rows_of(empty_table(), kept=True)]).lazy(),
    )  # fmt: skip


def compare_sides(before: Side, after: Side) -> Comparison:
    """Compare two builds or published versions."""
    left, right = before.rows, after.rows
    both = left.join(right, on="id", how="full", coalesce=True, suffix="_new")
    here, there = pl.col("kept").is_not_null(), pl.col("kept_new").is_not_null()
    kept, kept_new = pl.col("kept").fill_null(value=False), pl.col("kept_new").fill_null(value=False)
    told = both.with_columns(
        pl.when(here & ~there)
        .then(pl.lit("gone"))
        .when(~here & kept_new)
        .then(pl.lit("new_kept"))
        .when(~here)
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
    rows = dict.fromkeys(ROWS, 0) | dict(told.group_by("fate").len().iter_rows())
    changed = told.filter(fate="edited")
    edited: Counter[str] = Counter()
    for one, other in changed.select("stages", "stages_new").iter_rows():
        edited.update(sorted(set(one) ^ set(other)) or [""])
    return Comparison(
        builds=(before.name, after.name),
        counts=(before.counts, after.counts),
        stages=_differing_stages(before.pipeline, after.pipeline),
        rows=rows,
        dropped=Counter(told.filter(fate="dropped")["drop_reason_new"].to_list()),
        regained=Counter(told.filter(fate="regained")["drop_reason"].to_list()),
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
    one, other = (
        {name: options for stage in pipeline["stages"] for name, options in stage.items()}
        for pipeline in (before, after)
    )
    names = dict.fromkeys([*one, *other])
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def _statistics(kept: Mapping[str, Any]) -> dict[str, int]:
    return {name: kept[name] if isinstance(kept[name], int) else sum(kept[name].values()) for name in _STATS}
