"""Inner loop of the scan; see `cmtmed.dedup.kernels` for how numba compiles and caches it."""

from __future__ import annotations

import numpy as np
from numba import njit

EXACT = 2
POSSIBLE = 1


@njit(cache=True, nogil=True)
def read_classes(data, start, end, class_of, out):
    """Write the class of each character of valid UTF-8 behind ``out[0]``; return their number."""
    count = 1
    offset = start
    while offset < end:
        first = np.int64(data[offset])
        if first < 0x80:
            code = first
            offset += 1
        elif first < 0xE0:
            code = (first & 0x1F) << 6 | (np.int64(data[offset + 1]) & 0x3F)
            offset += 2
        elif first < 0xF0:
            code = (first & 0x0F) << 12 | (np.int64(data[offset + 1]) & 0x3F) << 6 | (np.int64(data[offset + 2]) & 0x3F)
            offset += 3
        else:
            code = (
                (first & 0x07) << 18
                | (np.int64(data[offset + 1]) & 0x3F) << 12
                | (np.int64(data[offset + 2]) & 0x3F) << 6
                | (np.int64(data[offset + 3]) & 0x3F)
            )
            offset += 4
        out[count] = class_of[code]
        count += 1
    return count - 1


@njit(cache=True, nogil=True)
def scan_texts(data, offsets, class_of, edge, starts, words, word_of, second_masks, sequences, sets, members, out):
    """Look for all sequences in all texts.

    Args:
        data: UTF-8 of all texts, one after another.
        offsets: where each text begins, and where the last one ends.
        class_of: class of each code point.
        edge: class of the edge of a text.
        starts: where the words of each class begin in ``words``, and where the last ones end.
        words: sequences whose anchor begins with a class, a bit for each, class after class; words of zeros are left
            out.
        word_of: number of each of these words among those of a row of ``second_masks``.
        second_masks: sequences whose anchor goes on with a class, shape (classes, words).
        sequences: rule, exactness, place of the anchor, first set and number of sets of each sequence, shape (n, 5).
        sets: numbers of the sets of all sequences, one after another.
        members: whether a set has a class, shape (sets, classes).
        out: for each text and rule 0, `POSSIBLE` or `EXACT`; zeros at first.
    """
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    classes = np.empty(longest + 2, dtype=np.uint16)
    classes[0] = edge
    for text in range(len(offsets) - 1):
        count = read_classes(data, offsets[text], offsets[text + 1], class_of, classes)
        classes[count + 1] = edge
        for place in range(count + 2):
            first = classes[place]
            second = classes[place + 1] if place <= count else edge
            for index in range(starts[first], starts[first + 1]):
                word = word_of[index]
                remaining = words[index] & second_masks[second, word]
                while remaining:
                    lowest = remaining & (~remaining + np.uint64(1))
                    remaining ^= lowest
                    # Number of trailing zeros.
                    bit = 0
                    probe = lowest
                    if probe & np.uint64(0xFFFFFFFF) == 0:
                        bit += 32
                        probe >>= np.uint64(32)
                    if probe & np.uint64(0xFFFF) == 0:
                        bit += 16
                        probe >>= np.uint64(16)
                    if probe & np.uint64(0xFF) == 0:
                        bit += 8
                        probe >>= np.uint64(8)
                    if probe & np.uint64(0xF) == 0:
                        bit += 4
                        probe >>= np.uint64(4)
                    if probe & np.uint64(0x3) == 0:
                        bit += 2
                        probe >>= np.uint64(2)
                    if probe & np.uint64(0x1) == 0:
                        bit += 1
                    sequence = word * 64 + bit
                    rule, exactness = sequences[sequence, 0], sequences[sequence, 1]
                    if out[text, rule] >= exactness:
                        continue
                    begin, size = place - sequences[sequence, 2], sequences[sequence, 4]
                    if begin < 0 or begin + size > count + 2:
                        continue
                    base = sequences[sequence, 3]
                    step = 0
                    while step < size and members[sets[base + step], classes[begin + step]]:
                        step += 1
                    if step == size:
                        out[text, rule] = exactness
