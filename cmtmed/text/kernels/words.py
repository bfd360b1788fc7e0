"""Inner loop of the search for words."""

from __future__ import annotations

import numpy as np
from numba import njit

_1, _2, _3, _4 = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
ENDS_WORD = np.uint16(1 << 15)
STATE = np.uint16((1 << 15) - 1)


@njit(cache=True, nogil=True, inline="always")
def read_character(data, offset):
    """Return the code point at an offset into valid UTF-8, and the offset of the next one."""
    first = np.uint32(data[offset])
    if first >= 0xE0 and first < 0xF0:
        code = (
            (first & np.uint32(0x0F)) << np.uint32(12)
            | (np.uint32(data[offset + _1]) & np.uint32(0x3F)) << np.uint32(6)
            | (np.uint32(data[offset + _2]) & np.uint32(0x3F))
        )
        return code, offset + _3
    if first < 0x80:
        return first, offset + _1
    if first < 0xE0:
        code = (first & np.uint32(0x1F)) << np.uint32(6) | (np.uint32(data[offset + _1]) & np.uint32(0x3F))
        return code, offset + _2
    code = (
        (first & np.uint32(0x07)) << np.uint32(18)
        | (np.uint32(data[offset + _1]) & np.uint32(0x3F)) << np.uint32(12)
        | (np.uint32(data[offset + _2]) & np.uint32(0x3F)) << np.uint32(6)
        | (np.uint32(data[offset + _3]) & np.uint32(0x3F))
    )
    return code, offset + _4


@njit(cache=True, nogil=True)
def mark_texts(data, offsets, class_of, class_masks, following, state_masks, every, out):
    """Find out which sets of words each text holds a word of.

    Args:
        data: UTF-8 of all texts, one after another.
        offsets: where each text begins, and where the last one ends.
        class_of: class of each code point; 0 if it is in no word.
        class_masks: the sets that hold a class as a word of one character, a bit each, shape (classes, integers).
        following: the automaton's next state by state and class, with bit 15 set if a word ends there.
        state_masks: the sets that hold a longer word that ends in a state, shape (states, integers).
        every: all sets, as a mask of the same number of integers.
        out: the sets of each text, shape (texts, integers); zeros at first.
    """
    integers = len(every)
    for text in range(len(offsets) - 1):
        offset, end = np.uint64(offsets[text]), np.uint64(offsets[text + 1])
        state = np.uint64(0)
        while offset < end:
            code, offset = read_character(data, offset)
            number = np.uint64(class_of[code])
            # One branch for all that is no word: what kind of character comes next cannot be predicted.
            entry = following[state, number]
            state = np.uint64(entry & STATE)
            if entry < ENDS_WORD:
                continue
            complete = True
            for integer in range(integers):
                out[text, integer] |= class_masks[number, integer] | state_masks[state, integer]
                complete &= out[text, integer] == every[integer]
            if complete:
                break
