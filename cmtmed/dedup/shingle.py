"""Texts as contiguous UTF-8, and what the kernels make of it: n-grams of characters without white space.

A shingle is ``ngram`` code points in a row after all white space is removed, so that spacing and line breaks do not
tell two texts apart. A shingle's hash is a polynomial over its code points modulo 2**64, mixed by the finalizer of
MurmurHash3; equal hashes of different shingles have a chance of about 2**-64 a pair. No Python object is made for a
document or a shingle.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

UInt64s = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Texts:
    """Texts in one buffer.

    Attributes:
        data: all texts in UTF-8, one after another.
        offsets: where each begins, and where the last one ends (length = number of texts + 1).
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, texts: pl.Series) -> Texts:
        """Lay a String series out in one buffer; a null is an empty text."""
        filled = texts.fill_null("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        array = filled.cast(pa.large_string())
        _, offsets, data = array.buffers()
        count = len(array)
        if count == 0:
            return cls(np.zeros(0, dtype=np.uint8), np.zeros(1, dtype=np.int64))
        places = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + count + 1]
        return cls(np.frombuffer(data or b"", dtype=np.uint8), places)

    def blocks(self, size: int) -> list[tuple[int, int]]:
        """Cut the texts into ranges of about ``size`` bytes each."""
        cuts = [0]
        while cuts[-1] < len(self):
            end = int(np.searchsorted(self.offsets, self.offsets[cuts[-1]] + size, side="left"))
            cuts.append(min(max(end, cuts[-1] + 1), len(self)))
        return list(pairwise(cuts))


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

    >>> one, other, third = text_hashes(pl.Series(["头痛 三天", "头痛三天", "头痛四天"]))
    >>> one == other, one == third
    (True, False)
    """
    from cmtmed.dedup.kernels import hash_texts

    laid = Texts.of(texts)
    out = np.empty(len(laid), dtype=np.uint64)
    in_threads(lambda start, end: hash_texts(laid.data, laid.offsets, start, end, out), laid.blocks(2**22))
    return pl.Series(texts.name, out)
