"""Many patterns over many texts: which text matches which pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.scan.scanner import POSSIBLE, Scanner

_FEW_BYTES: Final = 150_000
"""Less text than this is searched pattern by pattern, unless there is a scanner: building one would take longer."""


class PatternSet:
    """Patterns that mean the same to Polars and to `re`, matched together.

    Args:
        patterns: patterns for Polars; ``$`` is the end of the text, and ``(?i)`` may open a pattern.
        necessary: further patterns, of which it is enough to know that a text does not match: what might match does.
            They may look around, which is not looked at.
        edges: for each of the necessary patterns at which characters texts may be cut before it is matched, None for
            all characters (see `cmtmed.text.scan.sequences`); by default they are matched against whole texts.
    """

    def __init__(
        self, patterns: Sequence[str], necessary: Sequence[str] = (), edges: Sequence[str | None] | None = None
    ) -> None:
        self.patterns = tuple(patterns)
        self.necessary = tuple(necessary)
        self._edges: list[str | None] = [*[""] * len(patterns), *([""] * len(necessary) if edges is None else edges)]

        self._scanner: Scanner | None = None
        self._compiled: list[re.Pattern[str] | None] = [None] * len(self.patterns)

    def _search(self, number: int, text: str) -> bool:
        compiled = self._compiled[number]
        if compiled is None:
            compiled = self._compiled[number] = re.compile(self.patterns[number].replace("$", r"\Z"))
        return compiled.search(text) is not None

    def match(self, texts: pl.Series) -> npt.NDArray[np.bool_]:
        """Match all texts against all patterns.

        Args:
            texts: String without nulls.

        Returns:
            Shape (texts, patterns), the necessary ones last.
        """
        if self._scanner is None and int(texts.str.len_bytes().sum()) < _FEW_BYTES:
            return self.match_one_by_one(texts.to_list())
        return self.match_together(texts)

    def match_together(self, texts: pl.Series) -> npt.NDArray[np.bool_]:
        """Match texts as `match` does, all patterns in one pass."""
        if self._scanner is None:
            self._scanner = Scanner([*self.patterns, *self.necessary], self._edges)
        found = self._scanner.scan(texts)
        matches: npt.NDArray[np.bool_] = found > 0
        rows, numbers = np.nonzero(found[:, : len(self.patterns)] == POSSIBLE)
        for row, number, text in zip(rows.tolist(), numbers.tolist(), texts.gather(rows).to_list(), strict=True):
            matches[row, number] = self._search(number, text)
        return matches

    def match_one_by_one(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Match texts as `match` does, with `re` alone; the necessary patterns might match any text."""
        numbers = range(len(self.patterns))
        matches = [[self._search(number, text) for number in numbers] for text in texts]
        strict = np.array(matches, dtype=bool).reshape(len(texts), len(self.patterns))
        return np.pad(strict, ((0, 0), (0, len(self.necessary))), constant_values=True)
