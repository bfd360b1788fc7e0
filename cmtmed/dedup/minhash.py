"""MinHash signatures of many texts at once, and the sketches that deduplication works on.

Broder, "On the resemblance and containment of documents", 1997. The share of equal values of two signatures estimates
the Jaccard similarity of their shingle sets, with a standard error of ``sqrt(j * (1 - j) / num_perm)``.

Signatures are bit-equal to ``datasketch.MinHash(num_perm, seed, hashfunc=shingle_hash, scheme=...)`` fed with the same
shingles, for the schemes ``affine32`` (datasketch 2) and ``legacy`` (datasketch 1). Signatures of different schemes, or
made with another hash function, do not compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.shingle import Chunk, Texts, UInt64s, in_threads
from cmtmed.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

UInt32s = npt.NDArray[np.uint32]
Scheme = Literal["affine32", "legacy"]
_M61: Final = 2**61 - 1
_M64: Final = 2**64 - 1
_BLOCK_BYTES: Final = 2**19


@dataclass(frozen=True)
class Sketch:
    """What deduplication keeps of some texts.

    Attributes:
        hashes: of the whole text, white space removed, shape (texts,).
        counts: code points that are not white space, shape (texts,).
        keys: a hash of each band of the signature, shape (bands, texts).
        low: the low byte of each signature value, shape (texts, num_perm). Two bytes of different values are equal
            once in 256 times, so that they tell nearly as well as the values how similar two texts are.
    """

    hashes: UInt64s
    counts: npt.NDArray[np.int64]
    keys: UInt64s
    low: npt.NDArray[np.uint8]


def sketch(
    chunk: Chunk,
    bands: int,
    rows: int,
    *,
    ngram: int,
    num_perm: int,
    seed: int = 1,
    threads: int | None = None,
    values: UInt32s | None = None,
) -> Sketch:
    """Sketch texts in one pass over them.

    Args:
        chunk: the texts.
        bands: number of bands.
        rows: signature values per band.
        ngram: code points per shingle.
        num_perm: values per signature.
        seed: of the permutations.
        threads: how many to use; the result does not depend on it.
        values: where the whole signatures go too, shape (texts, num_perm).
    """
    n = len(chunk)
    made = Sketch(
        hashes=np.empty(n, dtype=np.uint64),
        counts=np.empty(n, dtype=np.int64),
        keys=np.empty((bands, n), dtype=np.uint64),
        low=np.empty((n, num_perm), dtype=np.uint8),
    )
    whole = np.empty((0, num_perm), dtype=np.uint32) if values is None else values
    _run(chunk, made, whole, rows, (ngram, "affine32", num_perm, seed), threads)
    return made


def signatures(
    texts: pl.Series,
    *,
    ngram: int = 5,
    num_perm: int = 128,
    seed: int = 1,
    scheme: Scheme = "affine32",
    threads: int | None = None,
) -> UInt32s:
    """Return the signatures of texts.

    Args:
        texts: String; null counts as empty.
        ngram: code points per shingle, white space removed.
        num_perm: values per signature.
        seed: of the permutations.
        scheme: ``affine32``, the permutations of datasketch 2, or ``legacy``, those of datasketch 1.
        threads: how many to use; the result does not depend on it.

    Returns:
        Array of shape (texts, num_perm). A text shorter than one shingle has all values at their maximum.

    Raises:
        UsageError: an unknown scheme.
    """
    out = np.empty((len(texts), num_perm), dtype=np.uint32)
    laid = Texts.of(texts)
    for chunk, first in zip(laid.chunks, laid.starts, strict=False):
        n = len(chunk)
        made = Sketch(
            hashes=np.empty(n, dtype=np.uint64),
            counts=np.empty(n, dtype=np.int64),
            keys=np.empty((0, n), dtype=np.uint64),
            low=np.empty((0, num_perm), dtype=np.uint8),
        )
        _run(chunk, made, out[first : first + n], 1, (ngram, scheme, num_perm, seed), threads)
    return out


def _run(
    chunk: Chunk, made: Sketch, values: UInt32s, rows: int, how: tuple[int, Scheme, int, int], threads: int | None
) -> None:
    from cmtmed.dedup.kernels_sketch import sketch_texts

    ngram, scheme, num_perm, seed = how
    a, b = permutations(num_perm, seed, scheme)
    bands = len(made.keys)

    def work(start: int, end: int) -> Any:
        sketch_texts(
            chunk.data, chunk.offsets, start, end, ngram, scheme == "legacy", a, b, made.hashes, made.counts,
            values, bands, rows, made.keys, made.low,
        )  # fmt: skip

    in_threads(work, chunk.blocks(_BLOCK_BYTES), threads)


@cache
def permutations(num_perm: int, seed: int, scheme: Scheme = "affine32") -> tuple[UInt64s, UInt64s]:
    """Return the factors and offsets of datasketch's permutations, each of shape (num_perm,).

    Drawn as datasketch draws them, whose import would take longer than signing ten thousand dialogues.

    Raises:
        UsageError: an unknown scheme.
    """
    draw = np.random.RandomState(seed)
    if scheme == "legacy":
        pairs = [
            (draw.randint(1, _M61, dtype=np.uint64), draw.randint(0, _M61, dtype=np.uint64)) for _ in range(num_perm)
        ]
        a, b = np.array(pairs, dtype=np.uint64).reshape(num_perm, 2).T
        return np.ascontiguousarray(a), np.ascontiguousarray(b)
    if scheme != "affine32":
        raise UsageError(f"scheme is {scheme!r}; give 'affine32' or 'legacy'")
    odd = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return odd.astype(np.uint64), draw.randint(0, 1 << 32, num_perm, dtype=np.uint32).astype(np.uint64)


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
