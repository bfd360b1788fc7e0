"""The exact Jaccard similarity of candidate pairs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.shingle import Texts, in_threads

_BLOCK_BYTES = 2**24
"""UTF-8 bytes whose shingle sets are held at a time, per thread; the sets take up to eight times that."""


def jaccard(
    texts: Texts, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], *, ngram: int, threshold: float = 0.0
) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of the shingle sets of pairs of texts.

    Args:
        texts: all texts.
        left: positions, one a pair.
        right: positions, one a pair.
        ngram: code points per shingle.
        threshold: pairs whose sizes alone keep them below it are not compared and get -1.

    Returns:
        One value a pair. A text without a shingle is similar to nothing here.
    """
    out = np.empty(len(left), dtype=np.float64)
    size = np.diff(texts.offsets)
    cost = np.cumsum(size[left] + size[right])
    cuts = [0]
    while cuts[-1] < len(left):
        spent = cost[cuts[-1] - 1] if cuts[-1] else 0
        cuts.append(max(int(np.searchsorted(cost, spent + _BLOCK_BYTES, side="right")), cuts[-1] + 1))

    def block(start: int, end: int) -> None:
        from cmtmed.dedup.kernels import gram_sets, jaccards

        rows, place = np.unique(np.concatenate([left[start:end], right[start:end]]), return_inverse=True)
        # A text has at most as many shingles as bytes; for Chinese a third of that.
        starts = np.concatenate([[0], np.cumsum(size[rows])]).astype(np.int64)
        sets = np.empty(int(starts[-1]), dtype=np.uint64)
        sizes = np.empty(len(rows), dtype=np.int64)
        gram_sets(texts.data, texts.offsets, rows, ngram, starts, sets, sizes)
        half = end - start
        jaccards(starts, sets, sizes, place[:half], place[half:], threshold, out[start:end])

    in_threads(block, list(pairwise(cuts)))
    return out
