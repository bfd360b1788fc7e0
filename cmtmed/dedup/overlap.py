"""How much of a text stands in a test set: containment of character n-grams (Broder 1997)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.shingle import Chunk, Texts, UInt64s, in_threads


def gram_hashes(texts: pl.Series, n: int = 13) -> tuple[npt.NDArray[np.uint32], UInt64s]:
    """Return the distinct n-grams of each text, white space removed.

    Args:
        texts: String; a text shorter than ``n`` has no n-gram.
        n: code points per n-gram.

    Returns:
        Two arrays of equal length: the number of the text, ascending, and the n-gram's 64-bit hash.
    """
    from cmtmed.dedup.kernels_overlap import gram_sets

    laid = Texts.of(texts).gather(np.arange(len(texts)))
    # A text has fewer n-grams than bytes; for Chinese a third of that.
    sets, sizes = np.empty(int(laid.offsets[-1]), dtype=np.uint64), np.zeros(len(laid), dtype=np.int64)
    in_threads(
        lambda start, end: gram_sets(laid.data, laid.offsets, start, end, n, laid.offsets, sets, sizes),
        laid.blocks(2**21),
    )
    text = np.repeat(np.arange(len(laid)), sizes)
    inside = np.arange(len(text)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return text.astype(np.uint32), sets[np.repeat(laid.offsets[:-1], sizes) + inside]


def containment(texts: pl.Series, reference: UInt64s, n: int = 13) -> npt.NDArray[np.float64]:
    """Return which share of each text's n-grams, repeats counted, stands in a reference.

    Args:
        texts: String.
        reference: hashes from `gram_hashes`.
        n: code points per n-gram, the same as in the reference.

    Returns:
        One value from 0 to 1 a text; 0 where it is shorter than ``n``.
    """
    from cmtmed.dedup.kernels_overlap import contained, fill_table

    out = np.zeros(len(texts), dtype=np.float64)
    if len(reference) == 0:
        return out
    table = np.zeros(1 << max(6, int(2 * len(reference)).bit_length()), dtype=np.uint64)
    fill_table(np.ascontiguousarray(reference), table)
    laid = Texts.of(texts)
    for chunk, first in zip(laid.chunks, laid.starts, strict=False):

        def work(start: int, end: int, chunk: Chunk = chunk, first: int = first) -> None:
            contained(chunk.data, chunk.offsets, start, end, n, table, out[first : first + len(chunk)])

        in_threads(work, chunk.blocks(2**21))
    return out
