"""Decide between overlapping candidates.

The rule, in this order: a value that its own label introduces beats a form that proves itself, that beats a
form that is merely likely (confidence in steps of a tenth); then the longer span wins, because half a
redacted address still identifies; then the type that is further up in ``PRIORITY``, the more specific one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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
"""Types from the most to the least specific form."""
_RANK: Final = {kind: place for place, kind in enumerate(PRIORITY)}
# Free-text names contain one another (王家诊所, 北京市朝阳区人民医院): among them length alone decides.
_NAMES: Final = frozenset(("HOSPITAL", "ADDRESS", "ORG", "PERSON"))


def resolve(candidates: Iterable[tuple[int, int, str, float]]) -> list[Identifier]:
    """Choose disjoint spans.

    Args:
        candidates: start, end, type and confidence of each.

    Returns:
        The chosen ones by start.

    >>> resolve([(0, 5, "PERSON", 0.7), (0, 9, "HOSPITAL", 0.7), (12, 14, "DATE", 0.9)])
    [Identifier(start=0, end=9, type='HOSPITAL'), Identifier(start=12, end=14, type='DATE')]
    """
    chosen: list[Identifier] = []
    candidates = _joined(candidates)
    for start, end, kind, _ in sorted(set(candidates), key=_preference):
        if all(end <= other.start or other.end <= start for other in chosen):
            chosen.append(Identifier(start, end, kind))
    return sorted(chosen)


def _joined(candidates: Iterable[tuple[int, int, str, float]]) -> list[tuple[int, int, str, float]]:
    """Make one of overlapping addresses: each form reads some of the levels."""
    result: list[tuple[int, int, str, float]] = []
    last = -1
    for start, end, kind, confidence in sorted(candidates):
        if kind != "ADDRESS":
            result.append((start, end, kind, confidence))
        elif last >= 0 and start <= result[last][1]:
            left, right, _, other = result[last]
            result[last] = (left, max(right, end), kind, max(confidence, other))
        else:
            last = len(result)
            result.append((start, end, kind, confidence))
    return result


def _preference(candidate: tuple[int, int, str, float]) -> tuple[float, int, int, int]:
    start, end, kind, confidence = candidate
    return -(0.8 if kind in _NAMES else round(confidence, 1)), start - end, _RANK[kind], start


if set(PRIORITY) != set(TYPES):  # a new type must be given its place
    raise RuntimeError("PRIORITY and TYPES differ")
