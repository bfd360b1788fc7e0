"""Fields whose names differ in a number: rounds of a dialogue in one row, or several answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cmtmed.io.field_names import holds_field

_NUMBER: Final = re.compile(r"[ _.-]?(?P<number>\d{1,3})$")
_INNER: Final = re.compile(
    r"(?P<number>\d{1,3}|(?<=第)[一二三四五六七八九十]{1,3}|[一二三四五六七八九十]{1,2}(?=[轮次问答])|(?<=[问答轮])[一二三四五六七八九十]{1,2}$)"
)
"""A number inside a name, or one in words: 第1轮患者, 第二轮医生, ``q3_text``."""
_NUMERALS: Final = "一二三四五六七八九"


def _find_number(name: str) -> re.Match[str] | None:
    return _NUMBER.search(name) or _INNER.search(name)


def _strip_number(name: str) -> str:
    match = _find_number(name)
    return name if match is None else name[: match.start()] + name[match.end() :]


def _get_number(name: str) -> int:
    match = _find_number(name)
    if match is None:
        return 0
    number = match["number"]
    if number.isdigit():
        return int(number)
    tens, ten, ones = number.rpartition("十")
    tens_value = (_NUMERALS.find(tens) + 1 or 1) * 10 if ten else 0
    return tens_value + _NUMERALS.find(ones) + 1 if ones else tens_value


def _split_round(name: str) -> tuple[str, int]:
    """Return a name without its number, and the number: at its end (``ask_1``), or of a round (第1轮患者, 第二轮)."""
    if match := _ROUND.match(name):
        written = match["number"]
        number = int(written) if written.isdigit() else _DIGITS.index(written[-1]) + 10 * written.startswith("十")
        return name[match.end() :], number
    return _strip_number(name), _get_number(name)


_ROUND: Final = re.compile(r"第?(?P<number>\d{1,3}|十?[一二三四五六七八九]|十)[轮次回][ _：:]*(?=.)")
_DIGITS: Final = "十一二三四五六七八九"


def pair_numbered(keys: Iterable[str]) -> list[tuple[str, str]]:
    """Return the keys of questions and answers that are numbered (``ask_1, reply_1, ask_2, …``), round by round.

    Fewer than two rounds are none.
    """
    sides: dict[str, dict[int, str]] = {"question": {}, "answer": {}}
    for key in keys:
        stem, number = _split_round(key)
        if stem == key:
            continue
        for field, numbered in sides.items():
            if holds_field([stem], field):
                numbered.setdefault(number, key)
                break
    questions, answers = sides["question"], sides["answer"]
    rounds = [(questions[number], answers[number]) for number in sorted(questions) if number in answers]
    return rounds if len(rounds) > 1 else []


def are_numbered(keys: Iterable[str]) -> bool:
    """Return whether all keys are numbers, or are the same but for a number: ``0, 1, …``, ``u1, u2, …``.

    >>> are_numbered(["t1", "t2"]), are_numbered(["t1"]), are_numbered(["a1", "b2"])
    (True, False, False)
    """
    names = list(keys)
    if all(name.isdigit() for name in names):
        return bool(names)
    return len(names) > 1 and len({_strip_number(name) for name in names}) == 1 and names[0] != _strip_number(names[0])


def list_series(keys: Iterable[str]) -> list[list[str]]:
    """Return the groups of keys that differ in a number alone and count on without a gap, each in order.

    >>> list_series(["id", "u2", "u1", "icd10"])
    [['u1', 'u2']]
    """
    groups: dict[str, list[str]] = {}
    for key in keys:
        if (stem := _strip_number(key)) != key:
            groups.setdefault(stem, []).append(key)
    series = [sorted(names, key=_get_number) for names in groups.values() if len(names) > 1]
    return [names for names in series if _get_number(names[-1]) - _get_number(names[0]) == len(names) - 1]


def pair_declared(question: str, answer: str, keys: Iterable[str]) -> list[tuple[str, str]]:
    """Return the rounds that a numbered question and a numbered answer begin; fewer than two are none.

    >>> pair_declared("q_1", "a_1", ["id", "q_1", "a_1", "q_2", "a_2"])
    [('q_1', 'a_1'), ('q_2', 'a_2')]
    """
    names = list(keys)
    answers = {_get_number(name): name for name in list_numbered(answer, names)}
    questions = list_numbered(question, names)
    rounds = [(name, answers[_get_number(name)]) for name in questions if _get_number(name) in answers]
    return rounds if len(rounds) > 1 else []


def list_numbered(key: str, keys: Iterable[str]) -> list[str]:
    """Return the keys that differ from a numbered key in the number alone, in order; of any other key itself.

    Columns that have the name of an earlier one are called after it: ``answer#2``.

    >>> list_numbered("answer1", ["id", "answer2", "answer1", "answers"])
    ['answer1', 'answer2']
    >>> list_numbered("answer", ["answer", "answer2", "answer#2"])
    ['answer', 'answer#2']
    """
    stem = _strip_number(key)
    if stem == key:
        return [key, *(name for name in keys if name.startswith(f"{key}#"))]
    return sorted((name for name in keys if _strip_number(name) == stem != name), key=_get_number)
