"""Clusters of duplicates: counts by size, and side-by-side comparisons of a sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa

from cmtmed.builds import Build
from cmtmed.builds.clusters import Member, compare_texts, list_clusters, sample_members
from cmtmed.errors import DatasetError

MAX_CLUSTERS: Final = 12
"""Number of clusters shown: half are the largest, the others are sampled from the rest, cycling drop reasons."""
MAX_COMPARISONS: Final = 3
"""Number of members of a cluster that are compared with the kept dialogue."""
MAX_CANDIDATES: Final = 30
"""Number of members of a cluster that comparisons are chosen from, however large the cluster."""
MAX_CHARACTERS: Final = 1200
"""Number of characters of a dialogue that are compared."""
_SIZES: Final = ((2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 99), (100, 999), (1000, None))
_MAX_GAP: Final = 2
_SPEAKERS: Final = {"user": "患者：", "assistant": "医生："}

Passages = list[tuple[bool, str]]
"""A text as passages: whether a passage differs, and its text."""


@dataclass(frozen=True)
class Pair:
    """A member of a cluster compared with the kept dialogue."""

    id: str
    reason: str | None
    jaccard: float
    containment: float
    explanation: str
    left: Passages
    right: Passages
    truncated: bool


@dataclass(frozen=True)
class Cluster:
    """A cluster with comparisons of some members; ``hidden`` counts the members not shown."""

    kept: str
    size: int
    pairs: tuple[Pair, ...]
    hidden: int


@dataclass(frozen=True)
class Duplicates:
    """Counts of all clusters.

    Attributes:
        clusters: number of clusters.
        dropped: number of dialogues dropped as duplicates.
        sizes: number of clusters by range of sizes.
        table: one row per cluster, from `list_clusters`.
    """

    clusters: int
    dropped: int
    sizes: list[tuple[str, int]]
    table: pl.DataFrame


def count_clusters(build: Build) -> Duplicates:
    """Count the clusters of a build.

    Raises:
        DatasetError: its files are missing or damaged.
    """
    try:
        table = list_clusters(build.root)
    except (OSError, ValueError, KeyError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise DatasetError(
            f"the dialogues of {str(build.root)!r} cannot be read ({type(error).__name__}); run cmtmed build again"
        ) from None
    sizes = []
    for smallest, largest in _SIZES:
        number = table.filter(pl.col("size").is_between(smallest, largest or 2**62)).height
        if number:
            sizes.append((_format_range(smallest, largest), number))
    return Duplicates(table.height, int(table["size"].sum()) - table.height, sizes, table)


def _format_range(smallest: int, largest: int | None) -> str:
    if largest is None:
        return f"{smallest}+"
    return f"{smallest}" if smallest == largest else f"{smallest}–{largest}"


def compare_clusters(build: Build, duplicates: Duplicates, number: int = MAX_CLUSTERS) -> list[Cluster]:
    """Return a sample of clusters with texts: each member's beside that of the kept dialogue."""
    sample = _sample_clusters(duplicates.table, number)
    members = sample_members(build.root, [kept for kept, _ in sample], MAX_CANDIDATES) if sample else {}
    return [_compare_members(members[kept], kept, size) for kept, size in sample]


def _sample_clusters(table: pl.DataFrame, number: int) -> list[tuple[str, int]]:
    """Return the largest clusters, then others by a hash of their id, cycling through the drop reasons."""
    # If all clusters have the same size, none counts as largest.
    largest = table.filter(pl.col("size") > pl.col("size").min()).head((number + 1) // 2)
    remaining = table.slice(largest.height)
    queues = []
    for reason in [name for name in remaining.columns if name not in {"cluster", "size"}]:
        rows = remaining.filter(pl.col(reason) > 0).select("cluster", "size").rows()
        queues.append(sorted(rows, key=lambda row: hashlib.blake2b(row[0].encode()).digest()))
    interleaved = [
        queue[position]
        for position in range(max(map(len, queues), default=0))
        for queue in queues
        if position < len(queue)
    ]
    return list(dict.fromkeys([*largest.select("cluster", "size").rows(), *interleaved]))[:number]


def _compare_members(members: Sequence[Member], kept: str, size: int) -> Cluster:
    first, *candidates = members
    candidates.sort(key=lambda member: (member.jaccard, member.dialogue["id"]))
    # Evenly spaced from the least similar to the most similar.
    last = len(candidates) - 1
    indexes = (
        sorted({round(index * last / (MAX_COMPARISONS - 1)) for index in range(MAX_COMPARISONS)})
        if last >= MAX_COMPARISONS
        else range(last + 1)
    )
    pairs = tuple(_compare_pair(first, candidates[index]) for index in indexes)
    return Cluster(kept, size, pairs, size - 1 - len(pairs))


def _compare_pair(kept: Member, other: Member) -> Pair:
    full_kept, full_other = _render_turns(kept), _render_turns(other)
    kept_text, other_text = full_kept[:MAX_CHARACTERS], full_other[:MAX_CHARACTERS]
    kept_passages: Passages = []
    other_passages: Passages = []
    for changed, kept_words, other_words in join_passages(compare_texts(kept_text, other_text)):
        kept_passages += [(changed, kept_words)] if kept_words else []
        other_passages += [(changed, other_words)] if other_words else []
    row = other.dialogue
    truncated = len(full_kept) > MAX_CHARACTERS or len(full_other) > MAX_CHARACTERS
    return Pair(
        row["id"],
        row["drop_reason"],
        other.jaccard,
        other.containment,
        other.why,
        kept_passages,
        other_passages,
        truncated,
    )


def _render_turns(member: Member) -> str:
    """Return the turns of a dialogue, one per line, each after its speaker."""
    turns = member.dialogue["messages"]
    return "\n".join(f"{_SPEAKERS.get(turn['role'], '')}{turn['content'] or ''}" for turn in turns)


def join_passages(
    passages: Iterator[tuple[str, str, str]] | Sequence[tuple[str, str, str]],
) -> list[tuple[bool, str, str]]:
    """Merge differing passages across gaps of one or two equal characters, as a reader would.

    >>> join_passages([("changed", "三天", "两周"), ("same", "了", "了"), ("changed", "。", "，")])
    [(True, '三天了。', '两周了，')]
    """
    entries = [(change == "changed", kept_text, other_text) for change, kept_text, other_text in passages]
    for index in range(1, len(entries) - 1):
        _, kept_text, other_text = entries[index]
        if entries[index - 1][0] and entries[index + 1][0] and len(kept_text) <= _MAX_GAP:
            entries[index] = (True, kept_text, other_text)
    merged: list[tuple[bool, str, str]] = []
    for changed, kept_text, other_text in entries:
        if merged and merged[-1][0] == changed:
            _, kept_before, other_before = merged[-1]
            merged[-1] = (changed, kept_before + kept_text, other_before + other_text)
        else:
            merged.append((changed, kept_text, other_text))
    return merged
