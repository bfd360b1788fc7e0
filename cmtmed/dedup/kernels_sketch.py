"""Inner loops: one pass over texts makes all that deduplication knows of them. See `cmtmed.dedup.kernels`."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels import BLOCK, PRIME, decode, mix32, mix64, ngram_powers, ngrams, text_hash

_M61 = np.uint64(2**61 - 1)


@njit(cache=True, nogil=True)
def hash_texts(data, offsets, start, end, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write a hash of each whole text, white space removed."""
    codes = np.empty(BLOCK + 1, dtype=np.uint32)
    for row in range(start, end):
        at, stop = offsets[row], offsets[row + 1]
        total, whole = 0, np.uint64(0)
        while at < stop:
            at, count = decode(data, at, stop, codes, 0, BLOCK)
            whole += text_hash(codes, 0, count, total)
            total += count
        hashes[row] = mix64(whole + np.uint64(total))


@njit(cache=True, nogil=True)
def sketch_texts(  # type: ignore[no-untyped-def]  # noqa: ANN201
    data, offsets, start, end, ngram, legacy, a, b, hashes, counts, values, bands, rows, keys, low  # noqa: ANN001
):  # fmt: skip
    """Write what deduplication knows of each text: hash, length, MinHash values, band keys, low bytes of the values.

    ``values`` may have no rows, or ``keys`` no bands and ``low`` no rows: what has no room is not written. MinHash
    values are the minima over shingle hashes h (the upper 32 bits of the n-gram's hash) of ``a * mix32(h) + b`` modulo
    2**32, or, for ``legacy``, of ``(a * h + b) % (2**61 - 1)`` modulo 2**32.
    """
    perms = len(a)
    powers = ngram_powers(ngram)
    codes = np.empty(BLOCK + ngram, dtype=np.uint32)
    wide = np.empty(BLOCK + ngram, dtype=np.uint64)
    mixed = np.empty(BLOCK + ngram, dtype=np.uint32)
    least = np.empty(perms, dtype=np.uint32)
    small_a, small_b = a.astype(np.uint32), b.astype(np.uint32)
    for row in range(start, end):
        least[:] = np.uint32(0xFFFFFFFF)
        at, stop = offsets[row], offsets[row + 1]
        total, carried, whole = 0, 0, np.uint64(0)
        while at < stop:
            at, count = decode(data, at, stop, codes, carried, BLOCK + ngram - 1)
            whole += text_hash(codes, carried, count, total)
            total += count - carried
            if count < ngram:
                carried = count
                continue
            many = ngrams(codes, count, powers, wide)
            if legacy:
                _least_legacy(wide, many, a, b, least)
            else:
                for one in range(many):
                    mixed[one] = mix32(np.uint32(wide[one] >> np.uint64(32)))
                _least_affine(mixed, many, small_a, small_b, least)
            carried = ngram - 1
            for one in range(carried):
                codes[one] = codes[many + one]
        hashes[row] = mix64(whole + np.uint64(total))
        counts[row] = total
        if len(values):
            values[row] = least
        for band in range(bands):
            key = np.uint64(band)
            for place in range(band * rows, band * rows + rows):
                key = mix64(key * PRIME + np.uint64(least[place]))
            keys[band, row] = key
        if len(low):
            for place in range(perms):
                low[row, place] = np.uint8(least[place])


@njit(cache=True, nogil=True, inline="always")
def _least_affine(mixed, many, a, b, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    # Four permutations at a time: each hash is loaded once for all of them.
    perms = len(a)
    tiled = perms - perms % 4
    for p in range(0, tiled, 4):
        a0, a1, a2, a3 = a[p], a[p + 1], a[p + 2], a[p + 3]
        b0, b1, b2, b3 = b[p], b[p + 1], b[p + 2], b[p + 3]
        m0, m1, m2, m3 = least[p], least[p + 1], least[p + 2], least[p + 3]
        for at in range(many):
            value = mixed[at]
            m0 = min(m0, np.uint32(a0 * value + b0))
            m1 = min(m1, np.uint32(a1 * value + b1))
            m2 = min(m2, np.uint32(a2 * value + b2))
            m3 = min(m3, np.uint32(a3 * value + b3))
        least[p], least[p + 1], least[p + 2], least[p + 3] = m0, m1, m2, m3
    for p in range(tiled, perms):
        for at in range(many):
            least[p] = min(least[p], np.uint32(a[p] * mixed[at] + b[p]))


@njit(cache=True, nogil=True, inline="always")
def _least_legacy(wide, many, a, b, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for p in range(len(a)):
        for at in range(many):
            value = a[p] * (wide[at] >> np.uint64(32)) + b[p]
            # Modulo a Mersenne prime by shift and add; the carry of a * h + b beyond 64 bits is lost, as in datasketch.
            value = (value & _M61) + (value >> np.uint64(61))
            if value >= _M61:
                value -= _M61
            least[p] = min(least[p], np.uint32(value & np.uint64(0xFFFFFFFF)))
