"""Patterns of names beside a title: 王医生, 王姐, 老王, and the signature after 医师."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.person_context import SHORT_TITLES
from cmtmed.anonymize.detect.lexicon.transliteration import TRANSLITERATION_CHARACTERS
from cmtmed.anonymize.detect.names.titled_persons import build_titled_name_pattern
from cmtmed.anonymize.detect.recognizer import LIKELY, Pattern
from cmtmed.anonymize.detect.recognizers.person.character_classes import (
    COMPOUND_SURNAME,
    END,
    NOUN_SURNAME,
    PLAIN_SURNAME,
    SURNAME,
    TITLE,
    TYPICAL,
)
from cmtmed.anonymize.detect.recognizers.person.checks import check_short_title, check_signature, check_titled_name
from cmtmed.text.han import HAN

PATTERNS: Final = (
    Pattern(
        re.compile(rf"(?<=[{HAN}]){TITLE}(?!们|院|站|伦|世家|证|处方|职业|执业|某)"),
        LIKELY,
        check=check_titled_name,
        hint=(
            rf"(?:[{SURNAME.replace('谢', '')}]|[^谢感多]谢|^谢|[{NOUN_SURNAME}][{HAN}]?[{TYPICAL}]"
            rf"|{COMPOUND_SURNAME}[{HAN}]{{0,2}}|·[{TRANSLITERATION_CHARACTERS}]{{1,8}}){TITLE}"
        ),
        required=build_titled_name_pattern(TITLE),
    ),
    Pattern(
        re.compile(
            rf"(?:(?<![{HAN}])|(?<=您好)|(?<=你好)|(?<=请问)|(?<=谢谢)"
            rf"|(?<=[和跟找是问叫的老小友们])|(?<=邻居|同事|房东))(?P<value>[{PLAIN_SURNAME}])(?:{SHORT_TITLES})"
            r"(?![师公婆妹长作人资是共之年百家婶])"
        ),
        LIKELY,
        check=check_short_title,
        hint=rf"(?:^|[^{HAN}]|[好问谢和跟找是叫的老小友们居事东])[{PLAIN_SURNAME}](?:{SHORT_TITLES})",
    ),
    Pattern(
        re.compile(
            rf"(?:(?<![{HAN}])|(?<=我是)|(?<=叫我|我叫|同事|邻居|朋友|患者|家属"
            rf"|病友))[老小阿](?P<value>[{PLAIN_SURNAME}])(?={END}|您好|你好|今年|说|的)"
        ),
        0.6,
        check=check_short_title,
        hint=rf"(?:^|[^{HAN}]|是|我|叫|事|居|友|者|属)[老小阿][{PLAIN_SURNAME}](?:[^{HAN}]|$|您|你|今|说|的)",
    ),
    Pattern(
        re.compile(
            rf"(?:(?:主任|副主任|主治|住院|经治)?(?:医师|医生|大夫|护士|签名|签字))[ 　\t]+"
            rf"(?P<value>(?:{COMPOUND_SURNAME}|[{SURNAME}])[{HAN}]{{0,2}})[ \t]*(?=\n|$)"
        ),
        LIKELY,
        check=check_signature,
        hint=rf"(?:医师|医生|大夫|护士|签名|签字)[ 　\t]+[{SURNAME}][{HAN}]{{0,2}}[ \t]*(?:\n|$)",
    ),
)
