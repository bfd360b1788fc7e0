"""Inner loops of verification: texts copied side by side, and the n-grams that two of them share."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels.hashing import find_slot, hash_text_ngrams, ngram_powers, table_size
from cmtmed.dedup.kernels.utf8 import bound_code_points


@njit(cache=True, nogil=True)
def copy_texts(data, offsets, rows, targets, out, out_offsets):
    """Copy each of ``rows`` to the range that ``out_offsets`` reserves for its target position."""
    for i in range(len(rows)):
        start, end = offsets[rows[i]], offsets[rows[i] + 1]
        target = out_offsets[targets[i]]
        out[target : target + end - start] = data[start:end]


@njit(cache=True, nogil=True)
def compare_pairs(data, offsets, first, second, ngram, threshold, common, sizes):
    """Write for each pair of texts how many n-grams both have, and how many the first and the second have.

    The comparison of a pair ends as soon as its Jaccard similarity can no longer reach ``threshold``: its common
    n-grams are then given as -1. Pairs with the same first text should follow one another.
    """
    powers = ngram_powers(ngram)
    capacity = bound_code_points(data, offsets, 0, len(offsets) - 1)
    codes, hashes = np.empty(capacity, dtype=np.uint32), np.empty(capacity, dtype=np.uint64)
    first_table = np.empty(table_size(capacity), dtype=np.uint64)
    second_table = np.empty(table_size(capacity), dtype=np.uint64)
    # The pair that last met each n-gram of the first text: those that the second text shares are counted once.
    last_pair = np.empty(len(first_table), dtype=np.int32)
    loaded, first_size, mask = -1, 0, 0
    for pair in range(len(first)):
        x, y = first[pair], second[pair]
        if x != loaded:
            total = hash_text_ngrams(data, offsets[x], offsets[x + 1], powers, codes, hashes)
            mask = table_size(total) - 1
            first_table[: mask + 1] = np.uint64(0)
            last_pair[: mask + 1] = -1
            loaded, first_size = x, 0
            for i in range(total):
                slot = find_slot(first_table, mask, hashes[i])
                first_size += first_table[slot] == np.uint64(0)
                first_table[slot] = hashes[i]
        total = hash_text_ngrams(data, offsets[y], offsets[y + 1], powers, codes, hashes)
        second_mask = table_size(total) - 1
        second_table[: second_mask + 1] = np.uint64(0)
        second_only, shared = 0, 0
        for i in range(total):
            value = hashes[i]
            slot = find_slot(first_table, mask, value)
            if first_table[slot] == value:
                shared += last_pair[slot] != pair
                last_pair[slot] = pair
                continue
            slot = find_slot(second_table, second_mask, value)
            if second_table[slot] == value:
                continue
            second_table[slot] = value
            second_only += 1
            if shared + total - i - 1 < threshold * (first_size + second_only):
                # Even if all remaining n-grams were shared, the similarity would stay below the threshold.
                shared = -1
                break
        sizes[pair, 0], sizes[pair, 1] = first_size, second_only + max(shared, 0)
        common[pair] = shared
