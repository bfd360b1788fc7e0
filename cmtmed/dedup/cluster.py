"""Clusters of near-duplicates, and the text of each that is kept."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.graph import find_split_components, label_components, pick_representatives
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.texts import Positions, Texts, to_texts
from cmtmed.dedup.verified_pairs import VerifiedPairs, find_pairs

if TYPE_CHECKING:
    import polars as pl

_LOGGER: Final = logging.getLogger("cmtmed.dedup")

_FIRST_RUN: Final = 32
"""Up to this many texts that share a band are all compared at first: a cluster holds together without every link."""

_SECOND_RUN: Final = 1000
"""The same for kept texts of one component, which are compared again."""


def clusters_of(
    texts: list[str] | pl.Series | pa.ChunkedArray | Texts,
    threshold: float = 0.8,
    *,
    rank: npt.ArrayLike | None = None,
    ngram: int = 5,
    num_perm: int = 128,
    seed: int = 1,
    threads: int | None = None,
) -> Positions:
    """Join near-duplicates into clusters and return which text of each is kept.

    Every text that is not kept is within two verified links of the one that is kept in its place, and no two kept texts
    are near-duplicates (see `cmtmed.dedup.graph.pick_representatives`).

    Args:
        texts: the texts to compare; Arrow arrays are not copied and may be memory-mapped.
        threshold: minimum Jaccard similarity of two texts that are joined.
        rank: rank of each text, all different; the lowest of a cluster is kept. By default the longest text is kept,
            and of equally long ones the one with the lowest hash: either way the result does not depend on the order.
        ngram: code points per shingle.
        num_perm: values per MinHash signature.
        seed: seed of the signatures.
        threads: number of threads, all cores by default; the result does not depend on it.

    Returns:
        For each text the position of the text that is kept of its cluster, its own if it is kept itself.

    Raises:
        UsageError: a threshold or number is out of range, or an item is not a string.

    >>> clusters_of(["头痛三天，没有发烧，怎么办？", "咳嗽两周了", "头痛三天，没有发烧，怎么办"]).tolist()
    [0, 1, 0]
    """
    config = MinHashConfig(threshold, ngram, num_perm, seed, threads=threads)
    buffers = to_texts(texts)
    store = SignatureStore.from_texts(buffers, config)
    ranks = rank_longest_first(store) if rank is None else np.asarray(rank, dtype=np.int64)
    kept, _ = cluster_texts(buffers, store, config, ranks)
    return kept


def rank_longest_first(store: SignatureStore) -> Positions:
    """Rank texts by length; equally long ones by hash, equal ones by position."""
    order = np.lexsort((store.hashes, -store.lengths))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def cluster_texts(
    texts: Texts, store: SignatureStore, config: MinHashConfig, rank: Positions, subset: Positions | None = None
) -> tuple[Positions, VerifiedPairs]:
    """Return for each text the position of the one that is kept in its place, and the pairs that justify it.

    Components that were split because they hang together by chains of links are logged to ``cmtmed.dedup``: how many,
    how large, into how many clusters.

    Args:
        texts: all texts.
        store: the signatures of the same texts, made with the same parameters.
        config: parameters of near-duplicate detection.
        rank: rank of each text, all different; the lowest of a cluster is kept.
        subset: positions to which the search is restricted; all others are kept.
    """
    pairs = find_pairs(texts, store, config, rank=rank, max_run=_FIRST_RUN, subset=subset)
    while True:
        best = pick_representatives(pairs.first, pairs.second, rank)
        # Where not all links were looked for, two kept texts may still be near-duplicates: search among them again.
        unsettled = _find_kept_of_split(pairs, best)
        if len(unsettled) == 0:
            break
        new_pairs = find_pairs(texts, store, config, rank=rank, max_run=_SECOND_RUN, subset=unsettled)
        if len(new_pairs.first) == 0:
            break
        pairs = pairs.extend(new_pairs)
    _log_split_components(pairs, best)
    return best[pairs.representative], pairs


def _find_kept_of_split(pairs: VerifiedPairs, best: Positions) -> Positions:
    """Return the kept elements of components in which more than one is kept."""
    component = label_components(pairs.first, pairs.second, len(best))
    positions = np.arange(len(best))
    kept = np.flatnonzero((best == positions) & (pairs.representative == positions))
    _, group, count = np.unique(component[kept], return_inverse=True, return_counts=True)
    return kept[count[group] > 1]


def _log_split_components(pairs: VerifiedPairs, best: Positions) -> None:
    split = find_split_components(pairs.first, pairs.second, best)
    if len(split):
        _LOGGER.info(
            "%d groups of texts were held together by chains of links; the largest, %d texts, became %d clusters",
            len(split),
            *split[0],
        )
