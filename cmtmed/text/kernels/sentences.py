"""Inner loops over the sentences of turns: which of them may be canned, wholly or in part."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.text.kernels.words import ENDS_WORD, STATE, read_character

# The sets of words of `cmtmed.text.edges`, as bits.
CUE, CARE, ADDRESS, STOP, CLOSER, BREAK, SEPARATOR, SPACE = (np.uint64(1 << bit) for bit in range(8))

WHOLE, PREFIX, SUFFIX = 1, 2, 4
UNSPLIT = 8
"""In place of a sentence: a text that holds an address, whose marks end no sentence."""

_CLAUSES = 3


@njit(cache=True, nogil=True, inline="always")
def _skip(data, offset, end, class_of, class_masks, kind):
    """Return the offset behind a run of characters of one kind, and their number."""
    length = 0
    while offset < end:
        code, after = read_character(data, offset)
        if not class_masks[class_of[code], 0] & kind:
            break
        offset = after
        length += 1
    return offset, length


@njit(cache=True, nogil=True)
def _double(table):
    """Return a table with room for twice as many rows."""
    grown = np.empty((2 * len(table), table.shape[1]), dtype=table.dtype)
    grown[: len(table)] = table
    return grown


@njit(cache=True, nogil=True)
def find_sentences(data, offsets, automaton, edge, min_chars):
    """Find the sentences at the edges of texts that may be canned, or whose beginning or end may be.

    Args:
        data: UTF-8 of all texts, one after another.
        offsets: where each text begins, and where the last one ends.
        automaton: see `cmtmed.text.kernels.words.mark_texts`; its sets are those of this module.
        edge: number of sentences at the start and end of a text that are looked at.
        min_chars: shorter sentences, and parts of them, are left out.

    Returns:
        Text, number among the text's sentences, number counted from its last one, and what may be canned (`WHOLE`,
        `PREFIX`, `SUFFIX`), shape (n, 4).
        First byte of each of these sentences and the one behind it, shape (n, 2).
    """
    class_of, class_masks, following, state_masks = automaton
    rows = np.empty((1024, 4), dtype=np.uint32)
    spans = np.empty((1024, 2), dtype=np.int64)
    count = 0
    # Of the last clauses of a sentence: what they hold, and where they begin.
    held = np.zeros(_CLAUSES, dtype=np.uint64)
    starts = np.zeros(_CLAUSES, dtype=np.int64)
    for text in range(len(offsets) - 1):
        offset, end = np.uint64(offsets[text]), np.uint64(offsets[text + 1])
        first_count, sentences = count, 0
        has_address = False
        while offset < end:
            begin = offset
            state = np.uint64(0)
            length, spaces, clause, last_separator = 0, 0, 0, -1
            holds, clause_holds, mask = np.uint64(0), np.uint64(0), np.uint64(0)
            may_begin, may_end = False, False
            starts[0] = 0
            while offset < end:
                code, after = read_character(data, offset)
                number = np.uint64(class_of[code])
                entry = following[state, number]
                state = np.uint64(entry & STATE)
                if entry < ENDS_WORD:
                    offset = after
                    length += 1
                    continue
                mask = class_masks[number, 0] | state_masks[state, 0]
                if mask & (STOP | BREAK):
                    break
                offset = after
                length += 1
                holds |= mask
                clause_holds |= mask
                if not mask & ~(CARE | CUE | CLOSER):
                    continue
                if mask & SEPARATOR:
                    # A run of separators ends one clause.
                    if clause - (last_separator == length - 1) < _CLAUSES and holds & (CARE | CUE) == CUE:
                        may_begin |= length >= min_chars
                    if last_separator < length - 1:
                        held[clause % _CLAUSES] = clause_holds
                        clause_holds = np.uint64(0)
                        clause += 1
                    starts[clause % _CLAUSES] = length
                    last_separator = length
                spaces += mask & SPACE != 0
                if mask & ADDRESS:
                    break
            if mask & ADDRESS:
                has_address = True
                break
            held[clause % _CLAUSES] = clause_holds
            if offset < end and mask & BREAK:
                if begin == offset:
                    offset, _ = _skip(data, offset, end, class_of, class_masks, BREAK)
                    continue
            elif offset < end:
                offset, marks_length = _skip(data, offset, end, class_of, class_masks, STOP)
                offset, closers_length = _skip(data, offset, end, class_of, class_masks, CLOSER)
                length += marks_length + closers_length
            if spaces == length:
                continue
            sentences += 1
            if not holds & CUE or length < min_chars:
                continue
            part_holds = np.uint64(0)
            for back in range(min(_CLAUSES, clause)):
                slot = (clause - back) % _CLAUSES
                part_holds |= held[slot]
                may_end |= part_holds & (CARE | CUE) == CUE and length - starts[slot] >= min_chars
            marks = (not holds & CARE) * WHOLE + may_begin * PREFIX + may_end * SUFFIX
            if marks:
                if count == len(rows):
                    rows, spans = _double(rows), _double(spans)
                rows[count, 0], rows[count, 1], rows[count, 3] = text, sentences - 1, marks
                spans[count, 0], spans[count, 1] = begin, offset
                count += 1
        # Only now is it known which sentences are the last ones.
        kept = first_count
        if has_address:
            if kept == len(rows):
                rows, spans = _double(rows), _double(spans)
            rows[kept, 0], rows[kept, 1], rows[kept, 2], rows[kept, 3] = text, 0, 0, UNSPLIT
            spans[kept, 0], spans[kept, 1] = offsets[text], offsets[text + 1]
            count = kept + 1
            continue
        for index in range(first_count, count):
            position = np.int64(rows[index, 1])
            if position < edge or position >= sentences - edge:
                rows[kept, 0], rows[kept, 1], rows[kept, 2] = text, position, sentences - 1 - position
                rows[kept, 3] = rows[index, 3]
                spans[kept, 0], spans[kept, 1] = spans[index, 0], spans[index, 1]
                kept += 1
        count = kept
    return rows[:count].copy(), spans[:count].copy()


@njit(cache=True, nogil=True)
def copy_spans(data, spans, out, offsets):
    """Copy spans of bytes one after another to ``out``, which begin at ``offsets``."""
    for index in range(len(spans)):
        start = offsets[index]
        for offset in range(spans[index, 0], spans[index, 1]):
            out[start + offset - spans[index, 0]] = data[offset]
