"""Hashes of code points, n-grams and texts, and open-addressing tables of hashes."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels.utf8 import decode

PRIME = np.uint64(0x9E3779B97F4A7C15)  # odd; 2**64 divided by the golden ratio


@njit(cache=True, nogil=True, inline="always")
def mix64(value):
    """Spread the bits of a 64-bit value: the finalizer of MurmurHash3."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, inline="always")
def unmix64(value):
    """Undo `mix64`: its multipliers have inverses modulo 2**64."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0x9CB4B2F8129337DB)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0x4F74430C22A54005)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, inline="always")
def mix32(value):
    """Spread the bits of a 32-bit value: the finalizer of MurmurHash3."""
    value ^= value >> np.uint32(16)
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value ^= value >> np.uint32(13)
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return value ^ (value >> np.uint32(16))


@njit(cache=True, nogil=True, inline="always")
def ngram_powers(ngram):
    """Return the factors that the code points of an n-gram are multiplied by, first to last."""
    powers = np.empty(ngram, dtype=np.uint64)
    powers[ngram - 1] = np.uint64(1)
    for exponent in range(1, ngram):
        powers[ngram - 1 - exponent] = powers[ngram - exponent] * PRIME
    return powers


@njit(cache=True, nogil=True, inline="always")
def hash_ngrams(codes, count, powers, out):
    """Write the hashes of the n-grams of ``codes[:count]``, of which there is at least one, and return their number.

    Position by position within the n-gram instead of rolling along the text: no addition depends on the previous one,
    so eight are done at a time.
    """
    ngram = len(powers)
    total = count - ngram + 1
    power = powers[0]
    for i in range(total):
        out[i] = np.uint64(codes[i]) * power
    for position in range(1, ngram):
        power = powers[position]
        for i in range(total):
            out[i] += np.uint64(codes[i + position]) * power
    for i in range(total):
        out[i] = mix64(out[i])
    return total


@njit(cache=True, nogil=True, inline="always")
def hash_positions(codes, start, end, first_position):
    """Return the sum of a hash of each code point with its position, ``codes[start]`` being at ``first_position``."""
    total = np.uint64(0)
    for i in range(start, end):
        position = np.uint64(first_position + i - start)
        total += mix64((position << np.uint64(21) | np.uint64(codes[i])) * PRIME)
    return total


@njit(cache=True, nogil=True, inline="always")
def hash_text_ngrams(data, start, end, powers, codes, out):
    """Write the n-gram hashes of one text, repeats included, and return their number."""
    _, count = decode(data, start, end, codes, 0, end - start)
    return hash_ngrams(codes, count, powers, out) if count >= len(powers) else 0


@njit(cache=True, nogil=True, inline="always")
def table_size(count):
    """Return the size of a table for ``count`` values: a power of two, at most half of it filled."""
    size = 64
    while size < 2 * count:
        size *= 2
    return size


@njit(cache=True, nogil=True, inline="always")
def find_slot(table, mask, value):
    """Return the slot of a value in an open-addressing table, or the empty slot (zero) where it would be inserted."""
    slot = np.int64(value & np.uint64(mask))
    while table[slot] != np.uint64(0) and table[slot] != value:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def fill_table(values, table):
    """Insert values into an open-addressing table, whose length is a power of two; zero marks an empty slot."""
    for value in values:
        table[find_slot(table, len(table) - 1, value)] = value
