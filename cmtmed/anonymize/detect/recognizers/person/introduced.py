"""Patterns of names introduced by a label, a role or a verb: 姓名：…, 我叫…, 我妈…, 取药人…."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.lexicon.kinship import KIN
from cmtmed.anonymize.detect.lexicon.person_context import LABELS, ROLES
from cmtmed.anonymize.detect.names.introduced_persons import build_suggested_name_pattern
from cmtmed.anonymize.detect.recognizer import LABELLED, LIKELY, Pattern
from cmtmed.anonymize.detect.recognizers.person.character_classes import (
    COMPOUND_SURNAME,
    DISTINCTIVE,
    END,
    NOUN_SURNAME,
    SURNAME,
)
from cmtmed.anonymize.detect.recognizers.person.checks import (
    check_labelled_name,
    check_pet_name,
    check_role_name,
    check_suggested_name,
)
from cmtmed.text.han import HAN
from cmtmed.text.scan.sequences import list_last_characters

_FORM_ROLES: Final = (
    "委托人|受托人|取药人|取件人|收件人|收货人|寄件人|签收人|联系人|代办人|经办人|陪护人|陪诊人|监护人|申请人|投保人|被保险人|持卡人"
    "|登记人|介绍人|报案人"
)
"""Roles in forms, after which the name follows without a colon."""

PATTERNS: Final = (
    Pattern(
        re.compile(rf"{LABELS}(?:\s*[:：]\s*|\s*(?:是|为|叫)\s*|(?<=名)\s+)"),
        LABELLED,
        check=check_labelled_name,
        hint=rf"{LABELS}(?:\s*[:：是为叫]|\s)",
    ),
    Pattern(
        re.compile(rf"{LABELS}(?=[{SURNAME}]|{COMPOUND_SURNAME})"),
        LABELLED,
        check=check_suggested_name,
        hint=rf"{LABELS}(?:[{SURNAME}]|{COMPOUND_SURNAME})",
    ),
    Pattern(
        re.compile(
            rf"(?:[人者师生员方属士亲友长爸妈儿女]|[一二三]助|麻醉|备注|抬头|主诊|参会|陪同)\s*[:：]\s*(?=[{SURNAME}]|{COMPOUND_SURNAME})"
        ),
        LABELLED,
        check=check_suggested_name,
        hint=rf"[人者师生员方属士亲友长爸妈儿女助醉注头诊会同]\s*[:：]\s*(?:[{SURNAME}]|{COMPOUND_SURNAME})",
    ),
    Pattern(
        re.compile(rf"(?<![{HAN}])(?:{ROLES})\s*[:：]\s*"),
        LABELLED,
        check=check_suggested_name,
        hint=rf"(?:{ROLES})\s*[:：]\s*[{SURNAME}]",
    ),
    Pattern(
        re.compile(
            rf"(?:我|俺|本人|他|她|您|你|{KIN}|{ROLES})(?:的?(?:名字|大名|小名|全名|名))?(?:就?叫做?"
            rf"|名叫|取名叫?|起名叫?)\s?"
        ),
        LABELLED,
        check=check_labelled_name,
        hint="叫|取名|起名",
    ),
    Pattern(
        re.compile(
            rf"(?:{KIN}|(?<![{HAN}])我(?:是|就是)?|本人|(?:您好|你好)我是|叫我|我是)\s?(?=[{NOUN_SURNAME}]"
            rf"|{COMPOUND_SURNAME})"
        ),
        LIKELY,
        check=check_suggested_name,
        hint=rf"(?:{KIN}|我|我是|本人) ?(?:[{NOUN_SURNAME}][{HAN}]|{COMPOUND_SURNAME})",
        required=rf"[{list_last_characters(KIN)}我是人]\s?{build_suggested_name_pattern()}",
    ),
    Pattern(
        re.compile(rf"(?<![百同贵老])姓(?P<value>{COMPOUND_SURNAME}|[{SURNAME}])(?={END}|叫|的)"),
        LIKELY,
        hint=f"姓(?:[{SURNAME}]|{COMPOUND_SURNAME})",
    ),
    Pattern(
        re.compile(rf"(?:大名|真名|全名|本名)(?:叫做?|是|为)?[:：]?(?=[{SURNAME}]|{COMPOUND_SURNAME})"),
        LABELLED,
        check=check_labelled_name,
        hint="大名|真名|全名|本名",
    ),
    Pattern(
        re.compile(rf"(?:小名|乳名)(?:叫做?|是)?[:：]?(?P<value>(?!叫|是|什|就)[{HAN}]{{2}})(?={END})"),
        LIKELY,
        hint="小名|乳名",
    ),
    Pattern(re.compile(rf"(?<![{HAN}])(?P<value>[{SURNAME}])(?:是|为)姓"), LIKELY, hint="[是为]姓"),
    Pattern(
        re.compile(
            rf"我家(?:的|那|这|小)?(?P<value>(?P<half>[{DISTINCTIVE}])(?P=half))(?={END}|今|昨|打|发|咳|拉|吐|烧|不|才|也|都|又)"
        ),
        LIKELY,
        check=check_pet_name,
        hint=f"我家(?:的|那|这|小)?[{DISTINCTIVE}][{DISTINCTIVE}]",
    ),
    Pattern(
        re.compile(rf"(?:{_FORM_ROLES})(?P<value>(?:{COMPOUND_SURNAME}|[{SURNAME}])[{HAN}]{{1,2}})(?={END})"),
        LABELLED,
        check=check_role_name,
        hint=rf"(?:{_FORM_ROLES})(?:{COMPOUND_SURNAME}|[{SURNAME}])[{HAN}]{{1,2}}(?:{END})",
    ),
)
