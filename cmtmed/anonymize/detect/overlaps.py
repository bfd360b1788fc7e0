"""Decide between overlapping candidates.

The rules, in this order: a value introduced by its own label beats one that validates itself, which beats one that is
merely likely (confidence in steps of a tenth); then the longer span wins, because half a redacted address still
identifies somebody; then the type that comes first in `PRIORITY`, the more specific one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cmtmed.anonymize.detect.occupancy import Occupancy
from cmtmed.anonymize.identifier import TYPES, Identifier

PRIORITY: Final = (
    "URL",
    "EMAIL",
    "ID_CARD",
    "INSURANCE",
    "MRN",
    "ORDER",
    "PASSPORT",
    "BANK_CARD",
    "WECHAT",
    "QQ",
    "SOCIAL",
    "PHONE",
    "PLATE",
    "IP",
    "DATE",
    "AGE90",
    "HOSPITAL",
    "ADDRESS",
    "ORG",
    "PERSON",
)
"""Types from the most to the least specific."""
_RANK: Final = {identifier_type: rank for rank, identifier_type in enumerate(PRIORITY)}
# Free-text names contain one another (王家诊所, 北京市朝阳区人民医院): among them length alone decides.
_FREE_TEXT_TYPES: Final = frozenset(("HOSPITAL", "ADDRESS", "ORG", "PERSON"))


def resolve_overlaps(candidates: Iterable[tuple[int, int, str, float]]) -> list[Identifier]:
    """Choose disjoint spans.

    Args:
        candidates: start, end, type and confidence of each.

    Returns:
        The chosen spans, sorted by start.

    >>> resolve_overlaps([(0, 5, "PERSON", 0.7), (0, 9, "HOSPITAL", 0.7), (12, 14, "DATE", 0.9)])
    [Identifier(start=0, end=9, type='HOSPITAL'), Identifier(start=12, end=14, type='DATE')]
    """
    occupied = Occupancy()
    return sorted(
        Identifier(start, end, identifier_type)
        for start, end, identifier_type, _ in sorted(set(_merge_addresses(candidates)), key=_sort_key)
        if occupied.add(start, end)
    )


def _merge_addresses(candidates: Iterable[tuple[int, int, str, float]]) -> list[tuple[int, int, str, float]]:
    """Merge overlapping addresses into one: each pattern reads only some of the levels."""
    merged: list[tuple[int, int, str, float]] = []
    last_address = -1
    for start, end, identifier_type, confidence in sorted(candidates):
        if identifier_type != "ADDRESS":
            merged.append((start, end, identifier_type, confidence))
        elif last_address >= 0 and start <= merged[last_address][1]:
            first_start, last_end, _, highest = merged[last_address]
            merged[last_address] = (first_start, max(last_end, end), identifier_type, max(confidence, highest))
        else:
            last_address = len(merged)
            merged.append((start, end, identifier_type, confidence))
    return merged


def _sort_key(candidate: tuple[int, int, str, float]) -> tuple[float, int, int, int]:
    start, end, identifier_type, confidence = candidate
    certainty = 0.8 if identifier_type in _FREE_TEXT_TYPES else round(confidence, 1)
    return -certainty, start - end, _RANK[identifier_type], start


if set(PRIORITY) != set(TYPES):  # a new type must be ranked
    raise RuntimeError("PRIORITY and TYPES differ; give every type a rank")
