"""PHONE: mobile numbers, landlines with area code, and any number introduced by a telephone word.

Public hotlines (110, 120, 12320, 12356) and service numbers (400, 800, 95xxx) lead to an institution and to no
individual: they are not PHONE. Number plan: Telecommunications Network Numbering Plan of China (2017).
"""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import (
    LABELLED,
    LIKELY,
    LONG_NUMBER,
    VALID,
    WEAK,
    Candidate,
    Context,
    Pattern,
    Recognizer,
    ignore_case,
)
from cmtmed.text.han import HAN

_AREA: Final = r"0(?:10|2\d|[3-9]\d{2})"
_SEPARATOR: Final = r"[ \n\-.·—_/]{0,2}"
_WORDS: Final = (
    r"电话号?码?|手机号?码?|座机|固话|联系方式|联系我|打我|拨打|致电|热线|传真|来电|短信|tel|phone"
    rf"|mobile|call|(?<![{HAN}A-Za-z])号码|联系"
)
_GROUPINGS: Final = frozenset(
    {
        (11,),
        (3, 4, 4),
        (3, 8),
        (4, 4, 3),
        (4, 3, 4),
        (3, 3, 5),
        (7, 4),
        (5, 6),
        (3, 5, 3),
        (3, 2, 2, 2, 2),
        (3, 2, 3, 3),
    }
    | {
        (1,) * 11,
        (3, 2, 2, 4),
        (3, 3, 3, 2),
        (6, 5),
        (3, 4, 2, 2),
        (2, 3, 3, 3),
        (5, 3, 3),
        (3, 6, 2),
        (1, 2, 4, 4),
    }
)
_PUBLIC: Final = re.compile(r"[48]00|1[0-2]\d{1,3}$|95\d{3,4}$|96\d{3,4}$")
_OTHER_NUMBER: Final = ignore_case(
    r"(?:批准文号|国药准字|doi|isbn|issn|单号|订单|基因|病案|住院|门诊|编号|条码|卡号)[^0-9]{0,6}$"
)


def _check_mobile(candidate: Candidate) -> Candidate | None:
    """Accept the usual groupings; an unusual one needs a telephone word, because it may be a row of lab values."""
    grouping = tuple(len(group) for group in re.findall(r"\d+", candidate.match["number"]))
    if len(grouping) > 1:
        # A separated number inside a longer row of groups belongs to that row.
        text = candidate.match.string
        if re.search(r"\d[ \-.]?$", text[: candidate.start]) or re.match(r"[ \-.]?\d", text[candidate.end :]):
            return None
        if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", candidate.value):
            return None  # an IP address
        if grouping not in _GROUPINGS:
            return candidate.with_confidence(WEAK)
    if _OTHER_NUMBER.search(candidate.text_before(12)):
        return None
    return candidate


def _check_labelled(candidate: Candidate) -> Candidate | None:
    """Accept numbers of 7 to 13 digits that are no public hotline."""
    digits = re.sub(r"\D", "", candidate.value)
    if not 7 <= len(digits) <= 13 or _PUBLIC.match(digits):
        return None
    return candidate


RECOGNIZER: Final = Recognizer(
    type="PHONE",
    shared_hint=LONG_NUMBER,
    patterns=(
        Pattern(
            re.compile(
                rf"(?<![0-9])(?<![0-9]\.)(?:[+(（]?(?:00)?86[)）]?[ \-]?)?(?P<number>1{_SEPARATOR}[3-9]"
                rf"(?:{_SEPARATOR}\d){{9}})(?![0-9A-Za-z])"
            ),
            VALID,
            digits=True,
            check=_check_mobile,
        ),
        Pattern(
            re.compile(
                rf"(?<![0-9.\-])(?:[(（]{_AREA}[)）][ \-]?|{_AREA}[ \-—]{{1,2}})[2-9]\d{{2,3}}[ \-]?\d{{4}}"
                r"(?:[ ]?(?:转|-|ext\.?)[ ]?\d{1,6})?(?!\d)"
            ),
            VALID,
            digits=True,
        ),
        Pattern(re.compile(rf"(?<![0-9A-Za-z.]){_AREA}[2-9]\d{{6,7}}(?![0-9.])"), LIKELY, digits=True),
        Pattern(
            re.compile(r"(?<![0-9A-Za-z])\+(?!86)\d{1,3}(?:[ \-]?\(?\d{1,4}\)?){2,4}(?!\d)"),
            LIKELY,
            digits=True,
            check=_check_labelled,
        ),
        Pattern(
            ignore_case(
                rf"(?:{_WORDS})(?:号码|号)?(?:改成|换成|换了|留|打|填)?了?[\s:：=是为,，(（\"“]{{0,4}}?"
                r"(?P<value>[+(（]?\d(?:[ \-.·—()（）]{0,2}\d){6,12}(?:[ ]?转[ ]?\d{1,6})?)(?![0-9])"
            ),
            LABELLED,
            digits=True,
            check=_check_labelled,
        ),
    ),
    context=(Context(ignore_case(_WORDS), 0.1, before=12, after=6),),
    examples=(
        "我的电话⟦13800138000⟧请联系",
        "打我手机⟦138-0013-8000⟧",
        "加我⟦一三八零零一三八零零零⟧",
        "电话：⟦(010)62345678⟧",
        "座机⟦0311-8123456转8⟧",
        "号码是⟦+86 138 0013 8000⟧，谢谢",
    ),
    lookalikes=(
        "拨打120或者12356心理援助热线",
        "客服400-820-8820",
        "血常规 138 90 76 4.5 12 0.3",
        "国药准字H20050138",
    ),
)
