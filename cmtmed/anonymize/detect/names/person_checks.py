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


def titled(found: Candidate) -> Candidate | None:
    """Take the name or bare surname that ends where the title begins (王医生)."""
    text, title = found.canonical.text, found.match.start()
    # 护理 is a title where nothing is nursed: 晏护理说, not 周护理中.
    if found.match[0] in ACTIVITIES and re.match("[^\\W\\d_您你好说不也今是给]", text[found.match.end() :]):
        return None
    hit = name_ending_at(text, title)
    if hit and text[hit[0] : title] in PHYSICIANS_OF_HISTORY:
        return None
    return hit and found._replace(start=hit[0], end=title, confidence=hit[1])


def short_titled(found: Candidate) -> Candidate | None:
    """王姐, 老王: one character beside the surname is little evidence, so no word may be cut."""
    text = found.canonical.text
    # 张老 and 李工 end a clause; in its midst they are old and work.
    if text[found.end : found.end + 1] in "老工总" and not re.match(_END, text[found.end + 1 :]):
        return None
    if is_common_word(text[found.end : found.end + 2]):
        return None
    if splits_word(text, found.start, found.end) or is_common_word(text[found.start : found.end + 1]):
        return None
    return None if is_common_word(text[max(0, found.start - 1) : found.end]) else found


def introduced(found: Candidate) -> Candidate | None:
    """Take the name behind a label, after which anything short is one (姓名：)."""
    return _after(found, trusted=True)


def suggested(found: Candidate) -> Candidate | None:
    """Take the name behind a word that only may announce one (我是…): it must look like a name."""
    return _after(found, trusted=False)


def _after(found: Candidate, *, trusted: bool) -> Candidate | None:
    """Take the name that begins where the trigger ends."""
    start = found.match.end()
    hit = name_starting_at(found.canonical.text, start, trusted=trusted)
    return hit and found._replace(start=start, end=hit[0], confidence=hit[1])


def alone(found: Candidate) -> Candidate | None:
    """Take a line or clause that consists of a name; a word of the language is none."""
    name = found.value
    given = name[2:] if name[:2] in COMPOUND_SURNAMES else name[1:]
    # What else is told of a person right behind it: sex, age, people, telephone.
    facts = found.end < len(found.match[0]) + found.match.start()
    if is_common_word(name) or (name[:2] not in COMPOUND_SURNAMES and is_common_word(name[:2])):
        return None
    if not all(char in TYPICAL_GIVEN or (facts and char not in UNLIKELY_GIVEN) for char in given):
        return None
    # 戴镜。 is a clause; a sex behind it (王旭，女) makes two characters a name, so does jieba's knowledge of it.
    known = load_words().get(name, ("", 0))[0] == "nr" or (facts and name[0] in PLAIN_SURNAMES)
    return found if len(name) > 2 or known else None


def in_running_text(found: Candidate) -> Candidate | None:
    """Take a name that nothing introduces, if its characters and its neighbours leave no other reading."""
    text, start = found.canonical.text, found.start
    hit = name_in_text(text, start)
    if hit is None or text[start : hit[0]] in DRUGS_LIKE_NAMES | PHYSICIANS_OF_HISTORY:
        return None
    return found._replace(end=hit[0], confidence=hit[1])


def whole(found: Candidate) -> Candidate | None:
    """Take a whole name that fills its bracket or stands alone behind a bed."""
    text = found.canonical.text
    return found if not is_common_word(found.value) and evidence(text, found.start, found.end) >= _ENCLOSED else None


def clause(found: Candidate) -> Candidate | None:
    """Take a clause that is a name and nothing else; of drugs one is listed, so those between 、 stay."""
    text, name = found.canonical.text, found.value
    told = evidence(text, found.start, found.end)
    return None if is_common_word(name) or name in DRUGS_LIKE_NAMES or told < _UNINTRODUCED else found


def half_hidden(found: Candidate) -> Candidate | None:
    """王某某: the surname, unless its character ends a word (对于某人)."""
    return None if splits_word(found.canonical.text, found.start, found.end) else found


def borne(found: Candidate) -> Candidate | None:
    """Behind 取药人 and the like whatever begins with a surname is a name, if it is no word and no clause."""
    name = found.value
    given = name[2:] if name[:2] in COMPOUND_SURNAMES else name[1:]
    word = is_common_word(name) or (is_common_word(given) and not all(char in TYPICAL_GIVEN for char in given))
    return None if word or any(char in UNLIKELY_GIVEN for char in given) else found


_ENCLOSED: Final = 1.6
_UNINTRODUCED: Final = 2.3


def whole_words(found: Candidate) -> Candidate | None:
    """乌云密布 begins with a name; a name does not end inside a word."""
    text = found.canonical.text
    cut = any(is_common_word(text[found.end - inside : found.end + 1]) for inside in (1, 2) if found.end < len(text))
    return None if cut or splits_word(text, found.start, found.end) else found


def pet_name(found: Candidate) -> Candidate | None:
    """Take a doubled character (我家浩浩), unless the two are a word that families use of anybody."""
    return None if found.value in {"宝宝", "天天", "年年", "月月", "家家", "星星", "人人", "个个"} else found


def signed(found: Candidate) -> Candidate | None:
    """Take what stands behind 医师 at the end of a line, unless it is a word."""
    name = found.value
    return None if is_common_word(name) or any(char in UNLIKELY_GIVEN for char in name[1:]) else found


_CITED: Final = re.compile(r"(?i)\s*(?:et al|,?\s*[A-Z][a-z]+\s+[A-Z]{1,2}\b|[,.;]?\s*(?:19|20)\d\d\s*[;,(]|等[.。])")


def latin(found: Candidate) -> Candidate | None:
    """Zhang Weimin and SUN LEI, but no words of a sentence and no author of a paper."""
    surname, _, given = found.value.partition(" ")
    capital = surname[0].isupper() and given[0].isupper()
    if not capital or _CITED.match(found.canonical.text, found.end):
        return None
    return None if surname.lower() in ENGLISH_SYLLABLES and given.lower() in ENGLISH_SYLLABLES else found


def latin_given(found: Candidate) -> Candidate | None:
    """Take a given name behind Dr. or 英文名, but no brand and no abbreviation."""
    return None if found.value in NO_LATIN_NAMES or found.value.isupper() else found
