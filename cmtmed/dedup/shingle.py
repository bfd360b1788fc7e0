"""Hashes of shingles (character n-grams, white space removed) and of whole texts.

A shingle's hash is a polynomial over its code points modulo 2**64, mixed by the finalizer of MurmurHash3; the hashes of
two different shingles are equal with a probability of about 2**-64.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import polars as pl

from cmtmed.dedup.texts import Chunk, Positions, Texts, UInt64s
from cmtmed.dedup.threads import run_in_threads

_M64: Final = 2**64 - 1


def shingle_hash(shingle: bytes) -> int:
    """Hash one shingle (UTF-8) to 32 bits exactly as the kernels do: the ``hashfunc`` to pass to datasketch.

    >>> shingle_hash("头痛三天了".encode()) < 2**32
    True
    """
    value = 0
    for character in shingle.decode():
        value = (value * 0x9E3779B97F4A7C15 + ord(character)) & _M64
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value ^= value >> 33
        value = value * factor & _M64
    return (value ^ (value >> 33)) >> 32


def hash_texts(texts: pl.Series) -> pl.Series:
    """Return a 64-bit hash of each text without its white space, the same on every machine (UInt64).

    >>> first, second, third = hash_texts(pl.Series(["头痛 三天", "头痛三天", "头痛四天"]))
    >>> first == second, first == third
    (True, False)
    """
    return hash_and_measure(texts)[0]


def hash_and_measure(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the hashes of `hash_texts`, and the characters of each text without its white space (Int64).

    >>> hash_and_measure(pl.Series(["头痛 三天", ""]))[1].to_list()
    [4, 0]
    """
    hashes = np.empty(len(texts), dtype=np.uint64)
    lengths = np.empty(len(texts), dtype=np.int64)
    buffers = Texts.from_column(texts)
    for chunk, first in zip(buffers.chunks, buffers.starts, strict=False):
        rows = slice(first, first + len(chunk))
        run_in_threads(partial(_hash_chunk, chunk, hashes[rows], lengths[rows]), chunk.split_ranges(2**22))
    return pl.Series(texts.name, hashes), pl.Series(texts.name, lengths)


def _hash_chunk(chunk: Chunk, hashes: UInt64s, lengths: Positions, start: int, end: int) -> None:
    from cmtmed.dedup.kernels import minhash as kernels

    kernels.hash_texts(chunk.data, chunk.offsets, start, end, hashes, lengths)
