"""The inner loops, compiled by numba. They release the interpreter lock and write into arrays that they are given.

Compilation takes some seconds at the first call on a machine and is cached beside the source, or in the user's cache
directory where that is not writable.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_PRIME = np.uint64(0x9E3779B97F4A7C15)  # odd; 2**64 divided by the golden ratio


@njit(cache=True, nogil=True, inline="always")
def _mix64(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, inline="always")
def _is_space(code):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    # Compared one by one: a set literal would be built anew for every character.
    if code < 0x2000:
        return (9 <= code <= 13) or code == 32 or code == 0x85 or code == 0xA0 or code == 0x1680  # noqa: PLR1714
    if code <= 0x200A or code == 0x3000:
        return True
    return code == 0x2028 or code == 0x2029 or code == 0x202F or code == 0x205F  # noqa: PLR1714


@njit(cache=True, nogil=True)
def decode(data, start, end, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the code points of valid UTF-8 without white space into ``out``; return how many."""
    count = 0
    at = start
    while at < end:
        first = np.int64(data[at])
        if first < 0x80:
            code = first
            at += 1
        elif first < 0xE0:
            code = (first & 0x1F) << 6 | (np.int64(data[at + 1]) & 0x3F)
            at += 2
        elif first < 0xF0:
            code = (first & 0x0F) << 12 | (np.int64(data[at + 1]) & 0x3F) << 6 | (np.int64(data[at + 2]) & 0x3F)
            at += 3
        else:
            code = (
                (first & 0x07) << 18
                | (np.int64(data[at + 1]) & 0x3F) << 12
                | (np.int64(data[at + 2]) & 0x3F) << 6
                | (np.int64(data[at + 3]) & 0x3F)
            )
            at += 4
        if not _is_space(code):
            out[count] = np.uint64(code)
            count += 1
    return count


