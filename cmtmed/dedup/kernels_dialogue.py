"""More inner loops: canned sentences, and texts that lie within others. See `cmtmed.dedup.kernels`."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels import PRIME, is_space, load, longest_text, mix64, ngram_powers, slot_of


@njit(cache=True, nogil=True, inline="always")
def _next(data, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the code point at a place in valid UTF-8, and where the next one begins."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (np.int64(data[at + 1]) & 0x3F), at + 2
    if first < 0xF0:
        return ((first & 0x0F) << 12 | (np.int64(data[at + 1]) & 0x3F) << 6 | (np.int64(data[at + 2]) & 0x3F)), at + 3
    return (
        (first & 0x07) << 18
        | (np.int64(data[at + 1]) & 0x3F) << 12
        | (np.int64(data[at + 2]) & 0x3F) << 6
        | (np.int64(data[at + 3]) & 0x3F)
    ), at + 4


@njit(cache=True, nogil=True, inline="always")
def _sentence(data, at, end, stops, numerals, units):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Read one sentence; return where it ends, a hash of it, its length, and whether it names a quantity."""
    hashed, length, quantity, number_before = np.uint64(0), 0, False, False
    while at < end:
        code, after = _next(data, at)
        if is_space(code) and code != 10:
            at = after
            continue
        stop = False
        for one in stops:
            stop |= code == one
        at = after
        if stop:
            break
        number = False
        for one in numerals:
            number |= code == one
        if number_before and not number:
            for one in units:
                quantity |= code == one
        number_before = number
        quantity |= 48 <= code <= 57
        hashed = hashed * PRIME + np.uint64(code)
        length += 1
    return at, mix64(hashed + np.uint64(length)), length, quantity


@njit(cache=True, nogil=True)
def sentence_hashes(data, offsets, start, end, least, signs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return the hash of each sentence that could be canned, and the number of its text, as two rows."""
    stops, numerals, units = signs
    out = np.empty((2, 1024), dtype=np.uint64)
    count = 0
    for row in range(start, end):
        at, stop = offsets[row], offsets[row + 1]
        while at < stop:
            at, hashed, length, quantity = _sentence(data, at, stop, stops, numerals, units)
            if length < least or quantity:
                continue
            if count == out.shape[1]:
                more = np.empty((2, 2 * count), dtype=np.uint64)
                more[:, :count] = out
                out = more
            out[0, count], out[1, count] = hashed, np.uint64(row)
            count += 1
    return out[:, :count].copy()


@njit(cache=True, nogil=True)
def blank_canned(data, offsets, start, end, least, signs, table, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Copy texts, with a space in place of each byte of a sentence that the table names."""
    stops, numerals, units = signs
    base = offsets[0]
    for row in range(start, end):
        at, stop = offsets[row], offsets[row + 1]
        while at < stop:
            begin = at
            at, hashed, length, quantity = _sentence(data, at, stop, stops, numerals, units)
            known = table[slot_of(table, len(table) - 1, hashed)] == hashed
            if length >= least and not quantity and known:
                out[begin - base : at - base] = np.uint8(32)
            else:
                out[begin - base : at - base] = data[begin:at]


@njit(cache=True, nogil=True)
def fingerprints(data, offsets, start, end, ngram, window):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return the winnowed n-gram hashes of texts, and the number of their text, as two rows; no repeats in a text."""
    powers = ngram_powers(ngram)
    longest = longest_text(data, offsets, start, end)
    codes, room = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint64)
    chosen = np.empty(longest, dtype=np.uint64)
    out = np.empty((2, 1024), dtype=np.uint64)
    count = 0
    for row in range(start, end):
        many = load(data, offsets[row], offsets[row + 1], powers, codes, room)
        picked, last = 0, -1
        for right in range(min(window, many) - 1, many):
            left = max(0, right - window + 1)
            if last < left:
                # The least of the window has left it: look at the whole window.
                last = left
                for at in range(left + 1, right + 1):
                    if room[at] <= room[last]:
                        last = at
            elif room[right] <= room[last]:
                last = right
            else:
                continue
            chosen[picked] = room[last]
            picked += 1
        part = chosen[:picked]
        part.sort()
        for at in range(picked):
            if at and part[at] == part[at - 1]:
                continue
            if count == out.shape[1]:
                more = np.empty((2, 2 * count), dtype=np.uint64)
                more[:, :count] = out
                out = more
            out[0, count], out[1, count] = part[at], np.uint64(row)
            count += 1
    return out[:, :count].copy()


@njit(cache=True, nogil=True)
def contained_pairs(bounds, runs, starts, members, own, size, rank, share, start, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return pairs (smaller, larger) of texts of which the larger has at least ``share`` of the smaller's fingerprints.

    ``runs[bounds[t]:bounds[t + 1]]`` are the shared fingerprints of text t, ``members[starts[r]:starts[r + 1]]`` the
    texts that have fingerprint r, ``own[t]`` the number of all its fingerprints, shared or not.
    """
    texts = len(own)
    met = np.zeros(texts, dtype=np.int32)
    touched = np.empty(texts, dtype=np.int32)
    out = np.empty((2, 1024), dtype=np.int64)
    count = 0
    for text in range(start, end):
        many = 0
        for at in range(bounds[text], bounds[text + 1]):
            for place in range(starts[runs[at]], starts[runs[at] + 1]):
                other = members[place]
                if size[other] < size[text] or (size[other] == size[text] and rank[other] >= rank[text]):
                    continue
                if met[other] == 0:
                    touched[many] = other
                    many += 1
                met[other] += 1
        for place in range(many):
            other = touched[place]
            if met[other] >= share * own[text]:
                if count == out.shape[1]:
                    more = np.empty((2, 2 * count), dtype=np.int64)
                    more[:, :count] = out
                    out = more
                out[0, count], out[1, count] = text, other
                count += 1
            met[other] = 0
    return out[:, :count].copy()
