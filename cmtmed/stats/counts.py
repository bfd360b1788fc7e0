"""Counts that can be added up."""

from __future__ import annotations

from collections import Counter


def add_counts(first: Counter[str], second: Counter[str]) -> Counter[str]:
    """Add counts that may be negative, which the operator of `Counter` discards."""
    total = Counter(first)
    total.update(second)
    return total
