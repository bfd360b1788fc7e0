"""Sets of characters, each stored once and known by its number."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import Final

Ranges = tuple[tuple[int, int], ...]
"""Ranges of code points, sorted and disjoint, first and last one included."""

EDGE: Final = 0x110000
"""Stands before the first and behind the last character of a text, where ``^`` and ``$`` match."""

ANY: Final[Ranges] = ((0, EDGE - 1),)
AT_EDGE: Final[Ranges] = ((EDGE, EDGE),)

_SPACE: Final = (
    (0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip
_SAME_LETTER: Final = {"k": "\u212a", "s": "\u017f", "i": "\u0130\u0131", "\u00b5": "\u03bc", "\u00e5": "\u212b"}
"""Letters that engines take for one another without regard to case, besides upper and lower case."""
_FREQUENT_CODES: Final = (
    *map(ord, "的一是不了在人有我他这为之大来以个中上们，。、到说国和地也子时道出而要于就下得可你年生自会医疗病症0123"),
)
_EDGE_SHARE: Final = 0.1
"""Estimated share of the edges of texts among the characters of short ones."""


class SetTable:
    """Sets of characters by number; equal sets have equal numbers.

    Attributes:
        ranges: the ranges of each set.
    """

    def __init__(self) -> None:
        self.ranges: list[Ranges] = []
        self._numbers: dict[Ranges, int] = {}
        self._unions: dict[frozenset[int], int] = {}
        self._shares: dict[int, float] = {}

    def add(self, ranges: Ranges) -> int:
        """Return the number of a set."""
        number = self._numbers.setdefault(ranges, len(self.ranges))
        if number == len(self.ranges):
            self.ranges.append(ranges)
        return number

    def unite(self, numbers: frozenset[int]) -> int:
        """Return the number of the union of sets."""
        if len(numbers) == 1:
            return next(iter(numbers))
        number = self._unions.get(numbers)
        if number is None:
            number = self.add(unite(*(self.ranges[member] for member in numbers)))
            self._unions[numbers] = number
        return number

    def estimate_share(self, number: int) -> float:
        """Estimate the share of a set's characters in Chinese text; only the order of estimates matters."""
        share = self._shares.get(number)
        if share is None:
            ranges = self.ranges[number]
            firsts = [first for first, _ in ranges]
            size = sum(min(last, 0x9FFF) - first + 1 for first, last in ranges if first <= 0x9FFF)
            frequent = 0
            for code in _FREQUENT_CODES:
                index = bisect_right(firsts, code) - 1
                frequent += index >= 0 and code <= ranges[index][1]
            edges = _EDGE_SHARE if ranges and ranges[-1][1] == EDGE else 0.0
            share = self._shares[number] = min(1.0, size / 10000 + frequent / len(_FREQUENT_CODES) / 2 + edges)
        return share


def unite(*sets: Iterable[tuple[int, int]]) -> Ranges:
    """Return the union of sets.

    >>> unite(((97, 99),), ((100, 102), (50, 51)))
    ((50, 51), (97, 102))
    """
    merged: list[tuple[int, int]] = []
    first_code, last_code = -1, -2
    for first, last in sorted(span for ranges in sets for span in ranges):
        if first <= last_code + 1:
            last_code = max(last_code, last)
            continue
        if first_code >= 0:
            merged.append((first_code, last_code))
        first_code, last_code = first, last
    if first_code >= 0:
        merged.append((first_code, last_code))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Return all characters that are not in a set; the edge of a text is no character.

    >>> complement(((0, 96), (98, 0x10FFFF)))
    ((97, 97),)
    """
    result, start = [], 0
    for first, last in ranges:
        if start < first:
            result.append((start, first - 1))
        start = max(start, last + 1)
    if start < EDGE:
        result.append((start, EDGE - 1))
    return tuple(result)


def add_case_variants(ranges: Ranges) -> Ranges:
    """Add upper and lower case of the letters of a set below the ideographs."""
    variants = set()
    for first, last in ranges:
        if first >= 0x2C00 or last - first > 0x1000:
            continue
        for code in range(first, last + 1):
            letter = chr(code)
            lower = letter.lower()
            related = {lower, letter.upper(), *_SAME_LETTER.get(lower[:1], "")}
            variants |= {ord(variant) for variant in related if len(variant) == 1}
    return unite(ranges, ((code, code) for code in variants)) if variants else ranges


@cache
def build_category(name: str) -> Ranges:
    r"""Return the characters of ``\s``, ``\d`` or ``\w``, by the name that the parser of `re` gives to each."""
    positive = name.replace("_NOT_", "_")
    if positive == "CATEGORY_SPACE":
        result: Ranges = _SPACE
    else:
        is_member = str.isdecimal if positive == "CATEGORY_DIGIT" else _is_word_character
        result = unite((code, code) for code in range(EDGE) if is_member(chr(code)))
    return complement(result) if positive != name else result


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_"
