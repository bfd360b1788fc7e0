"""Verified pairs of near-duplicates: candidates from locality-sensitive hashing, compared exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.lsh import find_candidates
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.texts import Positions, Texts
from cmtmed.dedup.verify import count_shingles, jaccard


@dataclass(frozen=True)
class VerifiedPairs:
    """The near-duplicates found among texts.

    Attributes:
        representative: for each text the best one equal to it without white space, itself if there is none.
        first: one text of each verified pair of different texts.
        second: the other one.
        jaccard: their similarity.
    """

    representative: Positions
    first: Positions
    second: Positions
    jaccard: npt.NDArray[np.float64]

    def extend(self, other: VerifiedPairs) -> VerifiedPairs:
        """Return these pairs and those of another search of the same texts."""
        return VerifiedPairs(
            self.representative,
            np.concatenate([self.first, other.first]),
            np.concatenate([self.second, other.second]),
            np.concatenate([self.jaccard, other.jaccard]),
        )


def find_pairs(
    texts: Texts,
    store: SignatureStore,
    config: MinHashConfig,
    *,
    max_run: int,
    rank: Positions | None = None,
    subset: Positions | None = None,
) -> VerifiedPairs:
    """Find verified pairs of different texts, and texts that are equal.

    Args:
        texts: all texts.
        store: the signatures of the same texts, made with the same parameters.
        config: parameters of near-duplicate detection.
        max_run: up to this many texts that share a band are all compared with one another.
        rank: decides which of several equal texts represents them: the one with the lowest rank, by default the first.
        subset: positions to which the search is restricted.
    """
    rows = np.arange(len(store.hashes)) if subset is None else subset
    ranks = np.arange(len(store.hashes)) if rank is None else rank
    hashes, lengths = store.hashes[rows], store.lengths[rows]
    # Hash and length together: two different texts agree in both with a probability of less than 2**-64.
    order = np.lexsort((ranks[rows], lengths, hashes))
    starts_group = np.ones(len(order), dtype=bool)
    starts_group[1:] = (hashes[order[1:]] != hashes[order[:-1]]) | (lengths[order[1:]] != lengths[order[:-1]])
    best = rows[order[starts_group]]
    representative = np.arange(len(store.hashes))
    filled = lengths[order] > 0
    representative[rows[order][filled]] = best[np.cumsum(starts_group) - 1][filled]
    members = best[store.lengths[best] >= config.ngram]
    bands, _ = config.bands
    first, second = find_candidates(
        store.read_band,
        bands,
        store.low_bytes,
        members,
        threshold=config.threshold,
        max_run=max_run,
        threads=config.threads,
    )
    common, sizes = count_shingles(
        texts, first, second, ngram=config.ngram, threshold=config.threshold, threads=config.threads
    )
    similarity = jaccard(common, sizes)
    # Equal to the threshold up to the last bit of a division.
    kept = similarity >= config.threshold - 1e-12
    return VerifiedPairs(representative, first[kept], second[kept], similarity[kept])
