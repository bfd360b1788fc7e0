"""Further occurrences of identifiers: what is found once in a dialogue is found everywhere in it.

The trigger that gave a name away (我叫王建国) is in one turn, the bare value (建国) in another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import polars as pl

from cmtmed.anonymize.detect.lexicon.dictionary import load_words
from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES
from cmtmed.anonymize.detect.occupancy import Occupancy
from cmtmed.anonymize.identifier import Identifier, IdentifiersByRow

_MIN_LENGTH: Final = 5
"""Shorter numbers and handles (a bed, a position in a queue) are too common to be searched for without their label."""
_UNREPEATED_TYPES: Final = frozenset(("AGE90", "HOSPITAL"))
"""Types whose values recur with another meaning, or which their recognizer finds wherever they stand."""
_FEW_VALUES: Final = 16
"""Values for which a search for each is faster than one automaton."""


def find_repeats(
    texts: pl.Series,
    group: pl.Series | None,
    new: IdentifiersByRow,
    identifiers: IdentifiersByRow,
    protected_spans: dict[int, list[tuple[int, int]]],
) -> IdentifiersByRow:
    """Find further occurrences of newly found identifiers.

    Args:
        texts: all texts.
        group: the number of each text's dialogue; None if each text is a dialogue of its own.
        new: the newly found identifiers.
        identifiers: everything found so far, including ``new``.
        protected_spans: spans that no identifier may touch, by row, such as tags.

    Returns:
        The further identifiers; they overlap neither one another nor any given span.
    """
    types_by_value: dict[int, dict[str, str]] = defaultdict(dict)
    dialogues = group.to_list() if group is not None else range(len(texts))
    for row, spans in new.items():
        text = texts[row]
        for start, end, identifier_type in spans:
            for value in _expand_value(text[start:end], identifier_type):
                types_by_value[dialogues[row]].setdefault(value, identifier_type)
    if not types_by_value:
        return {}
    rows_by_dialogue: dict[int, list[int]] = defaultdict(list)
    for row in _find_rows(group, types_by_value) if group is not None else list(types_by_value):
        rows_by_dialogue[dialogues[row]].append(row)
    repeats: IdentifiersByRow = {}
    for dialogue, rows in rows_by_dialogue.items():
        types = types_by_value[dialogue]
        for row, matches in zip(rows, _find_values(texts.gather(rows), list(types)), strict=True):
            occupied = Occupancy([(start, end) for start, end, _ in identifiers.get(row, [])])
            occupied.add_all(protected_spans.get(row, []))
            occurrences = [
                Identifier(start, start + len(value), types[value])
                for value, start in sorted(matches, key=lambda match: (-len(match[0]), match))
                if occupied.add(start, start + len(value))
            ]
            if occurrences:
                repeats[row] = occurrences
    return repeats


def _find_rows(group: pl.Series, types_by_value: dict[int, dict[str, str]]) -> list[int]:
    """Return the rows of all dialogues in which something is searched for."""
    return group.is_in(list(types_by_value)).arg_true().to_list()


def _expand_value(value: str, identifier_type: str) -> list[str]:
    """Return the strings to search for: the value and, of a full name, a given name of two characters."""
    if identifier_type in _UNREPEATED_TYPES:
        return []
    if identifier_type != "PERSON":
        min_length = 4 if identifier_type in {"ORG", "ADDRESS"} else _MIN_LENGTH
        return [value] if len(value) >= min_length else []
    if len(value) < 2 or value in COMPOUND_SURNAMES:
        return []
    given_name = value[2:] if value[:2] in COMPOUND_SURNAMES else value[1:]
    entry = load_words().get(given_name)
    is_word = entry is not None and not entry[0].startswith(("nr", "ns"))
    return [value, given_name] if len(given_name) == 2 and len(value) <= 4 and not is_word else [value]


def _find_values(texts: pl.Series, values: list[str]) -> Iterator[list[tuple[str, int]]]:
    """Yield for each text the values in it and where they begin."""
    if len(values) <= _FEW_VALUES:
        for text in texts.to_list():
            yield [(value, start) for value in values for start in _find_occurrences(text, value)]
        return
    # One automaton for all values of a dialogue: a search for each would be quadratic in a dialogue full of numbers.
    found = texts.str.extract_many(values, overlapping=True).to_list()
    offsets = texts.str.find_many(values, overlapping=True).to_list()
    for text, names, starts in zip(texts.to_list(), found, offsets, strict=True):
        indices = _convert_offsets(text, starts)
        yield [(value, start) for value, start in zip(names, indices, strict=True) if _stands_alone(text, value, start)]


def _convert_offsets(text: str, offsets: list[int]) -> list[int]:
    """Return the code points of byte offsets into the UTF-8 of a text."""
    encoded, indices = text.encode(), {0: 0}
    last = 0
    for offset in sorted(set(offsets)):
        indices[offset] = indices[last] + len(encoded[last:offset].decode())
        last = offset
    return [indices[offset] for offset in offsets]


def _find_occurrences(text: str, value: str) -> Iterator[int]:
    """Yield where the value begins, except inside a longer number or a longer word of Latin letters."""
    start = text.find(value)
    while start >= 0:
        if _stands_alone(text, value, start):
            yield start
        start = text.find(value, start + 1)


def _stands_alone(text: str, value: str, start: int) -> bool:
    """Say whether a value is no part of a longer number or Latin word."""
    end = start + len(value)
    continues_before = start and _are_joined(text[start - 1], value[0])
    return not continues_before and not (end < len(text) and _are_joined(value[-1], text[end]))


def _are_joined(first: str, second: str) -> bool:
    """Say whether two adjacent characters belong to one number or Latin word."""
    return all(char.isascii() and char.isalnum() for char in (first, second))
