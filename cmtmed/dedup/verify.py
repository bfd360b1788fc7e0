"""How much the shingle sets of candidate pairs really have in common."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.shingle import Positions, Texts, in_threads

_BLOCK_BYTES: Final = 2**24
"""UTF-8 bytes of the texts that are compared at a time, per thread."""


def overlaps(
    texts: Texts,
    left: Positions,
    right: Positions,
    *,
    ngram: int,
    threshold: float = 0.0,
    threads: int | None = None,
) -> tuple[Positions, Positions]:
    """Count the shingles of pairs of texts.

    Args:
        texts: all texts.
        left: positions, one a pair; pairs with the same left side should follow one another.
        right: positions, one a pair.
        ngram: code points per shingle.
        threshold: pairs whose Jaccard similarity cannot reach it are not compared to the end.
        threads: how many to use; the result does not depend on it.

    Returns:
        The number of distinct shingles in both (-1 where they were not compared), shape (pairs,), and those of the
        left and of the right text, shape (pairs, 2).
    """
    common = np.empty(len(left), dtype=np.int64)
    sizes = np.zeros((len(left), 2), dtype=np.int64)
    if len(left) == 0:
        return common, sizes
    length = texts.sizes()
    cost = np.cumsum(length[left] + length[right])
    cuts = [0]
    while cuts[-1] < len(left):
        spent = cost[cuts[-1] - 1] if cuts[-1] else 0
        cuts.append(max(int(np.searchsorted(cost, spent + _BLOCK_BYTES, side="right")), cuts[-1] + 1))

    def block(start: int, end: int) -> None:
        from cmtmed.dedup.kernels_pairs import compare_pairs

        rows, place = np.unique(np.concatenate([left[start:end], right[start:end]]), return_inverse=True)
        chunk, half = texts.gather(rows), end - start
        compare_pairs(
            chunk.data, chunk.offsets, place[:half], place[half:], ngram, threshold, common[start:end], sizes[start:end]
        )

    in_threads(block, list(pairwise(cuts)), threads)
    return common, sizes


def jaccard(common: Positions, sizes: Positions) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity from the counts of `overlaps`; 0 for texts without shingles, -1 for -1."""
    union = sizes.sum(axis=1) - common
    return np.where(common < 0, -1.0, common / np.maximum(union, 1))
