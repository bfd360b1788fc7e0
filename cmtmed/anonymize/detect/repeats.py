"""A name or number found once in a dialogue is found everywhere in it.

The trigger that gave it away (我叫王建国) stands in one turn, the value alone (建国) in another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import polars as pl

from cmtmed.anonymize.detect.lexicon.dictionary import words
from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND
from cmtmed.anonymize.identifier import Identifier

_LEAST: Final = 5
"""Shorter numbers and handles (a bed, a queue place) are too common to look for without their label."""
_NEVER: Final = frozenset(("AGE90", "HOSPITAL"))
"""Values that recur with another meaning, or that the recognizer finds by itself wherever they stand."""

Spans = dict[int, list[Identifier]]


def repeats(
    texts: pl.Series,
    group: pl.Series | None,
    new: Spans,
    found: Spans,
    tagged: dict[int, list[tuple[int, int]]],
) -> Spans:
    """Find further occurrences of what was just found.

    Args:
        texts: all texts.
        group: number of each text's dialogue; None if each text is its own.
        new: what was just found, by text.
        found: everything found so far, ``new`` included.
        tagged: spans of tags, which nothing may touch.

    Returns:
        The further spans, disjoint from one another and from what was given.
    """
    values: dict[int, dict[str, str]] = defaultdict(dict)
    dialogue = group.to_list() if group is not None else range(len(texts))
    for row, spans in new.items():
        text = texts[row]
        for start, end, kind in spans:
            for value in _forms(text[start:end], kind):
                values[dialogue[row]].setdefault(value, kind)
    if not values:
        return {}
    result: Spans = {}
    for row in _members(group, values) if group is not None else list(values):
        known = values[dialogue[row]]
        text = texts[row]
        taken = [(start, end) for start, end, _ in found.get(row, [])] + tagged.get(row, [])
        more: list[Identifier] = []
        for value in sorted(known, key=lambda value: (-len(value), value)):
            for start in _places(text, value):
                end = start + len(value)
                if all(end <= left or right <= start for left, right in taken):
                    more.append(Identifier(start, end, known[value]))
                    taken.append((start, end))
        if more:
            result[row] = more
    return result


def _members(group: pl.Series, values: dict[int, dict[str, str]]) -> list[int]:
    return group.is_in(list(values)).arg_true().to_list()


def _forms(value: str, kind: str) -> list[str]:
    """Return what to look for: the value, and of a full name the given name if it has two characters."""
    if kind in _NEVER:
        return []
    if kind != "PERSON":
        return [value] if len(value) >= _LEAST or (kind in {"ORG", "ADDRESS"} and len(value) >= 4) else []
    if len(value) < 2 or value in COMPOUND:
        return []
    given = value[2:] if value[:2] in COMPOUND else value[1:]
    entry = words().get(given)
    common = entry is not None and not entry[0].startswith(("nr", "ns"))
    return [value, given] if len(given) == 2 and len(value) <= 4 and not common else [value]


def _places(text: str, value: str) -> Iterator[int]:
    """Yield where the value stands, but not inside a longer number or a word of Latin letters."""
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        if not (at and _joins(text[at - 1], value[0])) and not (end < len(text) and _joins(value[-1], text[end])):
            yield at
        at = text.find(value, at + 1)


def _joins(left: str, right: str) -> bool:
    return all(char.isascii() and char.isalnum() for char in (left, right))
