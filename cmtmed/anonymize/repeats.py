"""A name or number found once in a dialogue is found everywhere in it.

The trigger that gave it away (我叫王建国) stands in one turn, the value alone (建国) in another.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

import polars as pl

from cmtmed.anonymize.identifier import Identifier
from cmtmed.anonymize.lexicon.surnames import COMPOUND
from cmtmed.anonymize.lexicon.words import words

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
        pattern = re.compile("|".join(_guarded(value) for value in sorted(known, key=len, reverse=True)))
        text = texts[row]
        taken = [(start, end) for start, end, _ in found.get(row, [])] + tagged.get(row, [])
        spans = [
            Identifier(match.start(), match.end(), known[match[0]])
            for match in pattern.finditer(text)
            if all(match.end() <= start or end <= match.start() for start, end in taken)
        ]
        if spans:
            result[row] = spans
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


def _guarded(value: str) -> str:
    """Match the value, but not inside a longer number or word of Latin letters."""
    left = r"(?<![0-9A-Za-z])" if value[0].isascii() and value[0].isalnum() else ""
    right = r"(?![0-9A-Za-z])" if value[-1].isascii() and value[-1].isalnum() else ""
    return left + re.escape(value) + right
