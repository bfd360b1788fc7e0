"""DATE: days with their year, of birth or of a visit, in Western, Chinese and compact notation.

A date without a year, a month, a relative date (三天前) and a gestational week (孕32周) are clinical content.
Days on which a drug was approved or a guideline was published belong to no person.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from cmtmed.anonymize.detect.lexicon.vocabulary import vocabulary
from cmtmed.anonymize.detect.recognizer import (
    LABELLED,
    LIKELY,
    VALID,
    WEAK,
    Candidate,
    Context,
    Pattern,
    Recognizer,
    ignore_case,
)
from cmtmed.text.han import HAN

_PERSONAL: Final = (
    r"出生|生日|生于|诞辰|就诊|入院|出院|住院|手术|检查|复查|复诊|初诊|确诊|末次月经|预产期|日期|时间"
    r"|拍|做的|拔|接种|化验|抽血|产检|术|看|挂号|预约|起始|发病|透析|回复|补充|查出|生的"
)
_MONTHS: Final = vocabulary("jan feb mar apr may jun jul aug sep oct nov dec")
_NUMERAL_VALUES: Final = dict(zip("零一二三四五六七八九十冬腊", range(13), strict=True)) | {"〇": 0, "正": 1, "元": 1}
_MONTH_OR_DAY: Final = r"(?:\d{1,2}|[一二三四五六七八九十廿卅]{1,3})"


def _parse_number(text: str) -> int:
    """Parse a month, a day or a short year: 12, 十二, 廿三, 初五, 腊.

    >>> [_parse_number(number) for number in ("12", "十二", "二十", "廿三", "初五", "腊")]
    [12, 12, 20, 23, 5, 12]
    """
    if text.isdigit():
        return int(text)
    text = text.removeprefix("初").replace("廿", "二十").replace("卅", "三十")
    if "十" in text and len(text) > 1:
        tens, _, units = text.partition("十")
        return 10 * (_NUMERAL_VALUES[tens] if tens else 1) + (_NUMERAL_VALUES[units] if units else 0)
    return _NUMERAL_VALUES.get(text, 0)


def _is_calendar_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1880 <= year <= 2100


def _check_calendar(candidate: Candidate) -> Candidate | None:
    """Accept days that exist; lunar months have up to thirty days of their own."""
    match = candidate.match
    year = int(match["y"])
    year += 0 if year > 99 else 2000 if year < 40 else 1900
    month, day = _parse_number(match["m"]), _parse_number(match["d"])
    # 2021年2月29日 is a slip by somebody who meant a certain day; a lunar month has thirty days.
    is_chinese = "年" in candidate.value or "初" in candidate.value
    if _is_calendar_day(year, month, day) or (
        is_chinese and _is_calendar_day(year, 1, 1) and 1 <= month <= 12 and 1 <= day <= (30 if month == 2 else 31)
    ):
        return candidate
    is_day_first = candidate.match.re.groupindex.get("us") and _is_calendar_day(year, day, month)
    return candidate if is_day_first else None


def _check_republic(candidate: Candidate) -> Candidate | None:
    """Accept years of the Republic, whose first year was 1912: 民国七十四年 is 1985."""
    year = _parse_number(candidate.match["y"]) + 1911
    return candidate if _is_calendar_day(year, 1, 1) and 1 <= _parse_number(candidate.match["m"]) <= 12 else None


def _check_timestamp(candidate: Candidate) -> Candidate | None:
    """Separate a day from an hour that runs into it (2008-2-199:45): the date must exist and leave an hour."""
    match = candidate.match
    month = int(match["m"] or match["m2"])
    return candidate if _is_calendar_day(int(match["y"]), month, int(match["d"] or match["d2"])) else None


def _check_english(candidate: Candidate) -> Candidate | None:
    """Accept an English date that exists."""
    month = _MONTHS.index(candidate.match["m"][:3].lower()) + 1
    return candidate if _is_calendar_day(int(candidate.match["y"]), month, int(candidate.match["d"])) else None


RECOGNIZER: Final = Recognizer(
    type="DATE",
    shared_hint=(
        r"[0-9〇零○一二三四五六七八九十]{2} ?年.{0,8}月.{1,4}|[12][0-9]{3} ?[-/.，、] ?[0-9]{1,2} ?[-/.，、] ?[0-9]"
        r"|(?:19|20)[0-9]{6}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}|(?i:jan|feb|mar|apr|may|jun|jul|aug"
        r"|sep|oct|nov|dec)[a-z]*\.? [0-9]"
        r"|[0-9] (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    ),
    patterns=(
        Pattern(
            re.compile(
                rf"民国(?P<y>\d{{1,3}}|[一二三四五六七八九十百零]{{1,5}})年(?P<m>{_MONTH_OR_DAY}|[正冬腊元])月(?P<d>初?{_MONTH_OR_DAY})[日号]?"
            ),
            VALID,
            check=_check_republic,
            hint="民国.{1,5}年",
        ),
        Pattern(
            re.compile(
                rf"(?<![0-9])(?P<y>(?:1[89]|20)\d\d|\d\d)[ ]?年[ ]?(?:农历|阴历|阳历|公历)?(?P<m>{_MONTH_OR_DAY}"
                rf"|[正冬腊元])[ ]?月[ ]?份?的?(?P<d>初?{_MONTH_OR_DAY})"
                rf"(?:[ ]?[日号]|(?=[,，。;；、)）\s]|$|[{HAN}])(?!个|周|次|多|天|左右|[到至][0-9])"
                r"|(?<=[初廿]\w))"
            ),
            VALID,
            digits=True,
            check=_check_calendar,
        ),
        Pattern(
            re.compile(
                r"(?<![0-9.\-/A-Za-z])(?P<y>(?:1[89]|20)\d\d)[ ]?([-/.，、])[ ]?(?P<m>\d{1,2})[ ]?\2[ "
                r"]?(?P<d>\d{1,2})(?![0-9])(?![.\-/，、]\d)"
            ),
            LIKELY,
            digits=True,
            check=_check_calendar,
        ),
        Pattern(
            re.compile(
                r"(?<![0-9.\-/A-Za-z])(?P<us>)(?P<m>\d{1,2})([-/])(?P<d>\d{1,2})\3(?P<y>(?:19"
                r"|20)\d\d)(?![0-9])(?![.\-/]\d)"
            ),
            LIKELY,
            check=_check_calendar,
        ),
        Pattern(
            re.compile(r"(?<![0-9A-Za-z.])(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)(?![0-9A-Za-z.])"),
            WEAK,
            digits=True,
            check=_check_calendar,
        ),
        # 2009年12.28, and forum timestamps in which day and hour run together: 2011-05-0519:36.
        Pattern(
            re.compile(r"(?<![0-9])(?P<y>(?:19|20)\d\d)年(?P<m>\d{1,2})[.\-/](?P<d>\d{1,2})(?![0-9.])"),
            LIKELY,
            check=_check_calendar,
            hint=r"[0-9]{4}年[0-9]{1,2}[.\-/][0-9]",
        ),
        Pattern(
            re.compile(
                r"(?<![0-9.\-/A-Za-z])(?P<y>(?:19|20)\d\d)(?:(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
                r"|(?P<m2>\d{2})(?P<d2>\d{2}))(?=\d{1,2}[:：]\d{2})"
            ),
            LIKELY,
            digits=True,
            check=_check_timestamp,
            hint=r"(?:19|20)[0-9]{2}(?:[-/.][0-9]{1,2}[-/.][0-9]{2,4}|[0-9]{5,6})[:：][0-9]{2}",
        ),
        Pattern(
            re.compile(
                r"(?<![0-9.\-/])(?P<y>\d\d)([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})(?![0-9.\-/])"
                r"(?=[ ]?(?:做的|出生|生[的了]|入院|出院|手术|住院|就诊|复查|确诊|剖|顺产|发病|拍的|查的))"
            ),
            LIKELY,
            check=_check_calendar,
            hint="[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2} ?[做出生入手住就复确剖顺发拍查]",
        ),
        Pattern(
            re.compile(
                rf"(?:{_PERSONAL})[^0-9]{{0,4}}(?P<value>(?P<y>\d\d)([-/.])(?P<m>\d{{1,2}})\3"
                rf"(?P<d>\d{{1,2}}))(?![0-9.\-/])"
            ),
            0.6,
            check=_check_calendar,
        ),
        Pattern(
            ignore_case(
                r"(?<![A-Za-z0-9])(?P<m>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[ "
                r"](?P<d>\d{1,2})(?:st|nd|rd|th)?,?[ ](?P<y>(?:19|20)\d\d)(?!\d)"
            ),
            LIKELY,
            check=_check_english,
        ),
        Pattern(
            ignore_case(
                r"(?<![0-9])(?P<d>\d{1,2})[ ](?P<m>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
                r"|dec)[a-z]*\.?,?[ ](?P<y>(?:19|20)\d\d)(?!\d)"
            ),
            LIKELY,
            check=_check_english,
        ),
        Pattern(
            re.compile(
                r"(?:出生日期|出生年月日?|生日|出生)[是为:：\s]{0,3}(?P<value>(?P<y>(?:19|20)\d\d)[ "
                r"](?P<m>\d{1,2})[ ](?P<d>\d{1,2}))(?!\d)"
            ),
            LABELLED,
            check=_check_calendar,
        ),
    ),
    context=(
        Context(re.compile(_PERSONAL), 0.1, before=8, after=6),
        Context(
            re.compile(r"发布|印发|颁布|施行|实施|批准|上市|出版|发表|修订|成立|首播|上映|首映|公布|生效"),
            -0.6,
            before=0,
            after=8,
        ),
        Context(
            re.compile(
                r"有效期|生产日期|保质期|批号|失效|发表于|版本|更新于?|发布|公布|收稿|修回|批准|上市|截至"
                r"|成立于|建于|始建|国药准字|文号"
            ),
            -0.6,
            before=8,
        ),
    ),
    examples=(
        "我⟦1985年3月12日⟧出生",
        "⟦2023-05-06⟧做的手术",
        "⟦二〇二三年五月十六日⟧入院",
        "出生日期：⟦19850312⟧",
        "生日⟦85.3.12⟧",
        "⟦1962年腊月初八⟧生",
        "⟦23年5月6号⟧复查过",
        "出生于⟦March 5, 1988⟧",
        "⟦2005年3月25⟧开始的",
        "⟦2011-05-05⟧19:36:43",
        "⟦19.3.8⟧做的剖宫产",
    ),
    lookalikes=(
        "3月12日开始发烧",
        "孕32周加3天",
        "2023年5月查过一次",
        "国药准字H20050138",
        "2020年3月4日发布的指南",
        "每天3.5.8三个时间",
        "2023年5月3次化疗",
        "2019年3月2个疗程",
        "有效期至2025年3月1日",
    ),
)
