"""Patterns that are tried only on the texts that hold the words they require."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.words.required import Words, estimate_share, find_required_words
from cmtmed.text.words.word_sets import WordSets

_RARE: Final = 0.03
"""A set of words below this estimate is looked up alone."""


class PatternFilter:
    """Patterns that are looked for together, in texts that seldom match any.

    Args:
        patterns: patterns that Polars and `re` read alike.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(patterns)
        numbers: dict[Words, int] = {}
        self._alternatives = [
            [
                [numbers.setdefault(words, len(numbers)) for words in _choose_sets(required)]
                for required in find_required_words(pattern)
            ]
            for pattern in patterns
        ]
        self._words = WordSets(tuple(numbers))

    def find(self, texts: pl.Series) -> npt.NDArray[np.bool_]:
        """Find out which patterns match in each text.

        Args:
            texts: String; null matches none.

        Returns:
            One Boolean per pattern and text, shape (patterns, texts).

        >>> PatternFilter(["下载.{0,9}APP", "好评"]).find(pl.Series(["请下载某某APP", "APP下载", "给个好评"])).tolist()
        [[True, False, False], [False, False, True]]
        """
        marks = self._words.mark(texts)
        found = np.zeros((len(self._patterns), len(texts)), dtype=np.bool_)
        for row, (pattern, alternatives) in enumerate(zip(self._patterns, self._alternatives, strict=True)):
            possible = np.zeros(len(texts), dtype=np.bool_)
            for sets in alternatives:
                possible |= np.logical_and.reduce([marks[number] for number in sets], initial=True)
            candidates = np.flatnonzero(possible)
            if len(candidates):
                found[row, candidates] = (
                    texts.gather(candidates).str.contains(pattern).fill_null(value=False).to_numpy()
                )
        return found


def _choose_sets(required: Iterable[Words]) -> list[Words]:
    """Return the rarest set of words, and the next one if that one is frequent."""
    sets = sorted(required, key=estimate_share)
    return sets[: 1 if sets and estimate_share(sets[0]) < _RARE else 2]
