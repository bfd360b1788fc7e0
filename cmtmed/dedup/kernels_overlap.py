"""Inner loops: which n-grams of a text stand in a reference. See `cmtmed.dedup.kernels`."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels import load, longest_text, ngram_powers, slot_of


@njit(cache=True, nogil=True)
def gram_sets(data, offsets, start, end, ngram, places, out, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the sorted set of n-gram hashes of each text at its place in ``out``, and its size."""
    powers = ngram_powers(ngram)
    codes = np.empty(longest_text(data, offsets, start, end), dtype=np.uint32)
    for row in range(start, end):
        part = out[places[row] : places[row + 1]]
        count = load(data, offsets[row], offsets[row + 1], powers, codes, part)
        part[:count].sort()
        kept = 0
        for at in range(count):
            if at == 0 or part[at] != part[at - 1]:
                part[kept] = part[at]
                kept += 1
        sizes[row] = kept


@njit(cache=True, nogil=True)
def fill_table(values, table):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Put values into an open-addressing table, whose length is a power of two; zero marks an empty slot."""
    for value in values:
        table[slot_of(table, len(table) - 1, value)] = value


@njit(cache=True, nogil=True)
def contained(data, offsets, start, end, ngram, table, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write which share of a text's n-grams stands in a table; 0 for a text without n-grams."""
    powers = ngram_powers(ngram)
    longest = longest_text(data, offsets, start, end)
    codes, room = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint64)
    for row in range(start, end):
        count = load(data, offsets[row], offsets[row + 1], powers, codes, room)
        found = 0
        for at in range(count):
            found += table[slot_of(table, len(table) - 1, room[at])] == room[at]
        out[row] = found / count if count else 0.0
