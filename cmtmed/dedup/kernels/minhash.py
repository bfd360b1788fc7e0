"""Inner loops of MinHash: signatures, band keys and text hashes in one pass over the texts."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels.hashing import PRIME, hash_ngrams, hash_positions, mix32, mix64, ngram_powers
from cmtmed.dedup.kernels.utf8 import decode

_M61 = np.uint64(2**61 - 1)
_BLOCK = 1 << 12
"""Code points hashed at a time: their buffers stay in the first-level cache."""


@njit(cache=True, nogil=True)
def hash_texts(data, offsets, start, end, hashes, lengths):
    """Write a hash of each whole text, white space removed, and its code points."""
    codes = np.empty(_BLOCK + 1, dtype=np.uint32)
    for row in range(start, end):
        offset, stop = offsets[row], offsets[row + 1]
        length, text_hash = 0, np.uint64(0)
        while offset < stop:
            offset, count = decode(data, offset, stop, codes, 0, _BLOCK)
            text_hash += hash_positions(codes, 0, count, length)
            length += count
        hashes[row] = mix64(text_hash + np.uint64(length))
        lengths[row] = length


@njit(cache=True, nogil=True)
def sign_texts(
    data, offsets, start, end, ngram, legacy, a, b, hashes, lengths, values, bands, rows, keys, low
):  # fmt: skip
    """Write for each text: hash, length, MinHash values, band keys, and the low bytes of the values.

    ``values`` may have no rows, or ``keys`` no bands and ``low`` no rows: what has no room is not written. MinHash
    values are the minima over shingle hashes h (the upper 32 bits of the n-gram's hash) of ``a * mix32(h) + b`` modulo
    2**32 or, for ``legacy``, of ``(a * h + b) % (2**61 - 1)`` modulo 2**32.
    """
    perms = len(a)
    powers = ngram_powers(ngram)
    codes = np.empty(_BLOCK + ngram, dtype=np.uint32)
    wide = np.empty(_BLOCK + ngram, dtype=np.uint64)
    mixed = np.empty(_BLOCK + ngram, dtype=np.uint32)
    minima = np.empty(perms, dtype=np.uint32)
    narrow_a, narrow_b = a.astype(np.uint32), b.astype(np.uint32)
    for row in range(start, end):
        minima[:] = np.uint32(0xFFFFFFFF)
        offset, stop = offsets[row], offsets[row + 1]
        # The last ngram - 1 code points of a block are carried over to the next one.
        length, overlap, text_hash = 0, 0, np.uint64(0)
        while offset < stop:
            offset, count = decode(data, offset, stop, codes, overlap, _BLOCK + ngram - 1)
            text_hash += hash_positions(codes, overlap, count, length)
            length += count - overlap
            if count < ngram:
                overlap = count
                continue
            total = hash_ngrams(codes, count, powers, wide)
            if legacy:
                _minimize_legacy(wide, total, a, b, minima)
            else:
                for i in range(total):
                    mixed[i] = mix32(np.uint32(wide[i] >> np.uint64(32)))
                _minimize_affine(mixed, total, narrow_a, narrow_b, minima)
            overlap = ngram - 1
            for i in range(overlap):
                codes[i] = codes[total + i]
        hashes[row] = mix64(text_hash + np.uint64(length))
        lengths[row] = length
        if len(values):
            values[row] = minima
        for band in range(bands):
            key = np.uint64(band)
            for i in range(band * rows, band * rows + rows):
                key = mix64(key * PRIME + np.uint64(minima[i]))
            keys[band, row] = key
        if len(low):
            for i in range(perms):
                low[row, i] = np.uint8(minima[i])


@njit(cache=True, nogil=True, inline="always")
def _minimize_affine(mixed, total, a, b, minima):
    # Four permutations at a time: each hash is loaded once for all of them.
    perms = len(a)
    tiled = perms - perms % 4
    for p in range(0, tiled, 4):
        a0, a1, a2, a3 = a[p], a[p + 1], a[p + 2], a[p + 3]
        b0, b1, b2, b3 = b[p], b[p + 1], b[p + 2], b[p + 3]
        m0, m1, m2, m3 = minima[p], minima[p + 1], minima[p + 2], minima[p + 3]
        for i in range(total):
            value = mixed[i]
            m0 = min(m0, np.uint32(a0 * value + b0))
            m1 = min(m1, np.uint32(a1 * value + b1))
            m2 = min(m2, np.uint32(a2 * value + b2))
            m3 = min(m3, np.uint32(a3 * value + b3))
        minima[p], minima[p + 1], minima[p + 2], minima[p + 3] = m0, m1, m2, m3
    for p in range(tiled, perms):
        for i in range(total):
            minima[p] = min(minima[p], np.uint32(a[p] * mixed[i] + b[p]))


@njit(cache=True, nogil=True, inline="always")
def _minimize_legacy(wide, total, a, b, minima):
    for p in range(len(a)):
        for i in range(total):
            value = a[p] * (wide[i] >> np.uint64(32)) + b[p]
            # Modulo a Mersenne prime by shift and add; the carry of a * h + b beyond 64 bits is lost, as in datasketch.
            value = (value & _M61) + (value >> np.uint64(61))
            if value >= _M61:
                value -= _M61
            minima[p] = min(minima[p], np.uint32(value & np.uint64(0xFFFFFFFF)))
