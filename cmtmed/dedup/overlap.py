"""How much of a text stands in a test set: containment of character n-grams (Broder 1997)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.shingle import Texts, UInt64s, in_threads


def gram_hashes(texts: pl.Series, n: int = 13) -> tuple[npt.NDArray[np.uint32], UInt64s]:
    """Return the distinct n-grams of each text, white space removed.

    Args:
        texts: String; a text shorter than ``n`` has no n-gram.
        n: code points per n-gram.

    Returns:
        Two arrays of equal length: the number of the text, ascending, and the n-gram's 64-bit hash.
    """
    from cmtmed.dedup.kernels import gram_sets

    laid = Texts.of(texts)
    rows = np.arange(len(laid), dtype=np.int64)
    starts = laid.offsets - laid.offsets[0]
    sets = np.empty(int(starts[-1]), dtype=np.uint64)
    sizes = np.zeros(len(laid), dtype=np.int64)
    gram_sets(laid.data, laid.offsets, rows, n, starts, sets, sizes)
    text = np.repeat(rows, sizes)
    inside = np.arange(len(text)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return text.astype(np.uint32), sets[np.repeat(starts[:-1], sizes) + inside]


def containment(texts: pl.Series, reference: UInt64s, n: int = 13) -> npt.NDArray[np.float64]:
    """Return which share of each text's n-grams, repeats counted, stands in a reference.

    Args:
        texts: String.
        reference: hashes from `gram_hashes`, sorted and without repeats.
        n: code points per n-gram, the same as in the reference.

    Returns:
        One value from 0 to 1 a text; 0 where it is shorter than ``n``.
    """
    from cmtmed.dedup.kernels import contained

    laid = Texts.of(texts)
    out = np.zeros(len(laid), dtype=np.float64)
    if len(reference) == 0:
        return out
    # One bit a hash, sixteen times as many as there are: most n-grams need no search.
    sieve = np.zeros(1 << int(16 * len(reference)).bit_length(), dtype=np.bool_)
    sieve[reference & np.uint64(len(sieve) - 1)] = True
    in_threads(
        lambda start, end: contained(laid.data, laid.offsets, start, end, n, reference, sieve, out),
        laid.blocks(2**21),
    )
    return out
