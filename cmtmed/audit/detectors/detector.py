"""A detector: one pattern that makes a turn suspect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

MASK: Final = "\ue000"
"""Private-use character that takes the place of every redacted character, so that offsets stay the same."""


@dataclass(frozen=True)
class Detector:
    """One pattern that makes a turn suspect.

    Patterns mean the same to Polars and to ``re``: no look-around, and no character class that only one of them knows.
    Where that is not enough, harmless phrases are masked first.

    Attributes:
        name: also the name of its stratum.
        pattern: regular expression, for Polars and ``re`` alike.
        prior: share of the turns in its stratum that hold an identifier, as read in public corpora after redaction
            (decision 15); used until somebody has read the sample.
        english: what it looks for, for tables and statements.
        chinese: the same in Chinese.
        exclude: regular expression of harmless phrases that match ``pattern``; they are masked before a text is
            searched again.
    """

    name: str
    pattern: str
    prior: float
    english: str
    chinese: str
    exclude: str = ""

    def find_spans(self, text: str) -> list[tuple[int, int]]:
        """Find what this detector suspects in a masked text: half-open spans in code points."""
        if self._compiled_exclude is not None:
            text = self._compiled_exclude.sub(lambda match: MASK * len(match[0]), text)
        return [match.span() for match in self._compiled_pattern.finditer(text)]

    @cached_property
    def _compiled_pattern(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _compiled_exclude(self) -> re.Pattern[str] | None:
        return re.compile(self.exclude) if self.exclude else None
