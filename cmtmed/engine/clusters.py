"""The clusters of duplicates that a build found: which there are, and why one dialogue of each was kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from cmtmed.dedup.duplicates import summarize_dialogues
from cmtmed.dedup.texts import Texts
from cmtmed.dedup.verify import count_shingles
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.io.manifest import read_manifest

_STAGE: Final = "drop_duplicates"
_LABELS: Final = {
    "most_turns": ("turns", "more turns"),
    "most_inquiries": ("asks", "more questions of the doctor"),
    "longest": ("chars", "more characters"),
}


@dataclass(frozen=True)
class Member:
    """One dialogue of a cluster.

    Attributes:
        dialogue: the row of the dialogue table. **It holds the text**: it was asked for.
        jaccard: exact similarity to the dialogue that was kept, canned sentences included, 0 to 1.
        containment: share of its shingles that stand in the dialogue that was kept, 0 to 1.
        sizes: ``turns``, ``asks`` (questions of the doctor), ``chars``.
        why: why it was kept, or why the other one was.
    """

    dialogue: dict[str, Any]
    jaccard: float
    containment: float
    sizes: dict[str, int]
    why: str

    @property
    def text(self) -> str:
        """All turns, a line each."""
        return "\n".join(message["content"] or "" for message in self.dialogue["messages"])


def list_clusters(out: str | Path) -> pl.DataFrame:
    """List the clusters of duplicates of a finished build, the largest first.

    Returns:
        ``cluster`` (id of the dialogue that was kept), ``size`` (dialogues, the kept one included) and one column for
        each reason for which the others were dropped. No text.

    Raises:
        DatasetError: ``out`` holds no finished build.
    """
    folder = Path(out)
    read_manifest(folder)
    tables = [table.select(["cluster", "drop_reason"]) for _, table in _tables(folder)]
    rows = pl.concat([_frame(table) for table in tables]).drop_nulls("cluster")
    sizes = rows.group_by("cluster").agg(pl.len().alias("size"))
    reasons = rows.drop_nulls("drop_reason").pivot(
        "drop_reason", index="cluster", values="drop_reason", aggregate_function="len"
    )
    joined = sizes.join(reasons, on="cluster", how="left").filter(pl.col("size") > 1)
    return joined.with_columns(pl.exclude("cluster", "size").fill_null(0)).sort(
        ["size", "cluster"], descending=[True, False]
    )


def find_cluster(out: str | Path, id: str) -> list[Member]:  # noqa: A002 (as in `explain`)
    """Return the members of a dialogue's cluster, the one that was kept first.

    Args:
        out: directory of a build.
        id: a dialogue's id, kept or dropped.

    Raises:
        DatasetError: ``out`` holds no finished build.
        UsageError: no dialogue has that id, or it has no duplicate.
    """
    folder = Path(out)
    options = _options(folder)
    cluster, known = None, []
    for _, table in _tables(folder):
        rows = _frame(table.select(["id", "cluster"]))
        found = rows.filter(pl.col("id") == id)
        if found.height:
            cluster = found["cluster"][0]
            break
        known += rows["id"].head(10_000).to_list()
    else:
        raise UsageError(f"no dialogue {id!r} in {str(folder)!r}; {did_you_mean(id, known[:20_000])}")
    if cluster is None:
        raise UsageError(f"dialogue {id!r} has no duplicate; cmtmed duplicates {folder} lists what has")
    told = [table.filter(pa.compute.equal(table["cluster"], cluster)) for _, table in _tables(folder)]
    rows = pl.concat([_frame(table) for table in told if table.num_rows])
    rows = rows.sort(pl.col("id") != cluster, "id")
    return _compared(rows, *options)


def sample_members(out: str | Path, clusters: Sequence[str], members: int) -> dict[str, list[Member]]:
    """Return some members of some clusters, the dialogue that was kept first, in two passes over the tables.

    Args:
        out: directory of a build.
        clusters: ids of the dialogues that were kept.
        members: others of each cluster at most, drawn by a hash of their ids.

    Raises:
        DatasetError: ``out`` holds no finished build.
    """
    folder = Path(out)
    options = _options(folder)
    wanted = pa.array(clusters, type=pa.string())
    parts = [table.select(["id", "cluster"]) for _, table in _tables(folder)]
    ids = pl.concat([_frame(part.filter(pa.compute.is_in(part["cluster"], wanted))) for part in parts])
    # Blake2 and not a hash of Polars, which another version may compute differently.
    drawn = ids.with_columns(pl.Series("draw", [hashlib.blake2b(one.encode()).digest() for one in ids["id"]]))
    drawn = drawn.sort(pl.col("id") != pl.col("cluster"), "draw").group_by("cluster").head(members + 1)
    taken = pa.array(drawn["id"].to_list(), type=pa.string())
    told = [table.filter(pa.compute.is_in(table["id"], taken)) for _, table in _tables(folder)]
    rows = pl.concat([_frame(table) for table in told if table.num_rows])
    found = {}
    for name in clusters:
        of = rows.filter(pl.col("cluster") == name).sort(pl.col("id") != name, "id")
        found[name] = _compared(of, *options)
    return found


def _options(folder: Path) -> tuple[int, list[str]]:
    """Return n-gram and rules of keeping of the stage that found the clusters."""
    stages = {name: told for stage in read_manifest(folder)["pipeline"]["stages"] for name, told in stage.items()}
    options = stages.get(_STAGE, {})
    return options.get("ngram", 5), options.get("keep", list(_LABELS))


def differences(one: str, other: str) -> Iterator[tuple[str, str, str]]:
    """Cut two texts into passages: (``same`` | ``changed``, passage of the first, passage of the second)."""
    for kind, start, end, other_start, other_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        yield ("same" if kind == "equal" else "changed"), one[start:end], other[other_start:other_end]


def _compared(rows: pl.DataFrame, ngram: int, keep: list[str]) -> list[Member]:
    told = rows.select(
        *summarize_dialogues(pl.col("messages")), pl.col("inquiries").list.len().alias("asks")
    ).with_columns(pl.col("text").str.replace_all(r"\s", "").str.len_chars().alias("chars"))
    texts = Texts.from_column(told["text"])
    first, others = np.zeros(rows.height, dtype=np.int64), np.arange(rows.height)
    common, counts = count_shingles(texts, first, others, ngram=ngram)
    sizes = told.select("turns", "asks", "chars").to_dicts()
    bare = told["text"].str.replace_all(r"\s", "")
    members = []
    for place, row in enumerate(rows.to_dicts()):
        union = int(counts[place].sum() - common[place])
        same = bare[place] == bare[0]
        members.append(
            Member(
                row,
                jaccard=1.0 if same else int(common[place]) / max(union, 1),
                containment=1.0 if same else int(common[place]) / max(int(counts[place, 1]), 1),
                sizes=sizes[place],
                why="kept" if place == 0 else _why(row["drop_reason"], sizes[0], sizes[place], keep),
            )
        )
    return members


def _why(reason: str | None, kept: dict[str, int], dropped: dict[str, int], keep: list[str]) -> str:
    if reason == "contained":
        return "the kept one goes on where this one ends"
    for rule in keep:
        if rule == "first":
            break
        name, words = _LABELS[rule]
        if kept[name] != dropped[name]:
            return f"the kept one has {words}: {kept[name]}, this one {dropped[name]}"
    return "the kept one has the lesser id"


def _tables(folder: Path) -> Iterator[tuple[bool, pa.Table]]:
    """Yield the dialogue tables of a build, and whether their rows were kept."""
    for file in sorted(folder.glob("dialogues/*/*.arrow")) + sorted(folder.glob("dropped/*.arrow")):
        with pa.memory_map(str(file)) as source:
            yield file.parent.name != "dropped", pa.ipc.open_stream(source).read_all()


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()
