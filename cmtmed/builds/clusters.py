"""Clusters of duplicates in a build, and why one dialogue of each was kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from cmtmed.builds.build import DIALOGUES, DROPPED, Build
from cmtmed.dedup.corpus import summarize_dialogues
from cmtmed.dedup.texts import Texts
from cmtmed.dedup.verify import count_shingles
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.schema import DialogueRow, empty_table, to_rows

_STAGE: Final = "drop_duplicates"
_LABELS: Final = {
    "most_turns": ("turns", "more turns"),
    "most_inquiries": ("asks", "more questions from the doctor"),
    "longest": ("chars", "more characters"),
}


@dataclass(frozen=True)
class Member:
    """A dialogue of a cluster.

    Attributes:
        dialogue: the row of the dialogue table, **including the text**.
        jaccard: exact Jaccard similarity to the kept dialogue, canned sentences included, 0 to 1.
        containment: share of its shingles that occur in the kept dialogue, 0 to 1.
        sizes: ``turns``, ``asks`` (number of inquiries) and ``chars``.
        why: why this dialogue was kept, or why the kept one was preferred.
    """

    dialogue: DialogueRow
    jaccard: float
    containment: float
    sizes: dict[str, int]
    why: str

    @property
    def text(self) -> str:
        """All turns, one per line."""
        return "\n".join(message["content"] or "" for message in self.dialogue["messages"])


def list_clusters(out: str | Path, *, verify: bool = False) -> pl.DataFrame:
    """List the duplicate clusters of a finished build, largest first.

    Args:
        out: directory of a build.
        verify: compare the checksums of all tables with those that the build recorded first.

    Returns:
        ``cluster`` (id of the kept dialogue), ``size`` (dialogues, including the kept one) and one column per drop
        reason. No text.

    Raises:
        DatasetError: ``out`` holds no finished build.
    """
    with Build.open_checked(out, verify=verify) as build:
        rows = _concat(_iter_dialogues(build, ["cluster", "drop_reason"])).drop_nulls("cluster")
        sizes = rows.group_by("cluster").agg(pl.len().alias("size"))
        reasons = rows.drop_nulls("drop_reason").pivot(
            "drop_reason", index="cluster", values="drop_reason", aggregate_function="len"
        )
        joined = sizes.join(reasons, on="cluster", how="left").filter(pl.col("size") > 1)
        return joined.with_columns(pl.exclude("cluster", "size").fill_null(0)).sort(
            ["size", "cluster"], descending=[True, False]
        )


def find_cluster(out: str | Path, id: str, *, verify: bool = False) -> list[Member]:
    """Return the members of a dialogue's cluster, starting with the kept one.

    Args:
        out: directory of a build.
        id: a dialogue's id, kept or dropped.
        verify: compare the checksums of all tables with those that the build recorded first.

    Raises:
        DatasetError: ``out`` holds no finished build.
        UsageError: no dialogue has that id, or it has no duplicate.
    """
    with Build.open_checked(out, verify=verify) as build:
        id = build.resolve_id(id)
        cluster, ids = None, []
        for rows in _iter_dialogues(build, ["id", "cluster"]):
            matches = rows.filter(pl.col("id") == id)
            if matches.height:
                cluster = matches["cluster"][0]
                break
            ids += rows["id"].head(10_000).to_list()
        else:
            raise UsageError(f"no dialogue {id!r} in {str(build.root)!r}; {did_you_mean(id, ids[:20_000])}")
        if cluster is None:
            raise UsageError(
                f"dialogue {id!r} has no duplicate; list the clusters with: cmtmed duplicates {build.root}"
            )
        members = _concat([rows.filter(pl.col("cluster") == cluster) for rows in _iter_dialogues(build)])
        return _compare_members(members.sort(pl.col("id") != cluster, "id"), *_stage_options(build))


def sample_members(out: str | Path, clusters: Sequence[str], members: int) -> dict[str, list[Member]]:
    """Sample members of some clusters, each starting with the kept dialogue, in two passes over the tables.

    Args:
        out: directory of a build.
        clusters: ids of the kept dialogues.
        members: maximum number of other dialogues per cluster, drawn by a hash of their ids.

    Raises:
        DatasetError: ``out`` holds no finished build.
    """
    with Build.open_checked(out) as build:
        options = _stage_options(build)
        names = pl.Series(clusters, dtype=pl.String).implode()
        ids = _concat(
            [rows.filter(pl.col("cluster").is_in(names)) for rows in _iter_dialogues(build, ["id", "cluster"])]
        )
        # Blake2 rather than a hash of Polars, which may change between versions.
        sample = ids.with_columns(pl.Series("draw", [hashlib.blake2b(name.encode()).digest() for name in ids["id"]]))
        sample = sample.sort(pl.col("id") != pl.col("cluster"), "draw").group_by("cluster").head(members + 1)
        sampled_ids = sample["id"].implode()
        dialogues = _concat([rows.filter(pl.col("id").is_in(sampled_ids)) for rows in _iter_dialogues(build)])
        result = {}
        for name in clusters:
            rows = dialogues.filter(pl.col("cluster") == name).sort(pl.col("id") != name, "id")
            result[name] = _compare_members(rows, *options)
        return result


def _stage_options(build: Build) -> tuple[int, list[str]]:
    """Return the n-gram size and the keep rules of the deduplication stage."""
    options = build.stage_options(_STAGE) or {}
    return options.get("ngram", 5), options.get("keep", list(_LABELS))


def compare_texts(first: str, second: str) -> Iterator[tuple[str, str, str]]:
    """Align two texts: yield (``same`` | ``changed``, passage of the first, passage of the second)."""
    for tag, start, end, second_start, second_end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        yield ("same" if tag == "equal" else "changed"), first[start:end], second[second_start:second_end]


def _concat(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Join batches of dialogues; a build that kept and dropped nothing has none."""
    tables = list(batches)
    return pl.concat(tables) if tables else empty_table()


