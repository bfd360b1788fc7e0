"""Splitting of turns into sentences (run-ons included) and of sentences into clauses."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from cmtmed.text.han import HAN
from cmtmed.text.sentences import split

# Where a question ends inside a run-on without punctuation: 发烧吗吃过什么药, 多久了有没有咳嗽.
# 吗啡 and 吗丁啉 are drugs.
_DRUG: Final = r"(?!(?<=吗)(?:啡|丁啉|啉|替麦|氯贝))"
RUN_ON: Final = re.compile(
    rf"(?<=[吗呢嘛]){_DRUG}(?=[{HAN}0-9A-Za-z])|"
    rf"(?<=[^什怎那这多要]么)(?=[{HAN}])(?<!什么)|(?<=[?？])(?=.)"
    rf"|(?<=[吗呢嘛])(?=\s)|(?:(?<=还好吧)|(?<=都好吧)|(?<=正常吧)|(?<=没有吧)|(?<=过吧))(?=[{HAN}])"
    rf"|(?<=多久了)(?=[{HAN}])|(?<=多大了)(?=[{HAN}])|(?<=[{HAN}]) (?=[{HAN}])"
)
"""Where a sentence is split after a question in it."""
_CLAUSE: Final = re.compile(r"[，,；;：:]")
_WORD: Final = re.compile(r"\w")


def sentences(turn: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences of a turn; a run-on is split after each question in it.

    >>> turn = "多久了有发烧吗吃过什么药"
    >>> [turn[start:end] for start, end in sentences(turn)]
    ['多久了', '有发烧吗', '吃过什么药']
    """
    return [
        (start + begin, start + stop) for start, end in split(turn) for begin, stop in split_run_ons(turn[start:end])
    ]


def split_run_ons(sentence: str) -> list[tuple[int, int]]:
    """Return the spans of a sentence split after each question that runs on without punctuation."""
    cuts = [0, *(match.start() for match in RUN_ON.finditer(sentence)), len(sentence)]
    if len(cuts) == 2:
        return [(0, len(sentence))]
    spans = []
    for start, end in pairwise(cuts):
        segment = sentence[start:end]
        if segment.strip():
            spans.append((start + len(segment) - len(segment.lstrip()), start + len(segment.rstrip())))
    return spans


def clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence, split at commas; punctuation alone is no clause."""
    return [clause.strip() for clause in _CLAUSE.split(sentence) if _WORD.search(clause)]
