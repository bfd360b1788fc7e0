"""What a pattern cannot say of a personal name: each check takes a candidate, moves its borders or turns it down."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.dictionary import is_common_word, load_words, splits_word
from cmtmed.anonymize.detect.lexicon.given_names import FUNCTIONAL_GIVEN, TYPICAL_GIVEN, UNLIKELY_GIVEN
from cmtmed.anonymize.detect.lexicon.person_context import (
    ACTIVITIES,
    DRUGS_LIKE_NAMES,
    ENGLISH_SYLLABLES,
    NO_LATIN_NAMES,
    PHYSICIANS_OF_HISTORY,
)
from cmtmed.anonymize.detect.lexicon.surnames import COMPOUND_SURNAMES, PLAIN_SURNAMES
from cmtmed.anonymize.detect.names.persons import evidence, name_ending_at, name_in_text, name_starting_at
from cmtmed.anonymize.detect.recognizer import Candidate

_STRONG: Final = "".join(sorted(TYPICAL_GIVEN - FUNCTIONAL_GIVEN))
_END: Final = r"[\s,，。.;；!！?？:：、)）(（~～]|$"


def titled(candidate: Candidate) -> Candidate | None:
    """Take the name or bare surname that ends where the title begins (王医生)."""
    text, title = candidate.canonical.text, candidate.match.start()
    # 护理 is a title where nothing is nursed: 晏护理说, not 周护理中.
    if candidate.match[0] in ACTIVITIES and re.match("[^\\W\\d_您你好说不也今是给]", text[candidate.match.end() :]):
        return None
    hit = name_ending_at(text, title)
    if hit and text[hit[0] : title] in PHYSICIANS_OF_HISTORY:
        return None
    return hit and candidate._replace(start=hit[0], end=title, confidence=hit[1])


def short_titled(candidate: Candidate) -> Candidate | None:
    """王姐, 老王: one character beside the surname is little evidence, so no word may be cut."""
    text = candidate.canonical.text
    # 张老 and 李工 end a clause; in its midst they are old and work.
    if text[candidate.end : candidate.end + 1] in "老工总" and not re.match(_END, text[candidate.end + 1 :]):
        return None
    if is_common_word(text[candidate.end : candidate.end + 2]):
        return None
    if splits_word(text, candidate.start, candidate.end) or is_common_word(text[candidate.start : candidate.end + 1]):
        return None
    return None if is_common_word(text[max(0, candidate.start - 1) : candidate.end]) else candidate


def introduced(candidate: Candidate) -> Candidate | None:
    """Take the name behind a label, after which anything short is one (姓名：)."""
    return _after(candidate, trusted=True)


def suggested(candidate: Candidate) -> Candidate | None:
    """Take the name behind a word that only may announce one (我是…): it must look like a name."""
    return _after(candidate, trusted=False)


def _after(candidate: Candidate, *, trusted: bool) -> Candidate | None:
    """Take the name that begins where the trigger ends."""
    start = candidate.match.end()
    hit = name_starting_at(candidate.canonical.text, start, trusted=trusted)
    return hit and candidate._replace(start=start, end=hit[0], confidence=hit[1])


def alone(candidate: Candidate) -> Candidate | None:
    """Take a line or clause that consists of a name; a word of the language is none."""
    name = candidate.value
    given = name[2:] if name[:2] in COMPOUND_SURNAMES else name[1:]
    # What else is told of a person right behind it: sex, age, people, telephone.
    facts = candidate.end < len(candidate.match[0]) + candidate.match.start()
    if is_common_word(name) or (name[:2] not in COMPOUND_SURNAMES and is_common_word(name[:2])):
        return None
    if not all(char in TYPICAL_GIVEN or (facts and char not in UNLIKELY_GIVEN) for char in given):
        return None
    # 戴镜。 is a clause; a sex behind it (王旭，女) makes two characters a name, so does jieba's knowledge of it.
    known = load_words().get(name, ("", 0))[0] == "nr" or (facts and name[0] in PLAIN_SURNAMES)
    return candidate if len(name) > 2 or known else None


def in_running_text(candidate: Candidate) -> Candidate | None:
    """Take a name that nothing introduces, if its characters and its neighbours leave no other reading."""
    text, start = candidate.canonical.text, candidate.start
    hit = name_in_text(text, start)
    if hit is None or text[start : hit[0]] in DRUGS_LIKE_NAMES | PHYSICIANS_OF_HISTORY:
        return None
    return candidate._replace(end=hit[0], confidence=hit[1])


def whole(candidate: Candidate) -> Candidate | None:
    """Take a whole name that fills its bracket or stands alone behind a bed."""
    text = candidate.canonical.text
    return (
        candidate
        if not is_common_word(candidate.value) and evidence(text, candidate.start, candidate.end) >= _ENCLOSED
        else None
    )


def clause(candidate: Candidate) -> Candidate | None:
    """Take a clause that is a name and nothing else; of drugs one is listed, so those between 、 stay."""
    text, name = candidate.canonical.text, candidate.value
    told = evidence(text, candidate.start, candidate.end)
    return None if is_common_word(name) or name in DRUGS_LIKE_NAMES or told < _UNINTRODUCED else candidate


def half_hidden(candidate: Candidate) -> Candidate | None:
    """王某某: the surname, unless its character ends a word (对于某人)."""
    return None if splits_word(candidate.canonical.text, candidate.start, candidate.end) else candidate


def borne(candidate: Candidate) -> Candidate | None:
    """Behind 取药人 and the like whatever begins with a surname is a name, if it is no word and no clause."""
    name = candidate.value
    given = name[2:] if name[:2] in COMPOUND_SURNAMES else name[1:]
    word = is_common_word(name) or (is_common_word(given) and not all(char in TYPICAL_GIVEN for char in given))
    return None if word or any(char in UNLIKELY_GIVEN for char in given) else candidate


_ENCLOSED: Final = 1.6
_UNINTRODUCED: Final = 2.3


def whole_words(candidate: Candidate) -> Candidate | None:
    """乌云密布 begins with a name; a name does not end inside a word."""
    text = candidate.canonical.text
    cut = any(
        is_common_word(text[candidate.end - inside : candidate.end + 1])
        for inside in (1, 2)
        if candidate.end < len(text)
    )
    return None if cut or splits_word(text, candidate.start, candidate.end) else candidate


def pet_name(candidate: Candidate) -> Candidate | None:
    """Take a doubled character (我家浩浩), unless the two are a word that families use of anybody."""
    return None if candidate.value in {"宝宝", "天天", "年年", "月月", "家家", "星星", "人人", "个个"} else candidate


def signed(candidate: Candidate) -> Candidate | None:
    """Take what stands behind 医师 at the end of a line, unless it is a word."""
    name = candidate.value
    return None if is_common_word(name) or any(char in UNLIKELY_GIVEN for char in name[1:]) else candidate


_CITED: Final = re.compile(r"(?i)\s*(?:et al|,?\s*[A-Z][a-z]+\s+[A-Z]{1,2}\b|[,.;]?\s*(?:19|20)\d\d\s*[;,(]|等[.。])")


def latin(candidate: Candidate) -> Candidate | None:
    """Zhang Weimin and SUN LEI, but no words of a sentence and no author of a paper."""
    surname, _, given = candidate.value.partition(" ")
    capital = surname[0].isupper() and given[0].isupper()
    if not capital or _CITED.match(candidate.canonical.text, candidate.end):
        return None
    return None if surname.lower() in ENGLISH_SYLLABLES and given.lower() in ENGLISH_SYLLABLES else candidate


def latin_given(candidate: Candidate) -> Candidate | None:
    """Take a given name behind Dr. or 英文名, but no brand and no abbreviation."""
    return None if candidate.value in NO_LATIN_NAMES or candidate.value.isupper() else candidate
