"""Checks of PERSON: each accepts a candidate, moves its boundaries, or rejects it."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, load_words, splits_word
from cmtmed.anonymize.detect.lexicon.given_names import TYPICAL_GIVEN, UNLIKELY_GIVEN
from cmtmed.anonymize.detect.lexicon.person_context import (
    ACTIVITIES,
    DRUGS_LIKE_NAMES,
    ENGLISH_SYLLABLES,
    NO_LATIN_NAMES,
    PHYSICIANS_OF_HISTORY,
)
from cmtmed.anonymize.detect.lexicon.rare_characters import is_rare
from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES, PLAIN_SURNAMES
from cmtmed.anonymize.detect.names.introduced_persons import find_name_after_trigger
from cmtmed.anonymize.detect.names.person_score import ends_inside_word, score_full_name
from cmtmed.anonymize.detect.names.titled_persons import find_name_before_title
from cmtmed.anonymize.detect.names.unintroduced_persons import find_name_in_text
from cmtmed.anonymize.detect.recognizer import Candidate
from cmtmed.anonymize.detect.recognizers.person.character_classes import END

_MIN_ENCLOSED_SCORE: Final = 1.6
_MIN_CLAUSE_SCORE: Final = 2.3
_CITATION: Final = re.compile(
    r"(?i)\s*(?:et al|,?\s*[A-Z][a-z]+\s+[A-Z]{1,2}\b|[,.;]?\s*(?:19|20)\d\d\s*[;,(]|等[.。])"
)
"""How a text continues after the author of a paper."""


def check_titled_name(candidate: Candidate) -> Candidate | None:
    """Accept the name or bare surname that ends where the title begins (王医生)."""
    text, title_start = candidate.canonical.text, candidate.match.start()
    # 护理 is a title unless something is nursed: 晏护理说, not 周护理中.
    if candidate.match[0] in ACTIVITIES and re.match("[^\\W\\d_您你好说不也今是给]", text[candidate.match.end() :]):
        return None
    name = find_name_before_title(text, title_start)
    if name is None or text[name[0] : title_start] in PHYSICIANS_OF_HISTORY:
        return None
    return candidate._replace(start=name[0], end=title_start, confidence=name[1])


def check_short_title(candidate: Candidate) -> Candidate | None:
    """Reject 王姐 and 老王 where they split a word: one character beside the surname is little evidence."""
    text = candidate.canonical.text
    # 张老 and 李工 end a clause; in the middle of one the characters mean old and work.
    if text[candidate.end : candidate.end + 1] in "老工总" and not re.match(END, text[candidate.end + 1 :]):
        return None
    if is_common_word(text[candidate.end : candidate.end + 2]):
        return None
    if splits_word(text, candidate.start, candidate.end) or is_common_word(text[candidate.start : candidate.end + 1]):
        return None
    return None if is_common_word(text[max(0, candidate.start - 1) : candidate.end]) else candidate


def check_labelled_name(candidate: Candidate) -> Candidate | None:
    """Accept the name after a label (姓名：), where anything short is one."""
    return _find_name_after_match(candidate, trusted=True)


def check_suggested_name(candidate: Candidate) -> Candidate | None:
    """Accept the name after words that may or may not introduce one (我是…), if it looks like a name."""
    return _find_name_after_match(candidate, trusted=False)


def _find_name_after_match(candidate: Candidate, *, trusted: bool) -> Candidate | None:
    start = candidate.match.end()
    name = find_name_after_trigger(candidate.canonical.text, start, trusted=trusted)
    return name and candidate._replace(start=start, end=name[0], confidence=name[1])


def check_standalone_name(candidate: Candidate) -> Candidate | None:
    """Accept a line or clause that consists of a name and is no word."""
    name = candidate.value
    # A personal fact right after the name: sex, age, ethnic group, telephone.
    has_fact = candidate.end < candidate.match.end()
    if is_common_word(name) or (name[:2] not in COMPOUND_SURNAMES and is_common_word(name[:2])):
        return None
    given_name = _get_given_name(name)
    if not all(_is_typical(char) or (has_fact and char not in UNLIKELY_GIVEN) for char in given_name):
        return None
    # 戴镜。 is a clause; two characters are a name if a sex follows (王旭，女) or jieba knows them as one.
    is_known = (
        load_words().get(name, ("", 0))[0] == "nr" or (has_fact and name[0] in PLAIN_SURNAMES) or is_rare(given_name)
    )
    return candidate if len(name) > 2 or is_known else None


def check_name_in_text(candidate: Candidate) -> Candidate | None:
    """Accept a name that nothing introduces if its characters and its neighbours allow no other reading."""
    text, start = candidate.canonical.text, candidate.start
    name = find_name_in_text(text, start)
    if name is None or text[start : name[0]] in DRUGS_LIKE_NAMES | PHYSICIANS_OF_HISTORY:
        return None
    return candidate._replace(end=name[0], confidence=name[1])


def check_enclosed_name(candidate: Candidate) -> Candidate | None:
    """Accept a full name that fills a bracket or follows the number of a bed."""
    if is_common_word(candidate.value):
        return None
    score = score_full_name(candidate.canonical.text, candidate.start, candidate.end)
    return candidate if score >= _MIN_ENCLOSED_SCORE else None


def check_clause(candidate: Candidate) -> Candidate | None:
    """Accept a clause that is a name and nothing else; between 、 it is none, because drugs are listed that way."""
    name = candidate.value
    score = score_full_name(candidate.canonical.text, candidate.start, candidate.end)
    return None if is_common_word(name) or name in DRUGS_LIKE_NAMES or score < _MIN_CLAUSE_SCORE else candidate


def check_masked_name(candidate: Candidate) -> Candidate | None:
    """Accept the surname of 王某某, unless its character ends a word (对于某人)."""
    return None if splits_word(candidate.canonical.text, candidate.start, candidate.end) else candidate


def check_role_name(candidate: Candidate) -> Candidate | None:
    """Accept what begins with a surname after 取药人 and the like, if it is no word and no clause."""
    name = candidate.value
    given_name = _get_given_name(name)
    is_word = is_common_word(name) or (is_common_word(given_name) and not all(map(_is_typical, given_name)))
    return None if is_word or any(char in UNLIKELY_GIVEN for char in given_name) else candidate


def check_word_boundaries(candidate: Candidate) -> Candidate | None:
    """Reject a name that begins or ends inside a word, as in 乌云密布."""
    text, end = candidate.canonical.text, candidate.end
    if end < len(text) and ends_inside_word(text, end):
        return None
    return None if splits_word(text, candidate.start, end) else candidate


def check_pet_name(candidate: Candidate) -> Candidate | None:
    """Accept a doubled character (我家浩浩), unless it is a word that families use for anybody."""
    words = {"宝宝", "天天", "年年", "月月", "家家", "星星", "人人", "个个"}
    return None if candidate.value in words else candidate


def check_signature(candidate: Candidate) -> Candidate | None:
    """Accept what follows 医师 at the end of a line, unless it is a word."""
    name = candidate.value
    return None if is_common_word(name) or any(char in UNLIKELY_GIVEN for char in name[1:]) else candidate


def check_pinyin_name(candidate: Candidate) -> Candidate | None:
    """Accept Zhang Weimin and SUN LEI, but neither words of a sentence nor the author of a paper."""
    surname, _, given_name = candidate.value.partition(" ")
    is_capitalized = surname[0].isupper() and given_name[0].isupper()
    if not is_capitalized or _CITATION.match(candidate.canonical.text, candidate.end):
        return None
    is_english = surname.lower() in ENGLISH_SYLLABLES and given_name.lower() in ENGLISH_SYLLABLES
    return None if is_english else candidate


def check_latin_given_name(candidate: Candidate) -> Candidate | None:
    """Accept a given name after Dr. or 英文名, but neither a brand nor an abbreviation."""
    return None if candidate.value in NO_LATIN_NAMES or candidate.value.isupper() else candidate


def _is_typical(character: str) -> bool:
    return character in TYPICAL_GIVEN or is_rare(character)


def _get_given_name(name: str) -> str:
    return name[2:] if name[:2] in COMPOUND_SURNAMES else name[1:]