def _compare_members(rows: pl.DataFrame, ngram: int, keep: list[str]) -> list[Member]:
    summaries = rows.select(
        *summarize_dialogues(pl.col("messages")), pl.col("inquiries").list.len().alias("asks")
    ).with_columns(pl.col("text").str.replace_all(r"\s", "").str.len_chars().alias("chars"))
    texts = Texts.from_column(summaries["text"])
    kept, members = np.zeros(rows.height, dtype=np.int64), np.arange(rows.height)
    common, counts = count_shingles(texts, kept, members, ngram=ngram)
    sizes = summaries.select("turns", "asks", "chars").to_dicts()
    bare = summaries["text"].str.replace_all(r"\s", "")
    compared = []
    for position, row in enumerate(to_rows(rows)):
        union = int(counts[position].sum() - common[position])
        identical = bare[position] == bare[0]
        compared.append(
            Member(
                row,
                jaccard=1.0 if identical else int(common[position]) / max(union, 1),
                containment=1.0 if identical else int(common[position]) / max(int(counts[position, 1]), 1),
                sizes=sizes[position],
                why="kept" if position == 0 else _explain_choice(row["drop_reason"], sizes[0], sizes[position], keep),
            )
        )
    return compared


def _explain_choice(reason: str | None, kept: dict[str, int], dropped: dict[str, int], keep: list[str]) -> str:
    """Say why one dialogue was kept rather than the other."""
    if reason == "contained":
        return "the kept one continues where this one ends"
    for rule in keep:
        if rule == "first":
            break
        name, words = _LABELS[rule]
        if kept[name] != dropped[name]:
            return f"the kept one has {words}: {kept[name]}, this one {dropped[name]}"
    return "the kept one has the lower id"


def _iter_dialogues(build: Build, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """Yield batches of all dialogues, the kept ones first."""
    for table in (DIALOGUES, DROPPED):
        yield from build.iter_batches(table, columns)
