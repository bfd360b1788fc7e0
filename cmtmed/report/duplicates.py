"""Clusters of duplicates: how many of which size, and some of them side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from cmtmed.engine.clusters import Member, differences, list_clusters, sample_members
from cmtmed.errors import DatasetError

SHOWN: Final = 12
"""Clusters that are shown: half of them the largest, the others drawn from the rest, each drop reason in turn."""
MEMBERS: Final = 3
"""Members of a cluster that are compared with the one that was kept."""
CANDIDATES: Final = 30
"""Members of a cluster from which those are taken, however many it has."""
LENGTH: Final = 1200
"""Characters of a dialogue that are compared."""
_SIZES: Final = ((2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 99), (100, 999), (1000, None))
_JOINT: Final = 2
_SPEAKERS: Final = {"user": "患者：", "assistant": "医生："}

Passages = list[tuple[bool, str]]
"""A text in pieces, each with whether it differs."""


@dataclass(frozen=True)
class Pair:
    """A dialogue beside the one that was kept for it."""

    id: str
    reason: str | None
    jaccard: float
    containment: float
    why: str
    left: Passages
    right: Passages
    cut: bool


@dataclass(frozen=True)
class Cluster:
    """A cluster with some of its members; ``more`` counts those that are not among them."""

    kept: str
    size: int
    pairs: tuple[Pair, ...]
    more: int


@dataclass(frozen=True)
class Duplicates:
    """All clusters in counts.

    Attributes:
        clusters: how many there are.
        dropped: dialogues that were dropped for another.
        sizes: number of clusters by number of dialogues.
        table: one row a cluster, from `list_clusters`.
    """

    clusters: int
    dropped: int
    sizes: list[tuple[str, int]]
    table: pl.DataFrame


def count(folder: Path) -> Duplicates:
    """Count the clusters of a build.

    Raises:
        DatasetError: its files are missing or damaged.
    """
    try:
        table = list_clusters(folder)
    except (OSError, ValueError, KeyError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise DatasetError(
            f"the dialogues of {str(folder)!r} cannot be read ({type(error).__name__}); run cmtmed build again"
        ) from None
    sizes = []
    for least, most in _SIZES:
        number = table.filter(pl.col("size").is_between(least, most or 2**62)).height
        if number:
            sizes.append((f"{least}+" if most is None else f"{least}" if least == most else f"{least}–{most}", number))
    return Duplicates(table.height, int(table["size"].sum()) - table.height, sizes, table)


def side_by_side(folder: Path, found: Duplicates, number: int = SHOWN) -> list[Cluster]:
    """Return some clusters with their members' texts, **which were asked for**, beside that of the kept dialogue."""
    drawn = _drawn(found.table, number)
    members = sample_members(folder, [kept for kept, _ in drawn], CANDIDATES) if drawn else {}
    return [_cluster(members[kept], kept, size) for kept, size in drawn]


def _drawn(table: pl.DataFrame, number: int) -> list[tuple[str, int]]:
    """Return the largest clusters, then others by a hash of their name, each drop reason in turn."""
    # Of clusters that are all of one size, none is among the largest.
    largest = table.filter(pl.col("size") > pl.col("size").min()).head((number + 1) // 2)
    rest = table.slice(largest.height)
    queues = []
    for reason in [name for name in rest.columns if name not in {"cluster", "size"}]:
        having = rest.filter(pl.col(reason) > 0).select("cluster", "size").rows()
        queues.append(sorted(having, key=lambda one: hashlib.blake2b(one[0].encode()).digest()))
    turn = [queue[at] for at in range(max(map(len, queues), default=0)) for queue in queues if at < len(queue)]
    return list(dict.fromkeys([*largest.select("cluster", "size").rows(), *turn]))[:number]


def _cluster(members: Sequence[Member], kept: str, size: int) -> Cluster:
    first, *others = members
    others.sort(key=lambda one: (one.jaccard, one.dialogue["id"]))
    # From the least alike to the most, evenly.
    last = len(others) - 1
    taken = sorted({round(at * last / (MEMBERS - 1)) for at in range(MEMBERS)}) if last >= MEMBERS else range(last + 1)
    pairs = tuple(_pair(first, others[at]) for at in taken)
    return Cluster(kept, size, pairs, size - 1 - len(pairs))


def _pair(kept: Member, other: Member) -> Pair:
    whole, besides = _said(kept), _said(other)
    one, two = whole[:LENGTH], besides[:LENGTH]
    left: Passages = []
    right: Passages = []
    for changed, mine, theirs in joined(differences(one, two)):
        left += [(changed, mine)] if mine else []
        right += [(changed, theirs)] if theirs else []
    row: dict[str, Any] = other.dialogue
    cut = len(whole) > LENGTH or len(besides) > LENGTH
    return Pair(row["id"], row["drop_reason"], other.jaccard, other.containment, other.why, left, right, cut)


def _said(member: Member) -> str:
    """Return the turns of a dialogue, a line each behind its speaker."""
    turns = member.dialogue["messages"]
    return "\n".join(f"{_SPEAKERS.get(turn['role'], '')}{turn['content'] or ''}" for turn in turns)


def joined(passages: Iterator[tuple[str, str, str]] | Sequence[tuple[str, str, str]]) -> list[tuple[bool, str, str]]:
    """Join what differs across a letter or two that happen to be the same, as a reader would.

    >>> joined([("changed", "三天", "两周"), ("same", "了", "了"), ("changed", "。", "，")])
    [(True, '三天了。', '两周了，')]
    """
    told: list[list[Any]] = [[kind == "changed", one, other] for kind, one, other in passages]
    for before, between, after in zip(told, told[1:], told[2:], strict=False):
        if before[0] and after[0] and len(between[1]) <= _JOINT:
            between[0] = True
    out: list[list[Any]] = []
    for changed, one, other in told:
        if out and out[-1][0] == changed:
            out[-1][1] += one
            out[-1][2] += other
        else:
            out.append([changed, one, other])
    return [(changed, one, other) for changed, one, other in out]
