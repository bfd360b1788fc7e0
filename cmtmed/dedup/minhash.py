"""MinHash signatures of many texts at once.

Broder, "On the resemblance and containment of documents", 1997. The share of equal values in two signatures estimates
the Jaccard similarity of their shingle sets, with a standard error of ``sqrt(j * (1 - j) / num_perm)``.

Signatures are bit-equal to ``datasketch.MinHash(num_perm, seed, hashfunc=shingle_hash, scheme=...)`` fed with the same
shingles, for the schemes ``affine32`` (datasketch 2) and ``legacy`` (datasketch 1). Signatures of different schemes, or
made with another hash function, are not comparable.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.texts import Chunk, Positions, Texts, UInt64s
from cmtmed.dedup.threads import run_in_threads
from cmtmed.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

UInt32s = npt.NDArray[np.uint32]
Scheme = Literal["affine32", "legacy"]
_M61: Final = 2**61 - 1
_BLOCK_BYTES: Final = 2**19


@dataclass(frozen=True)
class SignatureBatch:
    """What deduplication keeps of a batch of texts.

    Attributes:
        hashes: hash of each whole text, white space removed, shape (texts,).
        lengths: code points that are not white space, shape (texts,).
        band_keys: a hash of each band of the signature, shape (bands, texts).
        low_bytes: the low byte of each signature value, shape (texts, num_perm). The low bytes of two different values
            are equal once in 256 times, so they show the similarity of two texts nearly as well as the values do.
    """

    hashes: UInt64s
    lengths: Positions
    band_keys: UInt64s
    low_bytes: npt.NDArray[np.uint8]

    @classmethod
    def allocate(cls, texts: int, bands: int, num_perm: int, *, low_bytes: bool) -> SignatureBatch:
        """Allocate arrays for a number of texts, with or without room for low bytes."""
        return cls(
            hashes=np.empty(texts, dtype=np.uint64),
            lengths=np.empty(texts, dtype=np.int64),
            band_keys=np.empty((bands, texts), dtype=np.uint64),
            low_bytes=np.empty((texts if low_bytes else 0, num_perm), dtype=np.uint8),
        )


def compute_signatures(chunk: Chunk, config: MinHashConfig, *, values: UInt32s | None = None) -> SignatureBatch:
    """Compute band keys, low bytes, hashes and lengths of texts in one pass over them.

    Args:
        chunk: the texts.
        config: parameters of the signatures.
        values: where to write the full signatures as well, shape (texts, num_perm).
    """
    bands, rows = config.bands
    batch = SignatureBatch.allocate(len(chunk), bands, config.num_perm, low_bytes=True)
    full = np.empty((0, config.num_perm), dtype=np.uint32) if values is None else values
    _sign(chunk, batch, full, rows, config.ngram, permutations(config.num_perm, config.seed), threads=config.threads)
    return batch


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
        seed: seed of the permutations.
        scheme: ``affine32``, the permutations of datasketch 2, or ``legacy``, those of datasketch 1.
        threads: number of threads; the result does not depend on it.

    Returns:
        Array of shape (texts, num_perm). A text shorter than one shingle has all values at their maximum.

    Raises:
        UsageError: the scheme is unknown.
    """
    values = np.empty((len(texts), num_perm), dtype=np.uint32)
    factors = permutations(num_perm, seed, scheme)
    buffers = Texts.from_column(texts)
    for chunk, first in zip(buffers.chunks, buffers.starts, strict=False):
        n = len(chunk)
        batch = SignatureBatch.allocate(n, 0, num_perm, low_bytes=False)
        _sign(chunk, batch, values[first : first + n], 1, ngram, factors, legacy=scheme == "legacy", threads=threads)
    return values


def _sign(
    chunk: Chunk,
    batch: SignatureBatch,
    values: UInt32s,
    rows: int,
    ngram: int,
    factors: tuple[UInt64s, UInt64s],
    *,
    legacy: bool = False,
    threads: int | None = None,
) -> None:
    from cmtmed.dedup.kernels.minhash import sign_texts

    a, b = factors
    bands = len(batch.band_keys)

    def sign_range(start: int, end: int) -> None:
        sign_texts(
            chunk.data, chunk.offsets, start, end, ngram, legacy, a, b, batch.hashes, batch.lengths,
            values, bands, rows, batch.band_keys, batch.low_bytes,
        )  # fmt: skip

    run_in_threads(sign_range, chunk.split_ranges(_BLOCK_BYTES), threads)


@cache
def permutations(num_perm: int, seed: int, scheme: Scheme = "affine32") -> tuple[UInt64s, UInt64s]:
    """Return the factors and offsets of datasketch's permutations, each of shape (num_perm,).

    Drawn as datasketch draws them; importing it would take longer than signing ten thousand dialogues.

    Raises:
        UsageError: the scheme is unknown.
    """
    generator = np.random.RandomState(seed)
    if scheme == "legacy":
        pairs = [
            (generator.randint(1, _M61, dtype=np.uint64), generator.randint(0, _M61, dtype=np.uint64))
            for _ in range(num_perm)
        ]
        a, b = np.array(pairs, dtype=np.uint64).reshape(num_perm, 2).T
        return np.ascontiguousarray(a), np.ascontiguousarray(b)
    if scheme != "affine32":
        raise UsageError(f"unknown scheme {scheme!r}; available: affine32, legacy")
    # Odd factors, so that the map is a permutation of 32-bit values.
    factors = generator.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors.astype(np.uint64), generator.randint(0, 1 << 32, num_perm, dtype=np.uint32).astype(np.uint64)
