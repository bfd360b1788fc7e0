"""Text above the first speaker of a transcript: the patient's complaint, headings, or what belongs to the page."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from cmtmed.text.characters import count_characters

_FORM: Final = re.compile(
    r"(?m)^\s*(?:病情描述|病情介绍|主诉|主訴|现病史|疾病|症状|希望(?:获得|得到)的?帮助|想(?:获得|得到)怎样的帮助|"
    r"患病时长|所就诊|用药情况|咨询内容|问题描述|详细描述|自述)[^:：\n]{0,20}[:：]"
)
_ADDRESS: Final = re.compile(r"\s*(?:https?://\S+|[A-Za-z_]{1,16}\s*=\s*\S{1,64})\s*")
_METADATA: Final = re.compile(
    r"\s*(?:就诊|咨询|提问|问诊|发布|创建|记录|对话|病例|患者|接诊)?(?:时间|日期|编号|单号|科室|医院|医生姓名|来源|链接|网址|状态|次数|时长)\s*[:：].{0,60}"
)
"""Lines of a form that tell about the record."""
_HEADING: Final = re.compile(
    r"\s*(?:[#=*\-【\[]*\s*(?:[A-Z][a-z]+(?: [A-Za-z]+){0,4}|对话(?:内容|记录)?|问诊(?:记录|对话)?|咨询(?:记录|内容)?|"
    r"病情描述|描述|聊天记录|医患对话|[第]?\s*\d+\s*[条例个]?)\s*[】\]#=*\-:：]*)\s*"
)


def clean_preamble(preamble: str) -> tuple[str, Counter[str]]:
    """Return a preamble without headings and addresses, and the characters of these by reason."""
    lines = []
    left_out: Counter[str] = Counter()
    for line in preamble.splitlines():
        reason = _classify_line(line)
        if reason:
            left_out[reason] += count_characters(line)
        else:
            lines.append(line)
    return "\n".join(lines).strip(), left_out


def is_form(text: str) -> bool:
    """Return whether a text fills in a platform's form (病情描述：…)."""
    return _FORM.search(text) is not None


def _classify_line(line: str) -> str | None:
    """Return why a line above the first label is no text: an address or a heading."""
    if _ADDRESS.fullmatch(line) or _METADATA.fullmatch(line):
        return "metadata"
    return "heading" if _HEADING.fullmatch(line) else None
