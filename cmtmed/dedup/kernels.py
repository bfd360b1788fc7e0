"""What the inner loops share: characters of UTF-8, their n-grams, hashes and tables.

All loops are compiled by numba, release the interpreter lock and write into arrays that they are given. Compilation
takes some seconds at the first call on a machine and is cached beside the source, or in the user's cache directory
where that is not writable (see `cmtmed.dedup.compilation`). Texts come as UTF-8 bytes and offsets, both read-only:
numba compiles another version for arrays that can be written to.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.compilation import watch

watch()

PRIME = np.uint64(0x9E3779B97F4A7C15)  # odd; 2**64 divided by the golden ratio
BLOCK = 1 << 12
"""Code points that are hashed at a time: what belongs to them stays in the first-level cache."""
_LONG = 1 << 16
"""Bytes of a text from which on its code points are counted before memory is set aside for them."""


@njit(cache=True, nogil=True, inline="always")
def mix64(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Spread the bits of a 64-bit value: the finalizer of MurmurHash3."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, inline="always")
def mix32(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Spread the bits of a 32-bit value: the finalizer of MurmurHash3."""
    value ^= value >> np.uint32(16)
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value ^= value >> np.uint32(13)
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return value ^ (value >> np.uint32(16))


@njit(cache=True, nogil=True, inline="always")
def is_space(code):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Say whether a code point is white space to Unicode."""
    # Compared one by one: a set literal would be built anew for every character.
    if code < 0x2000:
        return (9 <= code <= 13) or code == 32 or code == 0x85 or code == 0xA0 or code == 0x1680  # noqa: PLR1714
    if code <= 0x200A or code == 0x3000:
        return True
    return code == 0x2028 or code == 0x2029 or code == 0x202F or code == 0x205F  # noqa: PLR1714


@njit(cache=True, nogil=True, inline="always")
def _three(data, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return (
        (np.uint32(data[at]) & np.uint32(0x0F)) << np.uint32(12)
        | (np.uint32(data[at + 1]) & np.uint32(0x3F)) << np.uint32(6)
        | (np.uint32(data[at + 2]) & np.uint32(0x3F))
    )


@njit(cache=True, nogil=True, inline="always")
def _leads_three(byte):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return byte >= 0xE3 and byte < 0xF0


@njit(cache=True, nogil=True, inline="always")
def decode(data, at, end, out, count, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Append the code points of valid UTF-8 without white space to ``out[:count]`` until ``room`` are there."""
    while at < end and count < room:
        # Chinese comes in runs: four signs of three bytes at a time, all beyond the last white space U+3000.
        if (
            at + 12 <= end
            and count + 4 <= room
            and _leads_three(data[at])
            and _leads_three(data[at + 3])
            and _leads_three(data[at + 6])
            and _leads_three(data[at + 9])
        ):
            c0, c1, c2, c3 = _three(data, at), _three(data, at + 3), _three(data, at + 6), _three(data, at + 9)
            if min(min(c0, c1), min(c2, c3)) > 0x3000:  # noqa: PLW3301
                out[count], out[count + 1], out[count + 2], out[count + 3] = c0, c1, c2, c3
                count += 4
                at += 12
                continue
        first = np.uint32(data[at])
        if first < 0x80:
            code = first
            at += 1
        elif first < 0xE0:
            code = (first & np.uint32(0x1F)) << np.uint32(6) | (np.uint32(data[at + 1]) & np.uint32(0x3F))
            at += 2
        elif first < 0xF0:
            code = _three(data, at)
            at += 3
        else:
            code = (
                (first & np.uint32(0x07)) << np.uint32(18)
                | (np.uint32(data[at + 1]) & np.uint32(0x3F)) << np.uint32(12)
                | (np.uint32(data[at + 2]) & np.uint32(0x3F)) << np.uint32(6)
                | (np.uint32(data[at + 3]) & np.uint32(0x3F))
            )
            at += 4
        out[count] = code
        count += not is_space(code)
    return at, count


@njit(cache=True, nogil=True, inline="always")
def ngram_powers(ngram):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return the factors that the code points of an n-gram are multiplied with, first to last."""
    powers = np.empty(ngram, dtype=np.uint64)
    powers[ngram - 1] = np.uint64(1)
    for back in range(1, ngram):
        powers[ngram - 1 - back] = powers[ngram - back] * PRIME
    return powers


@njit(cache=True, nogil=True, inline="always")
def ngrams(codes, count, powers, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the hashes of the n-grams of ``codes[:count]``, which are at least one.

    Position by position of the n-gram instead of rolling along the text: every addition is independent of the last
    one, so that eight are done at a time.
    """
    ngram = len(powers)
    many = count - ngram + 1
    power = powers[0]
    for at in range(many):
        out[at] = np.uint64(codes[at]) * power
    for place in range(1, ngram):
        power = powers[place]
        for at in range(many):
            out[at] += np.uint64(codes[at + place]) * power
    for at in range(many):
        out[at] = mix64(out[at])
    return many


@njit(cache=True, nogil=True, inline="always")
def text_hash(codes, start, end, before):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Sum up a hash of each code point with its place, the first of them standing at ``before``."""
    total = np.uint64(0)
    for at in range(start, end):
        place = np.uint64(before + at - start)
        total += mix64((place << np.uint64(21) | np.uint64(codes[at])) * PRIME)
    return total


@njit(cache=True, nogil=True, inline="always")
def load(data, start, end, powers, codes, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the n-gram hashes of one text into ``room``, repeats included, and return how many there are."""
    _, count = decode(data, start, end, codes, 0, end - start)
    return ngrams(codes, count, powers, room) if count >= len(powers) else 0


@njit(cache=True, nogil=True, inline="always")
def longest_text(data, offsets, start, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return a bound on the code points of a text: its bytes, or where those are many, the exact number."""
    most = 16
    for row in range(start, end):
        size = offsets[row + 1] - offsets[row]
        if size > _LONG:
            size = 0
            for at in range(offsets[row], offsets[row + 1]):
                size += (data[at] & 0xC0) != 0x80
        most = max(most, size)
    return most


@njit(cache=True, nogil=True, inline="always")
def slots_for(many):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return the size of a table for so many values: a power of two, at most half of it filled."""
    size = 64
    while size < 2 * many:
        size *= 2
    return size


@njit(cache=True, nogil=True, inline="always")
def slot_of(table, mask, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return where a value stands in an open-addressing table, or the empty slot (zero) where it would."""
    at = np.int64(value & np.uint64(mask))
    while table[at] != np.uint64(0) and table[at] != value:
        at = (at + 1) & mask
    return at
