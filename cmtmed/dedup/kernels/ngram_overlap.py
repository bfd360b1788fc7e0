"""Inner loops of n-gram overlap: the n-gram sets of texts, and their share in a reference set."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels.hashing import find_slot, hash_text_ngrams, ngram_powers
from cmtmed.dedup.kernels.utf8 import bound_code_points


@njit(cache=True, nogil=True)
def collect_ngrams(data, offsets, start, end, ngram, out_offsets, out, sizes):
    """Write the sorted set of n-gram hashes of each text to its range of ``out``, and the size of the set."""
    powers = ngram_powers(ngram)
    codes = np.empty(bound_code_points(data, offsets, start, end), dtype=np.uint32)
    for row in range(start, end):
        hashes = out[out_offsets[row] : out_offsets[row + 1]]
        count = hash_text_ngrams(data, offsets[row], offsets[row + 1], powers, codes, hashes)
        hashes[:count].sort()
        distinct = 0
        for i in range(count):
            if i == 0 or hashes[i] != hashes[i - 1]:
                hashes[distinct] = hashes[i]
                distinct += 1
        sizes[row] = distinct


@njit(cache=True, nogil=True)
def share_in_table(data, offsets, start, end, ngram, table, out):
    """Write the share of each text's n-grams that a table holds; 0 for a text without n-grams."""
    powers = ngram_powers(ngram)
    capacity = bound_code_points(data, offsets, start, end)
    codes, hashes = np.empty(capacity, dtype=np.uint32), np.empty(capacity, dtype=np.uint64)
    for row in range(start, end):
        count = hash_text_ngrams(data, offsets[row], offsets[row + 1], powers, codes, hashes)
        hits = 0
        for i in range(count):
            hits += table[find_slot(table, len(table) - 1, hashes[i])] == hashes[i]
        out[row] = hits / count if count else 0.0
