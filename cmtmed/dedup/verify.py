"""Exact comparison of candidate pairs: how many shingles two texts have in common."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.texts import Positions, Texts
from cmtmed.dedup.threads import run_in_threads

_BLOCK_BYTES: Final = 2**24
"""UTF-8 bytes of the texts that are compared at a time, per thread."""


def count_shingles(
    texts: Texts,
    first: Positions,
    second: Positions,
    *,
    ngram: int,
    threshold: float = 0.0,
    threads: int | None = None,
) -> tuple[Positions, Positions]:
    """Count the shingles of pairs of texts.

    Args:
        texts: all texts.
        first: position of the first text of each pair; pairs with the same first text should follow one another.
        second: position of the second text of each pair.
        ngram: code points per shingle.
        threshold: pairs whose Jaccard similarity cannot reach it are not compared to the end.
        threads: number of threads; the result does not depend on it.

    Returns:
        The number of distinct shingles in both (-1 where the comparison was given up), shape (pairs,), and those of the
        first and of the second text, shape (pairs, 2).
    """
    common = np.empty(len(first), dtype=np.int64)
    sizes = np.zeros((len(first), 2), dtype=np.int64)
    if len(first) == 0:
        return common, sizes
    text_bytes = texts.sizes()
    cost = np.cumsum(text_bytes[first] + text_bytes[second])
    cuts = [0]
    while cuts[-1] < len(first):
        spent = cost[cuts[-1] - 1] if cuts[-1] else 0
        cuts.append(max(int(np.searchsorted(cost, spent + _BLOCK_BYTES, side="right")), cuts[-1] + 1))

    def compare_block(start: int, end: int) -> None:
        from cmtmed.dedup.kernels.verify import compare_pairs

        rows, index = np.unique(np.concatenate([first[start:end], second[start:end]]), return_inverse=True)
        chunk, pairs = texts.gather(rows), end - start
        compare_pairs(
            chunk.data,
            chunk.offsets,
            index[:pairs],
            index[pairs:],
            ngram,
            threshold,
            common[start:end],
            sizes[start:end],
        )

    run_in_threads(compare_block, list(pairwise(cuts)), threads)
    return common, sizes


def jaccard(common: Positions, sizes: Positions) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity from `count_shingles`; 0 for texts without shingles, -1 where the count is -1."""
    union = sizes.sum(axis=1) - common
    return np.where(common < 0, -1.0, common / np.maximum(union, 1))
