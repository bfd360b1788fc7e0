"""Patterns of names that nothing introduces: what surrounds them, or what follows them, must give them away."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.kinship import KIN
from cmtmed.anonymize.detect.names.unintroduced_persons import PERSONAL_FACT, build_name_in_text_pattern
from cmtmed.anonymize.detect.recognizer import LIKELY, Pattern
from cmtmed.anonymize.detect.recognizers.person.character_classes import (
    COMPOUND_SURNAME,
    DISTINCTIVE,
    END_CHARACTERS,
    EVERYDAY_SURNAME,
    NOUN_SURNAME,
    PLAIN_SURNAME,
    SURNAME,
    TYPICAL,
)
from cmtmed.anonymize.detect.recognizers.person.checks import (
    check_clause,
    check_enclosed_name,
    check_masked_name,
    check_name_in_text,
    check_standalone_name,
)
from cmtmed.text.han import HAN

_PERSON_WORD: Final = "请让叫找跟帮陪送接带见谢位名给替和与是把被诉知系告烦到识得注者人个成件写"
"""Characters that are followed by a person."""
_AFTER_CERTAIN: Final = "一二两三几些种个时处年月日天地件方项类位段次科院医人样家城市国省"
"""What follows 某 when it means "a certain"."""
_FACT: Final = (
    rf"(?:性别[:：]?)?[男女](?:性|孩|士|婴|童|宝)?(?=[{END_CHARACTERS}|｜/／\d]|$)|(?:今年)?\d{{1,3}}[ ]?(?:周?岁"
    rf"|[yY](?![A-Za-z]))|年龄|[{HAN}]{{1,3}}族(?![{HAN}])"
    r"|身份证|电话|手机|联系电话|1[3-9][\d\- ]{5}|[1-9]\d{16}[\dXx]|[A-Za-z0-9._]+@"
    r"|病案号|住院[号第]|门诊号|\d{1,3}床|床号|主诉|初诊|复诊|已婚|未婚"
)
"""What is said of a person right after the name: sex, age, ethnic group, number, bed."""
_FACT_HINT: Final = (
    r"(?:性别[:：]?)?[男女]|(?:今年)?[0-9]{1,3} ?(?:周?岁|[yY]|床)|年龄|.{1,3}族|身份证|电话|手机|联系电话"
    r"|1[3-9]|[1-9][0-9]{16}|[A-Za-z0-9._]+@"
    r"|病案号|住院[号第]|门诊号|床号"
    r"|主诉|初诊|复诊|已婚|未婚"
)

PATTERNS: Final = (
    Pattern(
        re.compile(
            rf"(?<![{HAN}])(?P<value>(?:{COMPOUND_SURNAME}|[{SURNAME}])[{HAN}]{{1,2}})"
            rf"\s?[,，、|｜／/ <(（]\s?(?:{_FACT})"
        ),
        LIKELY,
        check=check_standalone_name,
        hint=rf"[{SURNAME}{HAN}][{HAN}]{{1,2}} ?[,，、|｜／/ <(（] ?(?:{_FACT_HINT})",
    ),
    Pattern(
        re.compile(
            rf"(?:(?<=\n)|^)[ \t]*(?P<value>(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])[{HAN}]{{1,2}})"
            r"[ \t]*[。.!！~]?(?=\n|$)"
        ),
        LIKELY,
        check=check_standalone_name,
        hint=rf"(?:^|\n)[ \t]*(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])[{TYPICAL}]{{1,2}}[ \t]*[。.!！~]?(?:\n|$)",
    ),
    # Three characters after a bed, and in brackets after a relative: elsewhere brackets hold brands of drugs.
    Pattern(
        re.compile(
            rf"(?:\d床[,， ]?|(?:{KIN}|我家[{HAN}]{{2}})[(（])"
            rf"(?P<value>(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])[{HAN}]{{2}})(?=[)）,，。]|$)"
        ),
        LIKELY,
        check=check_enclosed_name,
        hint=rf"(?:[(（]|[0-9]床[,， ]?)(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])[{HAN}]{{2}}(?:[)）,，。]|$)",
    ),
    Pattern(
        re.compile(
            rf"(?:(?<![^,，。;；!！\n])|(?:我是|您是|他是|她是|这是|就是)[^,，。;；!！?？\n]{{2,14}}的)"
            rf"(?P<value>(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])[{HAN}]{{2}})(?=[,，。;；!！\n]|$)"
        ),
        0.6,
        check=check_clause,
        hint=rf"(?:^|[,，。;；!！\n的])(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])(?:[{TYPICAL}][{HAN}]|[{HAN}][{TYPICAL}])(?:[,，。;；!！\n]|$)",
    ),
    Pattern(
        re.compile(
            rf"(?:(?<![{HAN}])|(?<=患者|病人|病号|病友|家属|邻居|同事|学生|老师|网友|用户|医生)|(?<=[人者是叫姓和跟与给让带找床成名]))"
            rf"(?P<value>{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])(?=某某|某(?![{_AFTER_CERTAIN}])"
            r"|[×✕○]{1,3}(?![\d.])|(?<!\*[^*])\*{1,2}(?=[,，、 男女]))"
        ),
        LIKELY,
        check=check_masked_name,
        hint=rf"(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])(?:某|[×✕*＊○])",
    ),
    Pattern(
        re.compile(rf"(?<=[{_PERSON_WORD}])(?:{COMPOUND_SURNAME}|[{NOUN_SURNAME}])(?=[{HAN}]?[{TYPICAL}])"),
        0.6,
        check=check_name_in_text,
        hint=rf"[{_PERSON_WORD}](?:(?:{COMPOUND_SURNAME}|[{PLAIN_SURNAME}])(?:[{TYPICAL}]|[{HAN}][{DISTINCTIVE}])|[{EVERYDAY_SURNAME}][{DISTINCTIVE}][{TYPICAL}])",
        required=build_name_in_text_pattern(_PERSON_WORD),
    ),
    Pattern(
        re.compile(rf"(?:{COMPOUND_SURNAME}|[{NOUN_SURNAME}])(?=[{HAN}]{{1,2}}(?:{PERSONAL_FACT.pattern}))"),
        0.6,
        check=check_name_in_text,
        hint=rf"(?:{COMPOUND_SURNAME}|[{NOUN_SURNAME}])[{HAN}]?[{TYPICAL}](?:{PERSONAL_FACT.pattern})",
    ),
)
