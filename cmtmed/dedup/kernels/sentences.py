"""Inner loops over sentences: hashes of those that may be canned, and texts with canned sentences blanked."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels.hashing import PRIME, find_slot, mix64
from cmtmed.dedup.kernels.utf8 import is_space, next_code


@njit(cache=True, nogil=True, inline="always")
def _is_digit(code, digit_ranges):
    # Nothing between the enclosed numbers and the full-width digits is a digit; most of Chinese is there.
    if code > 0x2800 and code < 0xFF10:
        return False
    digit = False
    for index in range(len(digit_ranges)):
        digit |= digit_ranges[index, 0] <= code <= digit_ranges[index, 1]
    return digit


@njit(cache=True, nogil=True, inline="always")
def _read_sentence(data, offset, end, characters):
    """Read one sentence; return its end, a hash of it, its length, and whether it names a quantity.

    A quantity is what `cmtmed.text.canned.has_quantity` finds. ``characters`` are the ends of sentences, numerals,
    units, units of two characters, and ranges of digits.
    """
    stops, numerals, units, paired_units, digit_ranges = characters
    sentence_hash, length, quantity, number_before = np.uint64(0), 0, False, False
    after_number = np.int64(0)  # the code point right after a numeral, which may begin a unit of two characters
    while offset < end:
        code, after = next_code(data, offset)
        if is_space(code) and code != 10:
            offset = after
            continue
        at_stop = False
        for stop in stops:
            at_stop |= code == stop
        offset = after
        if at_stop:
            break
        number = False
        for numeral in numerals:
            number |= code == numeral
        if after_number:
            for index in range(len(paired_units)):
                quantity |= paired_units[index, 0] == after_number and paired_units[index, 1] == code
        after_number = np.int64(0)
        if number_before and not number:
            after_number = code
            for unit in units:
                quantity |= code == unit
        number_before = number
        quantity |= _is_digit(code, digit_ranges)
        sentence_hash = sentence_hash * PRIME + np.uint64(code)
        length += 1
    return offset, mix64(sentence_hash + np.uint64(length)), length, quantity


@njit(cache=True, nogil=True)
def hash_sentences(data, offsets, start, end, min_chars, characters):
    """Return the hash of each sentence that could be canned and the number of its text, as two rows."""
    out = np.empty((2, 1024), dtype=np.uint64)
    count = 0
    for row in range(start, end):
        offset, stop = offsets[row], offsets[row + 1]
        while offset < stop:
            offset, sentence_hash, length, quantity = _read_sentence(data, offset, stop, characters)
            if length < min_chars or quantity:
                continue
            if count == out.shape[1]:
                grown = np.empty((2, 2 * count), dtype=np.uint64)
                grown[:, :count] = out
                out = grown
            out[0, count], out[1, count] = sentence_hash, np.uint64(row)
            count += 1
    return out[:, :count].copy()


@njit(cache=True, nogil=True)
def blank_sentences(data, offsets, start, end, min_chars, characters, table, out):
    """Copy texts, with a space in place of each byte of a sentence whose hash the table holds."""
    base = offsets[0]
    for row in range(start, end):
        offset, stop = offsets[row], offsets[row + 1]
        while offset < stop:
            begin = offset
            offset, sentence_hash, length, quantity = _read_sentence(data, offset, stop, characters)
            listed = table[find_slot(table, len(table) - 1, sentence_hash)] == sentence_hash
            if length >= min_chars and not quantity and listed:
                out[begin - base : offset - base] = np.uint8(32)
            else:
                out[begin - base : offset - base] = data[begin:offset]
