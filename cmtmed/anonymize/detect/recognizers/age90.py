"""AGE90: ages of 90 and over, which HIPAA Safe Harbor counts as identifying (45 CFR 164.514(b)(2)(i)(C))."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import LABELLED, VALID, Candidate, Context, Pattern, Recognizer

_CHINESE: Final = r"九十[一二三四五六七八九]?|一百(?:零[一二三四五六七八九]|一?十[一二三四五六七八九]?|二十)?"
_NUMBER: Final = rf"(?:9[0-9]|1[0-2][0-9]|{_CHINESE})"
_LABEL: Final = r"(?:年龄|高龄|高寿|享年|现年|今年|虚岁|周岁|年纪|芳龄|年过|都|快|已经?)"


def _check_person(candidate: Candidate) -> Candidate | None:
    """Reject life expectancies, ranges and age groups, which describe no individual."""
    if re.search(r"(?:[-~～—–至到]|[0-9]岁?[-~～—至到])$", candidate.text_before(3)):
        return None
    if re.match(
        r"\s?(?:以[上下内前后]|及以[上下]|之[前后]|或以上|组|年龄段|[-~～—至到]\s?[0-9一二三四五六七八九])",
        candidate.text_after(6),
    ):
        return None
    if re.search(
        r"(?:活到|能活|活过|活个|长命|寿命|超过|大于|小于|高于|≥|≤|>|<|可达|平均|到了?|满)[^,，。]{0,3}$",
        candidate.text_before(8),
    ) and not re.search(
        r"(?:奶奶|爷爷|姥姥|姥爷|外公|外婆|父亲|母亲|老人|患者|病人|今年)[^,，。]{0,6}$", candidate.text_before(14)
    ):
        return None
    return candidate


RECOGNIZER: Final = Recognizer(
    type="AGE90",
    shared_hint=(
        r"9[0-9] ?(?:多|几|余|来)?(?:周|虚)?岁|1[0-2][0-9] ?(?:周|虚)?岁|9[0-9][yY]|九十|一百.{0,4}岁|百岁|九旬"
        r"|(?:龄|年|岁|纪|寿|都|快|经|已|奶|爷|姥|公|婆|爸|妈|亲|人|家|子|太|父|母)[:：是为有\s]{0,3}(?:9[0-9]|1[0-2][0-9])"
    ),
    patterns=(
        Pattern(
            re.compile(rf"(?<![0-9.一二三四五六七八九十百千])(?:{_NUMBER})[ ]?[多几余来]?(?:周|虚)?岁"),
            VALID,
            check=_check_person,
        ),
        Pattern(
            re.compile(
                rf"{_LABEL}[:：是为有了\s]{{0,3}}(?P<value>{_NUMBER}[多几余来]?)(?=[,，。;；!！\s、)）]|$|了"
                rf"|高龄|的人)(?![0-9])(?!\s?[%％a-zA-Z])"
            ),
            VALID,
            check=_check_person,
        ),
        Pattern(
            re.compile(
                r"(?:年龄|虚岁|周岁|年纪)[:：是为\s]{1,3}(?P<value>(?:9[0-9]|1[0-2][0-9])(?:[ ]?周?岁)?)(?![0-9.%％])"
            ),
            LABELLED,
        ),
        Pattern(
            re.compile(
                r"(?:奶奶|爷爷|姥姥|姥爷|外公|外婆|爸|妈|父亲|母亲|老人家?|老爷子|老太太|公公|婆婆|岳父|岳母)(?:今年|都|快|已经?|也)*"
                r"(?P<value>9[0-9]|1[0-2][0-9]|九十(?:[一二三四五六七八九]|多|几|好几|出头|有[一二三四五六七八九])?)(?=[,，。;；!！\s、)）了的]|$)"
            ),
            VALID,
        ),
        Pattern(
            re.compile(
                r"(?<![0-9])9[0-9][yY](?![A-Za-z])|百岁(?=老人|的?老[爷奶太父母])|(?<![0-9一二三四五六七八])九十(?:好几|有[一二三四五六七八九])"
            ),
            VALID,
        ),
        Pattern(
            re.compile(
                r"(?<![0-9一二三四五六七八])九十(?:[一二三四五六七八九]|多|几)?(?=高龄)|(?:年过|年近"
                r"|年逾)?(?P<value>九旬)(?=[,，。的老高母父奶爷]|$)"
            ),
            VALID,
        ),
    ),
    context=(
        Context(re.compile(r"长寿|寿命|寿星"), -0.5, before=8, after=8),
        Context(re.compile(r"祝|心率|脉搏|血压|低压|高压|体重"), -0.5, before=4),
    ),
    examples=(
        "我奶奶⟦92岁⟧了",
        "爷爷今年⟦九十二岁⟧",
        "年龄：⟦93⟧，女",
        "老人⟦九十多岁⟧",
        "外婆⟦一百零一岁⟧",
        "父亲今年⟦95⟧了",
    ),
    lookalikes=(
        "90岁以上的老人",
        "人能活到100岁吗",
        "80-90岁人群",
        "今年90斤",
        "心率95次",
        "90后妈妈",
        "89岁",
        "低压95",
        "祝您长命百岁",
    ),
)
