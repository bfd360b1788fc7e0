"""Decoding of UTF-8: code points one by one, or all but white space in bulk."""

from __future__ import annotations

import numpy as np
from numba import njit

_LONG = 1 << 16
"""Texts of more bytes than this have their code points counted before memory is allocated for them."""


@njit(cache=True, nogil=True, inline="always")
def is_space(code):
    """Return whether Unicode counts a code point as white space."""
    # Compared one by one: a set literal would be rebuilt for every character.
    if code < 0x2000:
        return (9 <= code <= 13) or code == 32 or code == 0x85 or code == 0xA0 or code == 0x1680
    if code <= 0x200A or code == 0x3000:
        return True
    return code == 0x2028 or code == 0x2029 or code == 0x202F or code == 0x205F


@njit(cache=True, nogil=True, inline="always")
def next_code(data, offset):
    """Return the code point at an offset into valid UTF-8, and the offset of the next one."""
    first = np.int64(data[offset])
    if first < 0x80:
        return first, offset + 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | (np.int64(data[offset + 1]) & 0x3F), offset + 2
    if first < 0xF0:
        return (
            (first & 0x0F) << 12 | (np.int64(data[offset + 1]) & 0x3F) << 6 | (np.int64(data[offset + 2]) & 0x3F)
        ), offset + 3
    return (
        (first & 0x07) << 18
        | (np.int64(data[offset + 1]) & 0x3F) << 12
        | (np.int64(data[offset + 2]) & 0x3F) << 6
        | (np.int64(data[offset + 3]) & 0x3F)
    ), offset + 4


@njit(cache=True, nogil=True, inline="always")
def _decode_three_bytes(data, offset):
    return (
        (np.uint32(data[offset]) & np.uint32(0x0F)) << np.uint32(12)
        | (np.uint32(data[offset + 1]) & np.uint32(0x3F)) << np.uint32(6)
        | (np.uint32(data[offset + 2]) & np.uint32(0x3F))
    )


@njit(cache=True, nogil=True, inline="always")
def _leads_three_bytes(byte):
    return byte >= 0xE3 and byte < 0xF0


@njit(cache=True, nogil=True, inline="always")
def decode(data, offset, end, out, count, capacity):
    """Append the code points of valid UTF-8 without white space to ``out[:count]``, up to ``capacity`` in all.

    Returns:
        The offset of the first byte that was not read, and the new count.
    """
    while offset < end and count < capacity:
        # Chinese comes in runs: four characters of three bytes at a time, all beyond the last white space U+3000.
        if (
            offset + 12 <= end
            and count + 4 <= capacity
            and _leads_three_bytes(data[offset])
            and _leads_three_bytes(data[offset + 3])
            and _leads_three_bytes(data[offset + 6])
            and _leads_three_bytes(data[offset + 9])
        ):
            c0, c1 = _decode_three_bytes(data, offset), _decode_three_bytes(data, offset + 3)
            c2, c3 = _decode_three_bytes(data, offset + 6), _decode_three_bytes(data, offset + 9)
            if min(min(c0, c1), min(c2, c3)) > 0x3000:
                out[count], out[count + 1], out[count + 2], out[count + 3] = c0, c1, c2, c3
                count += 4
                offset += 12
                continue
        first = np.uint32(data[offset])
        if first < 0x80:
            code = first
            offset += 1
        elif first < 0xE0:
            code = (first & np.uint32(0x1F)) << np.uint32(6) | (np.uint32(data[offset + 1]) & np.uint32(0x3F))
            offset += 2
        elif first < 0xF0:
            code = _decode_three_bytes(data, offset)
            offset += 3
        else:
            code = (
                (first & np.uint32(0x07)) << np.uint32(18)
                | (np.uint32(data[offset + 1]) & np.uint32(0x3F)) << np.uint32(12)
                | (np.uint32(data[offset + 2]) & np.uint32(0x3F)) << np.uint32(6)
                | (np.uint32(data[offset + 3]) & np.uint32(0x3F))
            )
            offset += 4
        out[count] = code
        count += not is_space(code)
    return offset, count


@njit(cache=True, nogil=True, inline="always")
def bound_code_points(data, offsets, start, end):
    """Return an upper bound on the code points of any of the texts: its bytes or, for long texts, the exact number."""
    capacity = 16
    for row in range(start, end):
        size = offsets[row + 1] - offsets[row]
        if size > _LONG:
            size = 0
            for offset in range(offsets[row], offsets[row + 1]):
                size += (data[offset] & 0xC0) != 0x80
        capacity = max(capacity, size)
    return capacity
