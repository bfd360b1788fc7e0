"""What changed between two builds: which dialogues came, went or read differently, and which stage did it.

Dialogues are matched by id, which follows from source and record, so a crawl that grew or a pipeline with another
option gives the same ids to the same records. Texts are compared by hash; none is shown or kept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from cmtmed.engine.report import read_report
from cmtmed.io.manifest import read_manifest

_STATS: Final = ("dialogues", "turns", "characters", "identifiers", "inquiries")


@dataclass(frozen=True)
class Comparison:
    """Two builds side by side.

    Attributes:
        builds: the two directories, the older first.
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
    "gone": "there before, not read now",
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
    folders = Path(old), Path(new)
    before, after = (read_manifest(folder) for folder in folders)
    left, right = (_rows(folder) for folder in folders)
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
        builds=(str(old), str(new)),
        counts=(before["counts"], after["counts"]),
        stages=_differing_stages(before, after),
        rows=rows,
        dropped=Counter(told.filter(fate="dropped")["drop_reason_new"].to_list()),
        regained=Counter(told.filter(fate="regained")["drop_reason"].to_list()),
        edited=edited,
        statistics=(_statistics(folders[0]), _statistics(folders[1])),
        versions={
            name: (before["versions"].get(name), after["versions"].get(name))
            for name in sorted({*before["versions"], *after["versions"]})
            if before["versions"].get(name) != after["versions"].get(name)
        },
    )


def _rows(folder: Path) -> pl.LazyFrame:
    """Return ``id``, ``kept``, hashes of text and tags, ``drop_reason``, and the stages that edited each dialogue."""
    parts = []
    for pattern, kept in (("dialogues/*/*.arrow", True), ("dropped/*.arrow", False)):
        for file in sorted(folder.glob(pattern)):
            edits = pl.element().struct.field("stage").filter(pl.element().struct.field("action") == "edited")
            with pa.memory_map(str(file)) as source:
                # Polars' own reader refuses streams whose empty columns have no buffer.
                rows = pl.DataFrame(pa.ipc.open_stream(source).read_all())
            parts.append(
                rows.select(
                    "id",
                    pl.lit(kept).alias("kept"),
                    pl.col("messages").hash().alias("text"),
                    pl.struct("inquiries", "identifiers", "cluster", "split").hash().alias("tags"),
                    "drop_reason",
                    pl.col("trace").list.eval(edits).alias("stages"),
                )
            )
    return pl.concat(parts).lazy()


def _differing_stages(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    one, other = (
        {name: options for stage in manifest["pipeline"]["stages"] for name, options in stage.items()}
        for manifest in (before, after)
    )
    names = dict.fromkeys([*one, *other])
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def _statistics(folder: Path) -> dict[str, int]:
    kept = read_report(folder)["after"]
    return {name: kept[name] if isinstance(kept[name], int) else sum(kept[name].values()) for name in _STATS}
