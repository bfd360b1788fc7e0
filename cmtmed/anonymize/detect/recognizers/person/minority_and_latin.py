"""Patterns of names that are not a Chinese surname and given name: of minorities, transliterated, in Latin letters."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.alternation import alternation
from cmtmed.anonymize.detect.lexicon.minority_names import MONGOLIAN, TIBETAN, UYGHUR, YI
from cmtmed.anonymize.detect.lexicon.pinyin import PINYIN_SURNAMES, PINYIN_SYLLABLE
from cmtmed.anonymize.detect.lexicon.transliteration import NAME_DOTS, TRANSLITERATED_NAME, TRANSLITERATION_CHARACTERS
from cmtmed.anonymize.detect.recognizer import LIKELY, VALID, Pattern
from cmtmed.anonymize.detect.recognizers.person.checks import (
    check_latin_given_name,
    check_pinyin_name,
    check_word_boundaries,
)

_TIBETAN: Final = alternation(TIBETAN)
_MONGOLIAN: Final = alternation(MONGOLIAN)
_UYGHUR: Final = alternation(UYGHUR)
_YI: Final = alternation(YI)
_LONG_MINORITY: Final = alternation(word for word in (*MONGOLIAN, *UYGHUR) if len(word) > 2)
_LATIN_SURNAME: Final = alternation(PINYIN_SURNAMES)

PATTERNS: Final = (
    Pattern(
        re.compile(rf"(?:{_TIBETAN}){{2}}|(?:{_MONGOLIAN}){{2}}|(?:{_UYGHUR}){{2}}|(?:{_YI}){{2}}|{_LONG_MINORITY}"),
        LIKELY,
        check=check_word_boundaries,
        hint=rf"(?:{_TIBETAN}){{2}}|(?:{_MONGOLIAN}){{2}}|(?:{_UYGHUR}){{2}}|(?:{_YI}){{2}}|{_LONG_MINORITY}",
    ),
    Pattern(
        re.compile(
            rf"(?<![A-Za-z])(?P<value>(?i:{_LATIN_SURNAME})[ ]"
            rf"(?i:{PINYIN_SYLLABLE}(?:[ '-]?{PINYIN_SYLLABLE})?))(?![A-Za-z.])"
        ),
        LIKELY,
        check=check_pinyin_name,
        hint=rf"(?i)(?:^|[^a-z])(?:{_LATIN_SURNAME}) [a-z]{{2,12}}",
    ),
    Pattern(
        re.compile(
            r"(?:(?<![A-Za-z])(?:Dr|Prof|Mr|Mrs|Ms|Miss)\.?[ ]|(?:英文名|我是|这边是|我叫|名叫|叫我"
            r"|英语名)[:：是叫 ]{0,2})"
            r"(?P<value>[A-Z][a-z]{2,11}(?:[ ][A-Z][a-z]{1,11})?)(?![A-Za-z])"
        ),
        LIKELY,
        check=check_latin_given_name,
        hint=r"(?:Dr|Prof|Mr|Mrs|Ms|Miss)\.? [A-Z]|(?:英文名|我是|这边是|叫|叫我|英语名)[:：是叫 ]{0,2}[A-Z][a-z]",
    ),
    Pattern(
        re.compile(TRANSLITERATED_NAME),
        VALID,
        hint=f"[{TRANSLITERATION_CHARACTERS}][{NAME_DOTS}][{TRANSLITERATION_CHARACTERS}]",
    ),
)
