"""How much a doctor asks: figures of one dialogue, a crawl's or a model's.

A doctor who asks before advising finds out what the advice depends on. Three figures say how much of that there is: the
share of doctor turns that ask, how many different things are asked for, and how many questions come before the first
advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from cmtmed.errors import UsageError
from cmtmed.inquiry.detect import find_inquiries
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
        slots: what is asked for, each slot once, in the order in which they come first.
        before_advice: asking sentences before the first that advises; all of them if none does.
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


def proactivity(messages: Sequence[Mapping[str, Any]]) -> Proactivity:
    """Measure how much the doctor asks in one dialogue.

    Args:
        messages: ``role`` (``system``, ``user``, ``assistant``) and ``content`` of each turn, as every chat template
            reads them; ``assistant`` is the doctor. A ``content`` of None counts as empty.

    Raises:
        UsageError: a turn has no role or content, or another role; the message names its place.

    >>> told = proactivity([{"role": "user", "content": "头疼"}, {"role": "assistant", "content": "多久了？发烧吗？"}])
    >>> told.share, told.slots, told.before_advice
    (1.0, ('duration', 'symptom'), 2)
    """
    turns = []
    for place, message in enumerate(messages):
        role, content = _checked(message, place)
        if role == "assistant":
            turns.append(content)
    found = find_inquiries(turns)
    advised, before = False, 0
    for turn, asked in zip(turns, found, strict=True):
        if not advised:
            starts = [start for start, end in split(turn) if _advises(turn, start, end, asked)]
            advised = bool(starts)
            before += sum(one.start < starts[0] for one in asked) if starts else len(asked)
    return Proactivity(
        doctor_turns=len(turns),
        asking_turns=sum(bool(asked) for asked in found),
        inquiries=sum(map(len, found)),
        slots=tuple(dict.fromkeys(one.slot for asked in found for one in asked)),
        before_advice=before,
    )


def _advises(turn: str, start: int, end: int, asked: Sequence[Any]) -> bool:
    """Say whether a sentence advises; one that asks does not, whatever it mentions."""
    return not any(one.start < end and start < one.end for one in asked) and bool(_ADVICE.search(turn, start, end))


def _checked(message: Mapping[str, Any], place: int) -> tuple[str, str]:
    try:
        role, content = message["role"], message["content"]
    except (KeyError, TypeError):
        raise UsageError(f"messages[{place}] has no role and content; give one mapping with both a turn") from None
    if role not in ROLES:
        raise UsageError(f"messages[{place}] has another role than {', '.join(ROLES)}; rename it")
    if content is not None and not isinstance(content, str):
        raise UsageError(f"messages[{place}] has content of type {type(content).__name__}; give a string")
    return role, content or ""


def asking(messages: pl.Expr, inquiries: pl.Expr) -> list[pl.Expr]:
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
