"""MinHash signatures of many texts at once.

Broder, "On the resemblance and containment of documents", 1997. The share of equal values of two signatures estimates
the Jaccard similarity of their shingle sets, with a standard error of ``sqrt(j * (1 - j) / num_perm)``.

Signatures are bit-equal to ``datasketch.MinHash(num_perm, seed, hashfunc=shingle_hash, scheme="affine32")`` fed with
the same shingles; permutations are taken from datasketch itself, so that they stay equal. They do not compare with
signatures of datasketch 1.x (scheme ``legacy``), nor with ones made with another hash function.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.shingle import Texts, in_threads

UInt32s = npt.NDArray[np.uint32]
_M64 = 2**64 - 1
_BLOCK_BYTES = 2**21


def signatures(
    texts: pl.Series, *, ngram: int = 5, num_perm: int = 128, seed: int = 1, threads: int | None = None
) -> UInt32s:
    """Return the signatures of texts.

    Args:
        texts: String; null counts as empty.
        ngram: code points per shingle, white space removed.
        num_perm: values per signature.
        seed: of the permutations.
        threads: how many to use; the result does not depend on it.

    Returns:
        Array of shape (texts, num_perm). A text shorter than one shingle has all values at their maximum.
    """
    from cmtmed.dedup.kernels import sign_affine

    a, b = permutations(num_perm, seed)
    laid = Texts.of(texts)
    out = np.empty((len(laid), num_perm), dtype=np.uint32)
    in_threads(
        lambda start, end: sign_affine(laid.data, laid.offsets, start, end, ngram, a, b, out),
        laid.blocks(_BLOCK_BYTES),
        threads,
    )
    return out


@cache
def permutations(num_perm: int, seed: int) -> tuple[UInt32s, UInt32s]:
    """Return the factors and offsets of datasketch's ``affine32`` permutations, each of shape (num_perm,)."""
    from datasketch import MinHash

    a, b = MinHash(num_perm=num_perm, seed=seed, scheme="affine32").permutations
    return np.ascontiguousarray(a), np.ascontiguousarray(b)


def shingle_hash(shingle: bytes) -> int:
    """Hash one shingle (UTF-8) to 32 bits exactly as the kernels do: the ``hashfunc`` to give to datasketch.

    >>> shingle_hash("头痛三天了".encode()) < 2**32
    True
    """
    value = 0
    for sign in shingle.decode():
        value = (value * 0x9E3779B97F4A7C15 + ord(sign)) & _M64
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value ^= value >> 33
        value = value * factor & _M64
    return (value ^ (value >> 33)) >> 32
