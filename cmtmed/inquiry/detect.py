"""Detection of the sentences in which the doctor asks.

A sentence asks if one of its clauses holds a cue (or the sentence ends in a question mark), no frame overrides the cue,
and it is no courtesy. Without a question mark the conditions are stricter: doctors who type fast leave it out, but so
does advice that only mentions a question, so the asking clause must then be short and close the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import polars as pl

from cmtmed.errors import UsageError
from cmtmed.inquiry.clauses import clauses
from cmtmed.inquiry.cues import COURTESIES, CUES, ELICITING, FRAMES, POLITE
from cmtmed.inquiry.inquiry import Inquiry
from cmtmed.inquiry.rules import EVERY_RULE, Possible, compile_rules, find_first
from cmtmed.inquiry.slots import default_slot, find_slot
from cmtmed.inquiry.suspects import find_suspects, is_marked

_CUES: Final = compile_rules(CUES)
_ELICITING: Final = compile_rules(ELICITING)
_COURTESIES: Final = compile_rules(COURTESIES)
_POLITE: Final = compile_rules(POLITE)
_FRAMES: Final = compile_rules(FRAMES)

_STRONG: Final = tuple(rule for rule in _FRAMES if rule.name in {"quoted", "why", "general"})
_WEAK: Final = tuple(rule for rule in _FRAMES if rule.name in {"quoted", "statement"})
_ANOTHER: Final = tuple(rule for rule in _FRAMES if rule.name in {"for another doctor", "thanks"})
_ACROSS: Final = tuple(rule for rule in _FRAMES if rule.name in {"to find out", "let me know", "depends", "cannot say"})

_REQUESTS: Final = frozenset(name for name, _ in ELICITING)

_UNMARKED_CHARS: Final = 22
"""Without a question mark a longer clause is a statement."""

_ADDRESSED: Final = re.compile("请问|^(?:您|你|孩子|宝宝|患者)?[^，。]{0,8}(?:有没有|是不是|有无)")
_ADDRESSED_CHARS: Final = 40
"""… unless it says that it asks."""
_STOPPED_CHARS: Final = 14
"""… and before a full stop a longer sentence is."""
_CLOSING: Final = frozenset(("particle", "tag"))

_EXAMPLES: Final = re.compile("(?:比如|例如|譬如|像)(?:说)?[^，。]{1,30}(?:、|或者?|和|等)[^，。]{0,20}[。.]?$")
"""比如发热、瘙痒等。 behind a question goes on with it."""

_SCHEMA: Final = {"turn": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "slot": pl.String}


@dataclass(frozen=True)
class Decision:
    """Why a sentence is an inquiry, or is not.

    Attributes:
        asks: the verdict.
        cue: the rule that matched, empty if none did.
        frame: the rule that overrides it, empty if none does.
        slot: what the sentence asks for, empty if it does not ask.
        evidence: the word that decided the slot.
    """

    asks: bool
    cue: str = ""
    frame: str = ""
    slot: str = ""
    evidence: str = ""


def find_inquiries(turns: list[str]) -> list[list[Inquiry]]:
    """Find the asking sentences in doctors' turns.

    Args:
        turns: the doctors' turns.

    Returns:
        For each turn its inquiries, in order; offsets are code points into the turn.

    Raises:
        UsageError: an item is not a string.

    >>> find_inquiries(["您好，发烧多久了？多喝水。"])
    [[Inquiry(start=0, end=9, slot='duration')]]
    """
    for index, turn in enumerate(turns):
        if not isinstance(turn, str):
            raise UsageError(f"turns[{index}] has type {type(turn).__name__}; pass a list of str")
    inquiries: list[list[Inquiry]] = [[] for _ in turns]
    for turn_number, start, end, slot in detect(pl.Series("turns", turns, dtype=pl.String)).iter_rows():
        inquiries[turn_number].append(Inquiry(start, end, slot))
    return inquiries


def detect(turns: pl.Series) -> pl.DataFrame:
    """Find the asking sentences in a column of doctors' turns; null holds none.

    Returns:
        ``turn``, ``start``, ``end`` (UInt32) and ``slot``, in order.
    """
    # Most sentences are ruled out in bulk; only the rest reach Python.
    parts, possible = find_suspects(turns, (*_CUES, *_ELICITING))
    decisions: dict[str, Decision] = {}
    rows: list[tuple[int, int, int, str]] = []
    last = (-1, -1)
    items = zip(parts.iter_rows(), possible, strict=True)
    for (turn, position, start, sentence), group in groupby(items, key=lambda item: item[0][:4]):
        asks = False
        for (*_, begin, part, can_ask), possible_rules in group:
            if can_ask and part not in decisions:
                decisions[part] = _decide(part, possible_rules)
            if can_ask and decisions[part].asks:
                rows.append((turn, start + begin, start + begin + len(part), decisions[part].slot))
                asks = True
        if not asks and last == (turn, position - 1) and _EXAMPLES.match(sentence):
            rows.append((turn, start, start + len(sentence), rows[-1][3]))
            asks = True
        if asks:
            last = (turn, position)
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def explain(sentence: str) -> Decision:
    """Decide whether one sentence asks, and return the rules that decided.

    >>> explain("还有什么可以帮您的吗？")
    Decision(asks=False, cue='what', frame='offer', slot='', evidence='')
    """
    return _decide(sentence, EVERY_RULE)


def _decide(sentence: str, possible: Possible) -> Decision:
    marked = is_marked(sentence)
    all_clauses = clauses(sentence)
    cue, clause = _find_cue(sentence, all_clauses, possible, marked=marked)
    if not cue:
        return Decision(asks=False)
    frame = _find_courtesy(sentence, clause, cue, possible) or _find_frame(
        sentence, clause, cue, possible, marked=marked
    )
    if frame:
        return Decision(asks=False, cue=cue, frame=frame)
    slot, evidence = _choose_slot(all_clauses, clause, possible)
    return Decision(asks=True, cue=cue, slot=slot, evidence=evidence)


_PURPOSE: Final = re.compile("为了|以便|便于|有助于|帮助您|帮助你|这样")
"""The purpose of a question is not what it asks for: 这将有助于我给出治疗建议."""


def _choose_slot(all_clauses: list[str], clause: str, possible: Possible) -> tuple[str, str]:
    """Return the slot of what is asked for first, and the word that shows it."""
    asking = [
        text for text in all_clauses if find_first(_CUES, text, possible) or find_first(_ELICITING, text, possible)
    ]
    for text in (*asking, clause, "，".join(text for text in all_clauses if not _PURPOSE.search(text))):
        slot, evidence = find_slot(text, possible)
        if evidence:
            return slot, evidence
    return default_slot(clause), ""


def _find_cue(sentence: str, all_clauses: list[str], possible: Possible, *, marked: bool) -> tuple[str, str]:
    """Return the rule that asks and the clause that matched; the last asking clause decides."""
    # Who writes full stops writes question marks too: a sentence with one asks if it is short or ends in a particle.
    stopped = sentence.rstrip("”’』」》）)\"' ").endswith("。")
    for clause in reversed(all_clauses if marked else all_clauses[-2:]):
        short = len(clause) <= (_ADDRESSED_CHARS if not stopped and _ADDRESSED.search(clause) else _UNMARKED_CHARS)
        cue = find_first(_CUES, clause, possible) if marked or short else ""
        if cue and (not stopped or cue in _CLOSING or len(sentence) <= _STOPPED_CHARS):
            return cue, clause
        if request := find_first(_ELICITING, clause, possible):
            return request, clause
    return ("question mark", all_clauses[-1]) if marked and all_clauses else ("", "")


_CLINICAL: Final = re.compile(
    "症状|不适|不舒服|病史|过敏史|家族史|血压|体温|心率|困扰|疼|痛|发热|发烧|咳|异常表现|情况(?:需要|要)?(?:我|我们|补充)|需要我们?(?:进一步)?了解|(?<!我)补充"
)
_HELP: Final = re.compile("问题|疑问|咨询|解答|帮(?:助|您|你|忙)|想(?:了解|知道)|(?:您|你)(?:还)?需要了解")


def _find_courtesy(sentence: str, clause: str, cue: str, possible: Possible) -> str:
    """Return which courtesy a sentence is, if any; 还有其他症状需要我了解吗 only sounds like one."""
    courtesy = find_first(_COURTESIES, sentence, possible) or find_first(_COURTESIES, clause, possible)
    if not courtesy and cue not in _REQUESTS:
        return find_first(_POLITE, clause, possible)
    if courtesy in {"offer", "what help", "may I help"} and _CLINICAL.search(clause):
        help_match = _HELP.search(clause)
        if help_match is None or ("困扰" in clause and "问题" not in clause):
            return ""
    return courtesy


def _find_frame(sentence: str, clause: str, cue: str, possible: Possible, *, marked: bool) -> str:
    if cue in _REQUESTS:
        return find_first(_FRAMES[:1], clause, possible) or find_first(_ANOTHER, sentence, possible)
    if marked:
        # A question mark is stronger than any frame but these.
        return find_first(_STRONG, clause, possible)
    if cue in {"particle", "tag"}:
        # A sentence that ends in a particle asks, unless one of these applies.
        return find_first(_WEAK, clause, possible) or find_first(_FRAMES[:2], clause, possible)
    if cue == "whether":
        return "whether without a question mark"
    return (
        find_first(_FRAMES, clause, possible)
        or find_first(_FRAMES[:2], sentence, possible)
        or find_first(_ACROSS, sentence, possible)
    )
