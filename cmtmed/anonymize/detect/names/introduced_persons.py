"""Names right after a trigger: 我叫…, 姓名：…."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word
from cmtmed.anonymize.detect.lexicon.given_names import UNLIKELY_GIVEN
from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES, SINGLE_SURNAMES
from cmtmed.anonymize.detect.lexicon.transliteration import NAME_DOTS, TRANSLITERATED_NAME, TRANSLITERATION_CHARACTERS
from cmtmed.anonymize.detect.names.person_score import (
    CLAUSE_CONTINUATION,
    MAX_CONTINUATION,
    NOT_NAME_BEGINNINGS,
    NOT_NAMES,
    build_name_pattern,
    score_continuation,
    score_full_name,
)
from cmtmed.text.han import HAN

_MIN_LABELLED_SCORE: Final = 0.2
_MIN_SUGGESTED_SCORE: Final = 2.3
_BONUS: Final = 1.2
_TRANSLITERATED_NAME: Final = re.compile(TRANSLITERATED_NAME)
# After a label and up to punctuation, a dotted name may consist of any characters.
_DOTTED_NAME: Final = re.compile(rf"[{HAN}]{{1,8}}(?:[{NAME_DOTS}][{HAN}]{{1,8}})+(?![{HAN}])")
_CHINESE_RUN: Final = re.compile(rf"[{HAN}]+")


def build_suggested_name_pattern() -> str:
    """Build a pattern that every name matches which `find_name_after_trigger` finds without a label before it."""
    transliterated = f"[{TRANSLITERATION_CHARACTERS}]{{1,7}}[{NAME_DOTS}]"
    return f"(?:{build_name_pattern(_MIN_SUGGESTED_SCORE - _BONUS - MAX_CONTINUATION)}|{transliterated})"


def find_name_after_trigger(text: str, start: int, *, trusted: bool) -> tuple[int, float] | None:
    """Find the full name that begins right after a trigger.

    Args:
        text: the canonical text.
        start: index after the trigger.
        trusted: whether the trigger is a label (姓名：), after which anything short is a name; otherwise (我是…,
            我妈…) the name must begin with a surname and the text must continue as it does after names.

    Returns:
        Its end and a confidence, or None.
    """
    if trusted and (match := _DOTTED_NAME.match(text, start)):
        return match.end(), 0.95
    if match := _TRANSLITERATED_NAME.match(text, start):
        return match.end(), 0.9
    run = _CHINESE_RUN.match(text, start)
    if run is None:
        return None
    characters, run_end = run[0], run.end()
    if characters in NOT_NAMES or characters.startswith(NOT_NAME_BEGINNINGS):
        return None
    best = _find_best_name(text, start)
    if best and best[1] <= run_end and best[0] >= (_MIN_LABELLED_SCORE if trusted else _MIN_SUGGESTED_SCORE):
        return best[1], 0.9 if trusted else 0.75
    is_short = 2 <= len(characters) <= 4 and not any(char in UNLIKELY_GIVEN for char in characters)
    has_surname = characters[0] in SINGLE_SURNAMES and len(characters) <= 3
    return (run_end, 0.7) if trusted and is_short and (has_surname or not is_common_word(characters)) else None


def _find_best_name(text: str, start: int) -> tuple[float, int] | None:
    """Return score and end of the most likely name that begins at ``start``."""
    surname_length = 2 if text[start : start + 2] in COMPOUND_SURNAMES else 1
    best: tuple[float, int] | None = None
    for given_length in (2, 1):
        end = start + surname_length + given_length
        if end <= len(text):
            score = _BONUS + score_full_name(text, start, end) + score_continuation(text, end)
            # 李特|想咨询: the clause continues with what could be the last character of a name.
            if given_length == 2 and CLAUSE_CONTINUATION.match(text, end - 1):
                score -= 1.2
            if best is None or score > best[0]:
                best = (score, end)
    return best
