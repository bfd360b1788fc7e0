"""Rules with numbers: which of them can match a sentence is known for all sentences before any reaches Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.text.scan import PatternSet

_SEPARATORS: Final = "，,；;：:" + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""Characters at which a sentence is cut into clauses, or which are stripped from them."""


class Rule(NamedTuple):
    """A pattern over a clause or a sentence.

    Attributes:
        name: what it finds.
        pattern: the compiled pattern.
        number: its position among all rules.
    """

    name: str
    pattern: re.Pattern[str]
    number: int


RuleTable = tuple[Rule, ...]
Possible = Sequence[int]
"""For each rule whether it can match anywhere in a sentence, 0 or 1."""

_PATTERNS: Final[list[str]] = []
_EDGES: Final[list[str | None]] = []


def compile_rules(rules: Iterable[tuple[str, str]], *, cut_anywhere: bool = False) -> RuleTable:
    """Compile a table of rules and give each a number.

    Args:
        rules: name and pattern of each.
        cut_anywhere: whether they are matched against any part of a sentence, not clauses only.
    """
    table = []
    for name, pattern in rules:
        table.append(Rule(name, re.compile(pattern), len(_PATTERNS)))
        _PATTERNS.append(pattern)
        _EDGES.append(None if cut_anywhere else _SEPARATORS)
    return tuple(table)


@cache
def _load_patterns() -> PatternSet:
    return PatternSet([], _PATTERNS, _EDGES)


def find_possible_rules(sentences: pl.Series) -> npt.NDArray[np.bool_]:
    """Return which rules can match a clause of each sentence, or the sentence itself, shape (sentences, rules)."""
    return _load_patterns().match(sentences)


class _EveryRule(Sequence[int]):
    """What can match where nothing is known: every rule."""

    def __len__(self) -> int:
        return len(_PATTERNS)

    def __getitem__(self, number: object) -> int:  # type: ignore[override]
        return 1


EVERY_RULE: Final = _EveryRule()


def find_first(rules: RuleTable, text: str, possible: Possible) -> str:
    """Return the name of the first rule that matches, empty if none does."""
    for rule in rules:
        if possible[rule.number] and rule.pattern.search(text):
            return rule.name
    return ""
