"""Which turns may hold platform text: found in one pass over all turns, before any of them is looked at by itself."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.form_labels import ANY_LABEL
from cmtmed.text.platform_rules import CARD, PLACEHOLDER, QUOTED_QUESTION, RULES
from cmtmed.text.sentences import CLOSERS, STOPS
from cmtmed.text.words.pattern_filter import PatternFilter


class Candidates(NamedTuple):
    """Which texts may change, a Boolean per text.

    Attributes:
        platform: those that may hold platform text, see `cmtmed.text.boilerplate.clean_text`.
        labels: those that may hold form labels, see `cmtmed.text.form_labels.remove_labels`.
    """

    platform: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.bool_]


def find_candidates(texts: pl.Series) -> Candidates:
    """Find the texts that may hold platform text or form labels; all others stay as they are.

    Args:
        texts: String; null holds none.

    >>> platform, labels = find_candidates(pl.Series(["头痛三天", "请下载某某APP", "主诉：头痛"]))
    >>> platform.tolist(), labels.tolist()
    ([False, True, False], [False, False, True])
    """
    found = _get_filter().find(texts)
    return Candidates(np.any(found[:-1], axis=0), found[-1])


@cache
def _get_filter() -> PatternFilter:
    rules = [_widen(pattern) for rule in RULES for pattern in rule.patterns]
    return PatternFilter([*rules, PLACEHOLDER, CARD, QUOTED_QUESTION.replace("(?P<quote>", "(?:"), ANY_LABEL])


def _widen(pattern: str) -> str:
    """Return a pattern for Polars that every text matches with a sentence that a rule's pattern matches."""
    # Polars knows no lookahead; one at the end of a pattern may as well be part of the match.
    return "(?m)" + _ANCHOR.sub(lambda _: _SENTENCE_START, pattern.replace("(?=", "(?:"))


_ANCHOR: Final = re.compile(r"(?<!\[)\^")
_SENTENCE_START: Final = rf"(?:^|[\s{STOPS}{re.escape(CLOSERS)}])"
"""Where a sentence may begin in a text."""
