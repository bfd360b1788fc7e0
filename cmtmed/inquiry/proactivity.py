"""Proactivity: how much the doctor of a dialogue asks, in a crawl or in a model's output.

A doctor who asks before advising finds out what the advice depends on. Three figures measure this: the share of doctor
turns that ask, the number of different things asked for, and the number of questions before the first advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from cmtmed.errors import UsageError
from cmtmed.inquiry.detect import find_inquiries
from cmtmed.inquiry.inquiry import Inquiry
from cmtmed.schema import ROLES
from cmtmed.text.sentences import split

ADVICE: Final = (
    r"建议|推荐|最好|应当|应该|需要(?:注意|尽快|尽早|及时|到|去|做|查|住院|复查|休息|手术|治疗)|(?:可以|可|先|请)(?:口服|服用|吃[^过]|用|外用|涂|试|考虑|选择|采用|适当|到|去)"
    r"|(?:口服|服用|外用|注射|静滴)[^吗么？?]{1,20}|(?:每日|每天|一天|一日)[一二三四两1-4]次|多(?:喝水|饮水|休息|吃蔬菜)|(?:避免|不要|不能|忌|少)(?:吃|食|喝|熬夜|剧烈|抓|碰|吸烟|辛辣)|注意(?:休息|饮食|保暖|卫生|观察)"
    r"|治疗(?:上|方案|方法|原则)|尽快(?:就医|就诊|去|到)|(?:挂|看)[^，。？]{1,6}科"
)
"""Pattern of a sentence that advises: what to take, do, avoid, or whom to see."""
_ADVICE: Final = re.compile(ADVICE)


@dataclass(frozen=True)
class Proactivity:
    """How much the doctor of one dialogue asks.

    Attributes:
        doctor_turns: turns of the doctor.
        asking_turns: those of them with at least one inquiry.
        inquiries: asking sentences.
        slots: what is asked for, each slot once, in order of first occurrence.
        before_advice: asking sentences before the first sentence that advises; all of them if none does.
    """

    doctor_turns: int
    asking_turns: int
    inquiries: int
    slots: tuple[str, ...]
    before_advice: int

    @property
    def share(self) -> float:
        """Asking turns as a share of the doctor's turns, 0 to 1; 0 where the doctor says nothing."""
        return self.asking_turns / self.doctor_turns if self.doctor_turns else 0.0


def proactivity(messages: Sequence[Mapping[str, object]]) -> Proactivity:
    """Measure how much the doctor asks in one dialogue.

    Args:
        messages: ``role`` (``system``, ``user``, ``assistant``) and ``content`` of each turn, as every chat template
            reads them; ``assistant`` is the doctor. A ``content`` of None counts as empty.

    Raises:
        UsageError: a turn has no role or content, or an unknown role; the message gives its index.

    >>> turns = [{"role": "user", "content": "头疼"}, {"role": "assistant", "content": "多久了？发烧吗？"}]
    >>> result = proactivity(turns)
    >>> result.share, result.slots, result.before_advice
    (1.0, ('duration', 'symptom'), 2)
    """
    turns = []
    for index, message in enumerate(messages):
        role, content = _check_message(message, index)
        if role == "assistant":
            turns.append(content)
    inquiries = find_inquiries(turns)
    advised, before = False, 0
    for turn, turn_inquiries in zip(turns, inquiries, strict=True):
        if not advised:
            starts = [start for start, end in split(turn) if _gives_advice(turn, start, end, turn_inquiries)]
            advised = bool(starts)
            before += sum(inquiry.start < starts[0] for inquiry in turn_inquiries) if starts else len(turn_inquiries)
    return Proactivity(
        doctor_turns=len(turns),
        asking_turns=sum(bool(turn_inquiries) for turn_inquiries in inquiries),
        inquiries=sum(map(len, inquiries)),
        slots=tuple(dict.fromkeys(inquiry.slot for turn_inquiries in inquiries for inquiry in turn_inquiries)),
        before_advice=before,
    )


def _gives_advice(turn: str, start: int, end: int, inquiries: Sequence[Inquiry]) -> bool:
    """Return whether a sentence advises; a sentence that asks does not, whatever it mentions."""
    return not any(inquiry.start < end and start < inquiry.end for inquiry in inquiries) and bool(
        _ADVICE.search(turn, start, end)
    )


def _check_message(message: Mapping[str, object], index: int) -> tuple[str, str]:
    try:
        role, content = message["role"], message["content"]
    except (KeyError, TypeError):
        raise UsageError(f"messages[{index}] lacks role or content; pass one mapping with both per turn") from None
    if role not in ROLES:
        raise UsageError(f"messages[{index}] has an unknown role; use one of {', '.join(ROLES)}")
    if content is not None and not isinstance(content, str):
        raise UsageError(f"messages[{index}] has content of type {type(content).__name__}; pass a str")
    return role, content or ""


def count_inquiries(messages: pl.Expr, inquiries: pl.Expr) -> list[pl.Expr]:
    """Return ``doctor_turns``, ``asking_turns``, ``asked`` and ``slots`` (distinct) of dialogues, all UInt32.

    Args:
        messages: column of the dialogue table.
        inquiries: column of the dialogue table, as `cmtmed.stages.tag_inquiries` wrote it.
    """
    doctor = pl.element().filter(pl.element().struct.field("role") == "assistant")
    return [
        messages.list.eval(doctor).list.len().alias("doctor_turns"),
        inquiries.list.eval(pl.element().struct.field("message").unique()).list.len().alias("asking_turns"),
        inquiries.list.len().alias("asked"),
        inquiries.list.eval(pl.element().struct.field("slot").unique()).list.len().alias("slots"),
    ]
