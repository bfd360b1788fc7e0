"""Texts as contiguous UTF-8, and what the kernels make of it: n-grams of characters without white space.

A shingle is ``ngram`` code points in a row after all white space is removed, so that spacing and line breaks do not
tell two texts apart. A shingle's hash is a polynomial over its code points modulo 2**64, mixed by the finalizer of
MurmurHash3; equal hashes of different shingles have a chance of about 2**-64 a pair. No Python object is made for a
document or a shingle.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    import polars as pl

UInt64s = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chunk:
    """Some texts in one buffer.

    Attributes:
        data: all texts in UTF-8, one after another; may be larger than what the offsets name. Read-only.
        offsets: where each begins, and where the last one ends (length = number of texts + 1). Read-only.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, array: pa.Array) -> Chunk:
        """Look at an Arrow array of strings without copying its texts; a null is an empty text."""
        if array.null_count:
            array = array.fill_null("")
        if array.type != pa.large_string():
            array = array.cast(pa.large_string())
        count = len(array)
        if count == 0:
            return cls(_read_only(np.zeros(1, dtype=np.uint8)), _read_only(np.zeros(1, dtype=np.int64)))
        _, offsets, data = array.buffers()
        places = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + count + 1]
        held = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.zeros(1, dtype=np.uint8)
        return cls(_read_only(held), _read_only(places))

    @classmethod
    def over(cls, data: npt.NDArray[np.uint8], offsets: Positions) -> Chunk:
        """Look at UTF-8 bytes and offsets that somebody else has made."""
        return cls(_read_only(data), _read_only(offsets))

    def blocks(self, size: int) -> list[tuple[int, int]]:
        """Cut the texts into ranges of about ``size`` bytes each."""
        cuts = [0]
        while cuts[-1] < len(self):
            end = int(np.searchsorted(self.offsets, self.offsets[cuts[-1]] + size, side="left"))
            cuts.append(min(max(end, cuts[-1] + 1), len(self)))
        return list(pairwise(cuts))


class Texts:
    """Texts in any number of chunks: in memory, or in memory-mapped files that may be larger than memory."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        """Take chunks in their order; positions run through all of them."""
        self.chunks = tuple(chunk for chunk in chunks if len(chunk))
        self.starts = np.concatenate([[0], np.cumsum([len(chunk) for chunk in self.chunks])]).astype(np.int64)

    def __len__(self) -> int:
        return int(self.starts[-1])

    @classmethod
    def of(cls, texts: pl.Series | pa.Array | pa.ChunkedArray) -> Texts:
        """Look at strings of Polars (copied once) or Arrow (not copied); a null is an empty text."""
        if isinstance(texts, pa.ChunkedArray):
            return cls(Chunk.of(array) for array in texts.chunks)
        if isinstance(texts, pa.Array):
            return cls([Chunk.of(texts)])
        # Polars keeps strings as views into many buffers; in slices, so that several are laid out at a time.
        rows = max(1, -(-len(texts) // (4 * default_threads())))
        parts = [texts.slice(start, rows) for start in range(0, len(texts), rows)]
        with ThreadPoolExecutor(default_threads()) as pool:
            return cls(pool.map(_laid_out, parts))

    def sizes(self) -> Positions:
        """Return the length in bytes of each text."""
        parts = [np.diff(chunk.offsets) for chunk in self.chunks]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def gather(self, rows: Positions) -> Chunk:
        """Copy the named texts, in this order, into one chunk."""
        from cmtmed.dedup.kernels_pairs import copy_texts

        owner = np.searchsorted(self.starts, rows, side="right") - 1
        sizes = np.zeros(len(rows), dtype=np.int64)
        shares = []
        for number in np.unique(owner):
            places = np.flatnonzero(owner == number)
            chunk, inside = self.chunks[number], rows[places] - self.starts[number]
            sizes[places] = chunk.offsets[inside + 1] - chunk.offsets[inside]
            shares.append((chunk, inside, places))
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        data = np.empty(max(1, int(offsets[-1])), dtype=np.uint8)
        for chunk, inside, places in shares:
            copy_texts(chunk.data, chunk.offsets, inside, places, data, offsets)
        return Chunk.over(data, offsets)


def _laid_out(part: pl.Series) -> Chunk:
    import polars as pl

    return Chunk.of(part.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def in_threads(work: Callable[[int, int], Any], ranges: Sequence[tuple[int, int]], threads: int | None = None) -> None:
    """Call ``work(start, end)`` for all ranges; kernels release the interpreter lock, so threads run side by side.

    What is written for one range does not depend on any other, so neither does the result on the number of threads.
    """
    count = threads or default_threads()
    if count == 1 or len(ranges) <= 1:
        for start, end in ranges:
            work(start, end)
        return
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work, start, end) for start, end in ranges]:
            done.result()


def default_threads() -> int:
    """Return ``NUMBA_NUM_THREADS`` if it is set, else the cores that this process may use."""
    told = os.environ.get("NUMBA_NUM_THREADS", "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def text_hashes(texts: pl.Series) -> pl.Series:
    """Return a 64-bit hash of each text without its white space, the same on every machine (UInt64).

    >>> import polars as pl
    >>> one, other, third = text_hashes(pl.Series(["头痛 三天", "头痛三天", "头痛四天"]))
    >>> one == other, one == third
    (True, False)
    """
    import polars as pl

    out = np.empty(len(texts), dtype=np.uint64)
    laid = Texts.of(texts)
    for chunk, first in zip(laid.chunks, laid.starts, strict=False):
        work = partial(_hash, chunk, out[first : first + len(chunk)])
        in_threads(work, chunk.blocks(2**22))
    return pl.Series(texts.name, out)


def _hash(chunk: Chunk, out: UInt64s, start: int, end: int) -> None:
    from cmtmed.dedup.kernels_sketch import hash_texts

    hash_texts(chunk.data, chunk.offsets, start, end, out)
