"""Inner loops of containment: exact prefixes, winnowed fingerprints, and pairs that share enough of them."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels.hashing import PRIME, find_slot, hash_text_ngrams, mix64, ngram_powers, unmix64
from cmtmed.dedup.kernels.utf8 import bound_code_points, decode

_BLOCK = 1 << 12
"""Code points read at a time: their buffer stays in the first-level cache."""


@njit(cache=True, nogil=True)
def index_texts(hashes, rows, table, row_of, bits):
    """Insert the hashes of texts into an open-addressing table and a bitmap of its keys.

    ``bits`` has eight bits for each slot of the table; the upper bits of a hash choose one of them.
    """
    shift = np.uint64(64)
    size = len(bits) * 64
    while size > 1:
        size //= 2
        shift -= np.uint64(1)
    for row in rows:
        # As the running sum over a text gives it, before its bits are mixed a last time.
        value = unmix64(hashes[row])
        slot = find_slot(table, len(table) - 1, value)
        table[slot] = value
        row_of[slot] = row
        position = value >> shift
        bits[position >> np.uint64(6)] |= np.uint64(1) << (position & np.uint64(63))


@njit(cache=True, nogil=True)
def find_prefixes(data, offsets, start, end, min_chars, table, row_of, lengths, bits):
    """Return pairs (text, prefix) where an indexed text is what another begins with, white space aside.

    The hash of a text is a sum over its code points (see `hash_positions`), so the hash of each of its prefixes is on
    the way: one look at the bitmap per code point finds all prefixes in one pass, however many texts share them.
    """
    codes = np.empty(_BLOCK, dtype=np.uint32)
    mask = len(table) - 1
    shift = np.uint64(64)
    size = len(bits) * 64
    while size > 1:
        size //= 2
        shift -= np.uint64(1)
    out = np.empty((2, 1024), dtype=np.int64)
    total_pairs = 0
    for row in range(start, end):
        offset, stop = offsets[row], offsets[row + 1]
        length, text_hash = 0, np.uint64(0)
        first_pair = total_pairs
        while offset < stop:
            offset, count = decode(data, offset, stop, codes, 0, _BLOCK)
            for i in range(count):
                text_hash += mix64((np.uint64(length) << np.uint64(21) | np.uint64(codes[i])) * PRIME)
                length += 1
                value = text_hash + np.uint64(length)
                position = value >> shift
                if not bits[position >> np.uint64(6)] >> (position & np.uint64(63)) & np.uint64(1):
                    continue
                slot = find_slot(table, mask, value)
                if table[slot] != value or length < min_chars or lengths[row_of[slot]] != length:
                    continue
                if total_pairs == out.shape[1]:
                    grown = np.empty((2, 2 * total_pairs), dtype=np.int64)
                    grown[:, :total_pairs] = out
                    out = grown
                out[0, total_pairs], out[1, total_pairs] = row, row_of[slot]
                total_pairs += 1
        # The whole text is no prefix of itself.
        if total_pairs > first_pair and lengths[out[1, total_pairs - 1]] == length:
            total_pairs -= 1
    return out[:, :total_pairs].copy()


@njit(cache=True, nogil=True)
def winnow_texts(data, offsets, start, end, ngram, window):
    """Return the winnowed n-gram hashes of texts and the number of their text, as two rows; no repeats per text."""
    powers = ngram_powers(ngram)
    capacity = bound_code_points(data, offsets, start, end)
    codes, hashes = np.empty(capacity, dtype=np.uint32), np.empty(capacity, dtype=np.uint64)
    picks = np.empty(capacity, dtype=np.uint64)
    out = np.empty((2, 1024), dtype=np.uint64)
    count = 0
    for row in range(start, end):
        total = hash_text_ngrams(data, offsets[row], offsets[row + 1], powers, codes, hashes)
        picked, last = 0, -1
        for right in range(min(window, total) - 1, total):
            left_edge = max(0, right - window + 1)
            if last < left_edge:
                # The minimum of the window has left it: scan the whole window.
                last = left_edge
                for i in range(left_edge + 1, right + 1):
                    if hashes[i] <= hashes[last]:
                        last = i
            elif hashes[right] <= hashes[last]:
                last = right
            else:
                continue
            picks[picked] = hashes[last]
            picked += 1
        fingerprints = picks[:picked]
        fingerprints.sort()
        for i in range(picked):
            if i and fingerprints[i] == fingerprints[i - 1]:
                continue
            if count == out.shape[1]:
                grown = np.empty((2, 2 * count), dtype=np.uint64)
                grown[:, :count] = out
                out = grown
            out[0, count], out[1, count] = fingerprints[i], np.uint64(row)
            count += 1
    return out[:, :count].copy()


@njit(cache=True, nogil=True)
def find_contained_pairs(bounds, runs, starts, members, totals, lengths, rank, min_share, start, end):
    """Return pairs (smaller, larger) of texts where the larger has ``min_share`` of the smaller's fingerprints.

    ``runs[bounds[t]:bounds[t + 1]]`` are the shared fingerprints of text t, ``members[starts[r]:starts[r + 1]]`` the
    texts that have fingerprint r, ``totals[t]`` the number of all its fingerprints, shared or not.
    """
    texts = len(totals)
    shared = np.zeros(texts, dtype=np.int32)
    touched = np.empty(texts, dtype=np.int32)
    out = np.empty((2, 1024), dtype=np.int64)
    count = 0
    for text in range(start, end):
        touched_count = 0
        for i in range(bounds[text], bounds[text + 1]):
            for j in range(starts[runs[i]], starts[runs[i] + 1]):
                other = members[j]
                if lengths[other] < lengths[text] or (lengths[other] == lengths[text] and rank[other] >= rank[text]):
                    continue
                if shared[other] == 0:
                    touched[touched_count] = other
                    touched_count += 1
                shared[other] += 1
        for i in range(touched_count):
            other = touched[i]
            if shared[other] >= min_share * totals[text]:
                if count == out.shape[1]:
                    grown = np.empty((2, 2 * count), dtype=np.int64)
                    grown[:, :count] = out
                    out = grown
                out[0, count], out[1, count] = text, other
                count += 1
            shared[other] = 0
    return out[:, :count].copy()