@njit(cache=True, nogil=True)
def grams(codes, count, ngram, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the hashes of all n-grams of ``codes[:count]`` into ``out``, in order; return how many."""
    if count < ngram:
        return 0
    leading = np.uint64(1)
    for _ in range(ngram - 1):
        leading *= _PRIME
    rolling = np.uint64(0)
    for at in range(ngram):
        rolling = rolling * _PRIME + codes[at]
    out[0] = _mix64(rolling)
    for at in range(ngram, count):
        rolling = (rolling - codes[at - ngram] * leading) * _PRIME + codes[at]
        out[at - ngram + 1] = _mix64(rolling)
    return count - ngram + 1


@njit(cache=True, nogil=True)
def longest(offsets, start, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return the length in bytes of the longest text of a range, at least 1."""
    most = 1
    for row in range(start, end):
        most = max(most, offsets[row + 1] - offsets[row])
    return most


@njit(cache=True, nogil=True)
def hash_texts(data, offsets, start, end, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write a hash of each whole text, white space removed."""
    codes = np.empty(longest(offsets, start, end), dtype=np.uint64)
    for row in range(start, end):
        count = decode(data, offsets[row], offsets[row + 1], codes)
        rolling = np.uint64(count)
        for at in range(count):
            rolling = rolling * _PRIME + codes[at]
        out[row] = _mix64(rolling)


@njit(cache=True, nogil=True)
def count_codes(data, offsets, start, end, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the number of code points of each text, white space not counted."""
    codes = np.empty(longest(offsets, start, end), dtype=np.uint64)
    for row in range(start, end):
        out[row] = decode(data, offsets[row], offsets[row + 1], codes)


@njit(cache=True, nogil=True)
def sign_affine(data, offsets, start, end, ngram, a, b, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write MinHash signatures of scheme ``affine32``: min over shingles of ``a * mix32(h) + b`` modulo 2**32."""
    size = longest(offsets, start, end)
    codes = np.empty(size, dtype=np.uint64)
    wide = np.empty(size, dtype=np.uint64)
    hashes = np.empty(size, dtype=np.uint32)
    perms = len(a)
    for row in range(start, end):
        count = grams(codes, decode(data, offsets[row], offsets[row + 1], codes), ngram, wide)
        for at in range(count):
            value = np.uint32(wide[at] >> np.uint64(32))
            value ^= value >> np.uint32(16)
            value = np.uint32(value * np.uint32(0x85EBCA6B))
            value ^= value >> np.uint32(13)
            value = np.uint32(value * np.uint32(0xC2B2AE35))
            hashes[at] = value ^ (value >> np.uint32(16))
        # Four permutations at a time: each hash is loaded once for all of them.
        tiled = perms - perms % 4
        for p in range(0, tiled, 4):
            a0, a1, a2, a3 = a[p], a[p + 1], a[p + 2], a[p + 3]
            b0, b1, b2, b3 = b[p], b[p + 1], b[p + 2], b[p + 3]
            m0 = m1 = m2 = m3 = np.uint32(0xFFFFFFFF)
            for at in range(count):
                value = hashes[at]
                m0 = min(m0, np.uint32(a0 * value + b0))
                m1 = min(m1, np.uint32(a1 * value + b1))
                m2 = min(m2, np.uint32(a2 * value + b2))
                m3 = min(m3, np.uint32(a3 * value + b3))
            out[row, p], out[row, p + 1], out[row, p + 2], out[row, p + 3] = m0, m1, m2, m3
        for p in range(tiled, perms):
            least = np.uint32(0xFFFFFFFF)
            for at in range(count):
                least = min(least, np.uint32(a[p] * hashes[at] + b[p]))
            out[row, p] = least


@njit(cache=True, nogil=True)
def band_keys(signatures, start, end, first, rows, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the key of one band: a 64-bit hash of ``rows`` signature values from ``first`` on."""
    for row in range(start, end):
        key = np.uint64(first)
        for at in range(first, first + rows):
            key = _mix64(key * _PRIME + np.uint64(signatures[row, at]))
        out[row] = key


@njit(cache=True, nogil=True)
def agreements(signatures, left, right, start, end, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write how many signature values two rows share, for each pair."""
    perms = signatures.shape[1]
    for pair in range(start, end):
        same = 0
        for at in range(perms):
            same += signatures[left[pair], at] == signatures[right[pair], at]
        out[pair] = same


@njit(cache=True, nogil=True)
def gram_sets(data, offsets, rows, ngram, starts, out, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the sorted set of n-gram hashes of each named text at its place in ``out``, and its size."""
    most = 1
    for row in rows:
        most = max(most, offsets[row + 1] - offsets[row])
    codes = np.empty(most, dtype=np.uint64)
    for place in range(len(rows)):
        row = rows[place]
        begin = starts[place]
        part = out[begin : starts[place + 1]]
        count = grams(codes, decode(data, offsets[row], offsets[row + 1], codes), ngram, part)
        part[:count].sort()
        kept = 0
        for at in range(count):
            if at == 0 or part[at] != part[at - 1]:
                part[kept] = part[at]
                kept += 1
        sizes[place] = kept


@njit(cache=True, nogil=True)
def jaccards(starts, sets, sizes, left, right, threshold, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the Jaccard similarity of pairs of sorted sets; -1 where their sizes alone keep it below the threshold."""
    for pair in range(len(left)):
        one, other = left[pair], right[pair]
        n, m = sizes[one], sizes[other]
        if min(n, m) < threshold * max(n, m) or n == 0 or m == 0:
            out[pair] = -1.0
            continue
        at, to, common = starts[one], starts[other], 0
        last, end = at + n, to + m
        while at < last and to < end:
            x, y = sets[at], sets[to]
            common += x == y
            at += x <= y
            to += y <= x
        out[pair] = common / (n + m - common)


@njit(cache=True, nogil=True)
def unite(left, right, parent):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Union-find over pairs: afterwards every element points at the smallest of its component."""
    for pair in range(len(left)):
        x, y = left[pair], right[pair]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y
    for x in range(len(parent)):
        # Parents are smaller than their children, so the parent's own root is known by now.
        parent[x] = parent[parent[x]]


@njit(cache=True, nogil=True)
def contained(data, offsets, start, end, ngram, reference, sieve, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write which share of a text's n-grams stands in a sorted reference; 0 for a text without n-grams."""
    codes = np.empty(longest(offsets, start, end), dtype=np.uint64)
    hashes = np.empty(len(codes), dtype=np.uint64)
    mask = np.uint64(len(sieve) - 1)
    for row in range(start, end):
        count = grams(codes, decode(data, offsets[row], offsets[row + 1], codes), ngram, hashes)
        found = 0
        for at in range(count):
            value = hashes[at]
            if sieve[value & mask]:
                place = np.searchsorted(reference, value)
                found += place < len(reference) and reference[place] == value
        out[row] = found / count if count else 0.0
