"""Labels of consultation forms: 病情描述：, 希望获得的帮助：, 指导意见：.

A label is platform text only if what remains says the same without it. That holds for the names of parts that every
consultation has (the complaint, the request, the analysis, the advice), and for 性别 and 年龄 before a value that says
itself which of them it is (女, 35岁). It does not hold where the label gives the value its meaning: 过敏史：无,
发病时间：三天前, 诊断：高血压 keep theirs, and so does every label before a value that is an ellipsis (无, 不详, 3天).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from cmtmed.text.canned import NUMERALS, has_quantity
from cmtmed.text.characters import count_characters

_DESCRIPTION: Final = (
    r"(?:患者|主要|具体|详细)?(?:病情|症状|疾病)(?:描述|详情|介绍|叙述|陈述|概述|说明)|(?:详细|具体|补充)描述|"
    r"(?:患者)?主诉|主要病情"
    r"|(?:主要|全部|目前|所有|现有|当前|具体)的?症状|(?:咨询|求助)(?:内容|问题|详情|描述|目的)"
)
_REQUEST: Final = (
    r"(?:您|你)?(?:希望|想要?|期望|需要|在乎|最想)(?:通过咨询)?(?:能|够)*(?:获得|得到|获取|"
    r"寻求)?(?:到)?(?:医生)?的?(?:什么样|什么|怎样|哪些|何种|哪方面)?"
    r"的?(?:帮助|协助)"
)
_ANALYSIS: Final = r"(?:问题|病情|病例|症状|情况)(?:分析|解析)"
_ADVICE: Final = r"(?:指导|处理|参考|总结|综合)(?:意见|建议)|意见建议|建议意见|健康指导|医师建议"
_PARTS: Final = f"{_DESCRIPTION}|{_REQUEST}|{_ANALYSIS}|{_ADVICE}"
_HINT_IN_LABEL: Final = r"(?:\s*[（(][^（）()\n：:]{1,40}[）)]|发病时间、[^\n：:]{1,30}[）)])?"

_COLON: Final = r"\s*[:：][ \t]*"
_NAME: Final = (
    rf"(?:[【\[〔](?:{_PARTS}){_HINT_IN_LABEL}[】\]〕](?:{_COLON})?"
    rf"|[一二三四五\d]?[、.]?[ \t]*(?:{_PARTS}){_HINT_IN_LABEL}{_COLON})"
)
_STRICT: Final = r"(?:问题分析|病情分析|病例分析|意见建议|指导意见|指导建议|处理意见)"

LABEL: Final = re.compile(rf"(?P<start>^|[。！？!?；;…\n]|\s){_NAME}\n?")
_OWN_LINE: Final = re.compile(rf"(?m)^[ \t]*(?:{_PARTS})[ \t]*\n(?=[ \t]*\S)")
_GLUED: Final = re.compile(rf"(?<=[^\s。！？!?；;…的给出供些项下各等，,、：:“\"]){_STRICT}{_COLON}")
_PERSON: Final = re.compile(
    r"(?P<start>^|[。；;，,\n]|\s)(?:患者|您的)?(?:性别[ \t]*[:：][ \t]*(?=(?:男|女)(?:性|孩)?(?:[\s，,。；;]|$))"
    r"|年龄[ \t]*[:：][ \t]*(?=\d{1,3}[ \t]*(?:周?岁|个?月|天)))"
)

ANY_LABEL: Final = rf"(?:{_PARTS}|性别|年龄)[^\n：:]{{0,42}}[:：】\]〕\n]"
"""A pattern, also for Polars, that every text matches from which `remove_labels` removes something."""

_AMOUNT: Final = (
    rf"(?:大?约|近|有)?[\d{NUMERALS}.．~～\-—至到几数多余来\s]+(?:个|多|余|来|几|小)*"
    r"(?:天|日|周|月|年|时|分钟|岁|次|度|℃|星期|礼拜|[a-zA-Z%]{1,3})*(?:前|左右|余|多|以上|以下|内)*"
)
_ELLIPSIS: Final = re.compile(
    r"\s*(?:暂?无|没有?|暂时没有|有|否|是的?|不是|不详|不清楚?|不知道?|不明|未知|未填写?|未见|不?正常|异常|一般|"
    r"同上|如上|如题|见上|见下|略|"
    r"好|差|轻|重|可以|需要|不用|其他|[-+*/－—]+|(?:请)?(?:参见|详见|见|参考).{0,10}|"
    + _AMOUNT
    + r")\s*(?:[（(][^（）()\n]*[）)])?\s*"
)
_VALUE_END: Final = re.compile(r"[\n。；;，,！!？?]|$")


def remove_labels(text: str, removed: Counter[str]) -> str:
    """Remove form labels from a turn; their values stay. Characters removed are added to ``removed["form_label"]``.

    >>> remove_labels("病情描述：头痛。过敏史：无", Counter())
    '头痛。过敏史：无'
    >>> remove_labels("主诉：3天", Counter())
    '主诉：3天'
    """
    before = count_characters(text)
    result = _OWN_LINE.sub(_remove_line, text)
    result = _GLUED.sub("\n", result)
    # A label right behind another is found when that one is gone.
    while (shortened := LABEL.sub(_remove_label, result)) != result:
        result = shortened
    while (shortened := _PERSON.sub(lambda match: str(match.group("start")), result)) != result:
        result = shortened
    if result == text:
        return text
    removed["form_label"] += before - count_characters(result)
    return result.strip()


def _remove_label(match: re.Match[str]) -> str:
    label, value = match.group(), match.string[match.end() :]
    if has_quantity(re.sub(r"^\s*[\d一二三四五][、.]", "", label)) or _is_ellipsis(value):
        return label
    return match.group("start")


def _remove_line(match: re.Match[str]) -> str:
    return match.group() if _is_ellipsis(match.string[match.end() :]) else ""


def _is_ellipsis(value: str) -> bool:
    """Return whether a value says nothing without its label."""
    value = value.lstrip()
    end = _VALUE_END.search(value)
    return _ELLIPSIS.fullmatch(value[: end.start() if end else None]) is not None and bool(value)
