"""Detection of the sentences in which the doctor asks.

A sentence asks if one of its clauses holds a cue (or the sentence ends in a question mark), no frame overrides the cue,
and it is no courtesy. Without a question mark the conditions are stricter: doctors who type fast leave it out, but so
does advice that only mentions a question, so the asking clause must then be short and close the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

from cmtmed.errors import UsageError
from cmtmed.inquiry.clauses import clauses, split_run_ons
from cmtmed.inquiry.cues import COURTESIES, CUES, ELICITING, FRAMES, POLITE, SUSPECT, compile_rules, compile_union
from cmtmed.inquiry.inquiry import Inquiry
from cmtmed.inquiry.slots import default_slot, find_slot
from cmtmed.text.sentences import sentences

_CUES: Final = compile_rules(CUES)
_ELICITING: Final = compile_rules(ELICITING)
_COURTESIES: Final = compile_rules(COURTESIES)
_POLITE: Final = compile_rules(POLITE)
_FRAMES: Final = compile_rules(FRAMES)
_ANY_CUE: Final = compile_union(CUES)
_ANY_ELICITING: Final = compile_union(ELICITING)

_STRONG: Final = tuple(rule for rule in _FRAMES if rule[0] in {"quoted", "why", "general"})
_WEAK: Final = tuple(rule for rule in _FRAMES if rule[0] in {"quoted", "statement"})
_ANOTHER: Final = tuple(rule for rule in _FRAMES if rule[0] in {"for another doctor", "thanks"})
_ACROSS: Final = tuple(rule for rule in _FRAMES if rule[0] in {"to find out", "let me know", "depends", "cannot say"})

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
    table = sentences(turns).with_columns(pl.int_range(pl.len()).over("text").alias("place"))
    # Most sentences are ruled out in bulk; only the rest reach Python.
    suspects = table.filter(pl.col("sentence").str.contains(SUSPECT))
    rows: list[tuple[int, int, int, str]] = []
    last = (-1, -1)
    for turn, position, start, sentence in suspects.select("text", "place", "start", "sentence").iter_rows():
        asks = False
        for begin, end in split_run_ons(sentence):
            decision = explain(sentence[begin:end])
            if decision.asks:
                rows.append((turn, start + begin, start + end, decision.slot))
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
    marked = sentence.rstrip("”’』」》）)\"' ").endswith(("?", "？"))
    cue, clause = _find_cue(sentence, marked=marked)
    if not cue:
        return Decision(asks=False)
    frame = _find_courtesy(sentence, clause, cue) or _find_frame(sentence, clause, cue, marked=marked)
    if frame:
        return Decision(asks=False, cue=cue, frame=frame)
    slot, evidence = _choose_slot(sentence, clause)
    return Decision(asks=True, cue=cue, slot=slot, evidence=evidence)


_PURPOSE: Final = re.compile("为了|以便|便于|有助于|帮助您|帮助你|这样")
"""The purpose of a question is not what it asks for: 这将有助于我给出治疗建议."""


def _choose_slot(sentence: str, clause: str) -> tuple[str, str]:
    """Return the slot of what is asked for first, and the word that shows it."""
    asking = [text for text in clauses(sentence) if _ANY_CUE.search(text) or _ANY_ELICITING.search(text)]
    for text in (*asking, clause, "，".join(text for text in clauses(sentence) if not _PURPOSE.search(text))):
        slot, evidence = find_slot(text)
        if evidence:
            return slot, evidence
    return default_slot(clause), ""


def _find_cue(sentence: str, *, marked: bool) -> tuple[str, str]:
    """Return the rule that asks and the clause that matched; the last asking clause decides."""
    all_clauses = clauses(sentence)
    # Who writes full stops writes question marks too: a sentence with one asks if it is short or ends in a particle.
    stopped = sentence.rstrip("”’』」》）)\"' ").endswith("。")
    for clause in reversed(all_clauses if marked else all_clauses[-2:]):
        short = len(clause) <= (_ADDRESSED_CHARS if not stopped and _ADDRESSED.search(clause) else _UNMARKED_CHARS)
        if (marked or short) and _ANY_CUE.search(clause):
            cue = _first_match(_CUES, clause)
            if not stopped or cue in _CLOSING or len(sentence) <= _STOPPED_CHARS:
                return cue, clause
        if _ANY_ELICITING.search(clause):
            return _first_match(_ELICITING, clause), clause
    return ("question mark", all_clauses[-1]) if marked and all_clauses else ("", "")


_CLINICAL: Final = re.compile(
    "症状|不适|不舒服|病史|过敏史|家族史|血压|体温|心率|困扰|疼|痛|发热|发烧|咳|异常表现|情况(?:需要|要)?(?:我|我们|补充)|需要我们?(?:进一步)?了解|(?<!我)补充"
)
_HELP: Final = re.compile("问题|疑问|咨询|解答|帮(?:助|您|你|忙)|想(?:了解|知道)|(?:您|你)(?:还)?需要了解")


def _find_courtesy(sentence: str, clause: str, cue: str) -> str:
    """Return which courtesy a sentence is, if any; 还有其他症状需要我了解吗 only sounds like one."""
    courtesy = _first_match(_COURTESIES, sentence) or _first_match(_COURTESIES, clause)
    if not courtesy and cue not in _REQUESTS:
        return _first_match(_POLITE, clause)
    if courtesy in {"offer", "what help", "may I help"} and _CLINICAL.search(clause):
        help_match = _HELP.search(clause)
        if help_match is None or ("困扰" in clause and "问题" not in clause):
            return ""
    return courtesy


def _find_frame(sentence: str, clause: str, cue: str, *, marked: bool) -> str:
    if cue in _REQUESTS:
        return ("conditional" if _first_match(_FRAMES[:1], clause) else "") or _first_match(_ANOTHER, sentence)
    if marked:
        # A question mark is stronger than any frame but these.
        return _first_match(_STRONG, clause)
    if cue in {"particle", "tag"}:
        # A sentence that ends in a particle asks, unless one of these applies.
        return _first_match(_WEAK, clause) or _first_match(_FRAMES[:2], clause)
    if cue == "whether":
        return "whether without a question mark"
    return _first_match(_FRAMES, clause) or _first_match(_FRAMES[:2], sentence) or _first_match(_ACROSS, sentence)


def _first_match(rules: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str:
    return next((name for name, pattern in rules if pattern.search(text)), "")
