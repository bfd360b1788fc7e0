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
from cmtmed.anonymize.identifier import Identifier, IdentifiersByRow

_MIN_LENGTH: Final = 5
"""Shorter numbers and handles (a bed, a position in a queue) are too common to be searched for without their label."""
_UNREPEATED_TYPES: Final = frozenset(("AGE90", "HOSPITAL"))
"""Types whose values recur with another meaning, or which their recognizer finds wherever they stand."""


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
    repeats: IdentifiersByRow = {}
    for row in _find_rows(group, types_by_value) if group is not None else list(types_by_value):
        types = types_by_value[dialogues[row]]
        text = texts[row]
        occupied = [(start, end) for start, end, _ in identifiers.get(row, [])] + protected_spans.get(row, [])
        occurrences: list[Identifier] = []
        for value in sorted(types, key=lambda value: (-len(value), value)):
            for start in _find_occurrences(text, value):
                end = start + len(value)
                if all(end <= other_start or other_end <= start for other_start, other_end in occupied):
                    occurrences.append(Identifier(start, end, types[value]))
                    occupied.append((start, end))
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


def _find_occurrences(text: str, value: str) -> Iterator[int]:
    """Yield where the value begins, except inside a longer number or a longer word of Latin letters."""
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        continues_before = start and _are_joined(text[start - 1], value[0])
        if not continues_before and not (end < len(text) and _are_joined(value[-1], text[end])):
            yield start
        start = text.find(value, start + 1)


def _are_joined(first: str, second: str) -> bool:
    """Say whether two adjacent characters belong to one number or Latin word."""
    return all(char.isascii() and char.isalnum() for char in (first, second))
