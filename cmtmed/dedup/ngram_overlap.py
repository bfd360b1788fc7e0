"""N-gram overlap with a test set: containment of character n-grams (Broder 1997)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.texts import Chunk, Texts, UInt64s
from cmtmed.dedup.threads import run_in_threads

_BLOCK_BYTES = 2**21


def hash_ngrams(texts: pl.Series, n: int = 13) -> tuple[npt.NDArray[np.uint32], UInt64s]:
    """Return the distinct n-grams of each text, white space removed.

    Args:
        texts: String; a text shorter than ``n`` has no n-gram.
        n: code points per n-gram.

    Returns:
        Two arrays of equal length: the number of the text, ascending, and the n-gram's 64-bit hash.
    """
    from cmtmed.dedup.kernels.ngram_overlap import collect_ngrams

    chunk = Texts.from_column(texts).gather(np.arange(len(texts)))
    # A text has fewer n-grams than bytes; for Chinese a third.
    hashes, sizes = np.empty(int(chunk.offsets[-1]), dtype=np.uint64), np.zeros(len(chunk), dtype=np.int64)
    run_in_threads(
        lambda start, end: collect_ngrams(chunk.data, chunk.offsets, start, end, n, chunk.offsets, hashes, sizes),
        chunk.split_ranges(_BLOCK_BYTES),
    )
    text = np.repeat(np.arange(len(chunk)), sizes)
    rank = np.arange(len(text)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return text.astype(np.uint32), hashes[np.repeat(chunk.offsets[:-1], sizes) + rank]


def ngram_containment(texts: pl.Series, reference: UInt64s, n: int = 13) -> npt.NDArray[np.float64]:
    """Return the share of each text's n-grams, repeats counted, that a reference holds.

    Args:
        texts: String.
        reference: hashes from `hash_ngrams`.
        n: code points per n-gram, the same as in the reference.

    Returns:
        One value per text, 0 to 1; 0 where it is shorter than ``n``.
    """
    from cmtmed.dedup.kernels.hashing import fill_table
    from cmtmed.dedup.kernels.ngram_overlap import share_in_table

    shares = np.zeros(len(texts), dtype=np.float64)
    if len(reference) == 0:
        return shares
    table = np.zeros(1 << max(6, int(2 * len(reference)).bit_length()), dtype=np.uint64)
    fill_table(np.ascontiguousarray(reference), table)
    buffers = Texts.from_column(texts)
    for chunk, first in zip(buffers.chunks, buffers.starts, strict=False):

        def fill_range(start: int, end: int, chunk: Chunk = chunk, first: int = first) -> None:
            share_in_table(chunk.data, chunk.offsets, start, end, n, table, shares[first : first + len(chunk)])

        run_in_threads(fill_range, chunk.split_ranges(_BLOCK_BYTES))
    return shares
