"""Texts contained in longer ones: a dialogue that another one continues, or that was crawled again later.

Containment is the share of one text's shingles that another one holds (Broder 1997). The Jaccard similarity of such a
pair may be small, so MinHash does not propose it. Winnowing does (Schleimer, Wilkerson, Aiken, "Winnowing: Local
Algorithms for Document Fingerprinting", 2003): of every ``window`` consecutive n-grams the one with the lowest hash is
kept, which guarantees that two texts with a passage of ``window + ngram - 1`` characters in common share a fingerprint.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.fingerprint_shards import FingerprintShards, Postings
from cmtmed.dedup.texts import Positions, Texts
from cmtmed.dedup.threads import run_in_threads
from cmtmed.dedup.verify import count_shingles

_MIN_SHARE: Final = 0.4
"""Minimum share of a text's fingerprints in a text that may contain it. One changed character changes about two of the
fingerprints around it, so this is well below the share of shingles."""


def find_containers(
    texts: Texts,
    rows: Positions,
    lengths: Positions,
    rank: Positions,
    *,
    threshold: float,
    min_shingles: int,
    ngram: int = 5,
    threads: int | None = None,
    folder: Path | None = None,
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Find texts nearly all of whose shingles are in a longer one.

    Args:
        texts: all texts.
        rows: positions of the texts to compare.
        lengths: code points of all texts, white space not counted.
        rank: rank of all texts; of two equally long texts that contain one another, the one with the lower rank counts
            as the longer one.
        threshold: minimum containment, above 0 and at most 1.
        min_shingles: a text with fewer distinct shingles is contained in nothing.
        ngram: code points per shingle.
        threads: number of threads; the result does not depend on it.
        folder: where temporary files are written; the system's temporary directory by default.

    Returns:
        Positions of the contained texts, positions of the texts that contain them, and the containment; ordered by the
        first. A text may be contained in several.
    """
    smaller, larger = _propose_pairs(texts, rows, lengths[rows], rank[rows], ngram, min_shingles, threads, folder)
    contained, containers = rows[smaller], rows[larger]
    common, sizes = count_shingles(texts, contained, containers, ngram=ngram, threads=threads)
    containment = common / np.maximum(sizes[:, 0], 1)
    # Equal to the threshold up to the last bit of a division.
    kept = (containment >= threshold - 1e-12) & (sizes[:, 0] >= min_shingles)
    return contained[kept], containers[kept], containment[kept]


def _propose_pairs(
    texts: Texts,
    rows: Positions,
    lengths: Positions,
    rank: Positions,
    ngram: int,
    min_shingles: int,
    threads: int | None,
    folder: Path | None,
) -> tuple[Positions, Positions]:
    """Return pairs of indexes into ``rows``: texts, and longer ones that have enough of their fingerprints."""
    with tempfile.TemporaryDirectory(prefix="cmtmed-fingerprints-", dir=folder) as directory:
        shards = FingerprintShards(Path(directory), texts, rows, ngram, threads)
        shared = shards.read_shared()
        pairs = _match_fingerprints(shared, shards.uncommon_totals, lengths, rank, _MIN_SHARE, threads)
        # Common phrases propose nothing, but a text that is made of them must be found too: by its rarest ones.
        is_common = (shards.uncommon_totals == 0) & (lengths >= min_shingles + ngram - 1)
        if is_common.any():
            rarest, totals = shards.read_rarest(is_common)
            pairs = np.concatenate([pairs, _match_fingerprints(rarest, totals, lengths, rank, 1.0, threads)], axis=1)
    return pairs[0], pairs[1]


def _match_fingerprints(
    postings: Postings,
    totals: Positions,
    lengths: Positions,
    rank: Positions,
    min_share: float,
    threads: int | None,
) -> Positions:
    """Return pairs of texts of which the second has enough of the first one's fingerprints, shape (2, pairs)."""
    from cmtmed.dedup.kernels.containment import find_contained_pairs

    step = max(1, -(-len(totals) // 64))
    ranges = [(start, min(start + step, len(totals))) for start in range(0, len(totals), step)]
    results = [np.zeros((2, 0), dtype=np.int64)] * max(1, len(ranges))

    def process_ranges(start: int, end: int) -> None:
        for index in range(start, end):
            results[index] = find_contained_pairs(
                postings.bounds,
                postings.runs,
                postings.starts,
                postings.members,
                totals,
                lengths,
                rank,
                min_share,
                *ranges[index],
            )

    run_in_threads(process_ranges, [(index, index + 1) for index in range(len(ranges))], threads)
    return np.concatenate(results, axis=1)
