"""Detection of records that are one turn each, and of the field that the turns of a dialogue have in common."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from cmtmed.io.field_names import find_names, holds_field, normalize_name
from cmtmed.io.message_keys import read_label
from cmtmed.io.record_fields import to_text_or_none
from cmtmed.io.record_values import to_text
from cmtmed.io.records import Value
from cmtmed.io.speaker_words import are_alternating
from cmtmed.io.turn_values import TurnParser
from cmtmed.schema import Role
from cmtmed.source import Source

BY_FILE: Final = "file"
"""All turns of a file are one dialogue."""


def detect_group(values: Sequence[Value], source: Source, turns: TurnParser) -> Sequence[str] | str:
    """Return the field that the turns of a dialogue have in common, ``file``, or ``none`` if records are dialogues.

    Records are turns if each has a known speaker and a text and no turns inside, or if each is one round of a numbered
    dialogue. The field that groups them has one value in some records and others in others, and most of its groups hold
    both sides; if there is none and both sides speak, the file is one dialogue.
    """
    if source.shape != "auto" or len(values) < 2 or not all(isinstance(value, Mapping) for value in values):
        return "none"
    if any(isinstance(item, list) and _holds_turns(item) for value in values for item in value.values()):
        return "none"
    sides = [find_side(value, turns) for value in values]
    if all(side is None for side in sides):
        sides, is_coded = _find_coded_sides(values, turns), True
        if not any(sides):
            return _detect_rounds(values)
    else:
        is_coded = False
    if None in sides:
        return "none"
    plan = turns.find_plan(values[0]) or ()
    for name in _list_group_fields(values[0]):
        groups: dict[str, set[Role | None]] = {}
        for text, side in zip(_fill_down(values, name), sides, strict=True):
            groups.setdefault(text, set()).add(side)
        complete = sum({"user", "assistant"} <= speakers for speakers in groups.values())
        if name not in plan and len(groups) < len(values) and "" not in groups and 2 * complete >= len(groups):
            return (name,)
    if (found := _find_group_by_content(values, sides, plan)) is not None:
        return (found,)
    return BY_FILE if {"user", "assistant"} <= set(sides) and not is_coded else "none"


def _holds_turns(items: Sequence[Value]) -> bool:
    """Return whether a list may be a dialogue, and not the words by which a turn is labelled."""
    return any(isinstance(item, Mapping | list) for item in items) or are_alternating(items)


def _find_coded_sides(values: Sequence[Mapping[str, Value]], turns: TurnParser) -> list[Role | None]:
    """Return who speaks in records whose speakers are codes (0 and 1) and that hold no question with its answer."""
    are_pairs = any(holds_field(value, "question") and holds_field(value, "answer") for value in values)
    codes = None if are_pairs else turns.find_codes(values)
    if codes is None:
        return []
    key, _, roles = codes
    return [roles[read_label(value[key]).lower()] for value in values]


def _find_group_by_content(
    values: Sequence[Mapping[str, Value]], sides: Sequence[Role | None], plan: Collection[str]
) -> str | None:
    """Return the field, under any name, that is the same in records that follow one another, in which both sides speak.

    Of several the one that makes most dialogues is taken. The last group may be cut by the end of the sample.
    """
    found: dict[str, int] = {}
    for name in values[0]:
        texts = [(to_text_or_none(value.get(name)) or "").strip() for value in values]
        runs = [list(run) for _, run in itertools.groupby(zip(texts, sides, strict=True), key=lambda item: item[0])]
        if name in plan or "" in texts or len(runs) < _GROUPS or len(set(texts)) < len(runs):
            continue
        whole = runs[:-1]
        complete = sum({"user", "assistant"} <= {side for _, side in run} for run in whole)
        if complete >= _COMPLETE * len(whole):
            found[name] = len(runs)
    return max(found, key=lambda name: found[name], default=None)


_GROUPS: Final = 2
_COMPLETE: Final = 0.9
"""Share of the groups in which both sides must speak for a field whose name says nothing."""


def find_side(value: Mapping[str, Value], turns: TurnParser) -> Role | None:
    """Return who speaks in a record of one turn; None if it is no such record."""
    plan = turns.find_plan(value)
    if plan is not None:
        return turns.find_role(value[plan[0]])
    texts = [(key, text) for key, text in value.items() if isinstance(text, str)]
    return turns.labels.find_role(texts[0][0]) if len(texts) == len(value) == 1 else None


def _list_group_fields(record: Mapping[str, Value]) -> list[str]:
    """Return the fields that may group records: by the names of crawls, then any number or code."""
    others = [key for key in record if _CODE.search(normalize_name(key))]
    return list(dict.fromkeys((*find_names(record, "group"), *others)))


def _fill_down(values: Sequence[Mapping[str, Value]], name: str) -> Iterator[str]:
    """Yield a field's values as text; an empty cell, as merged cells leave them, is the one above it."""
    last = ""
    for value in values:
        last = (to_text(value.get(name)) or "").strip() or last
        yield last


def _detect_rounds(values: Sequence[Mapping[str, Value]]) -> Sequence[str] | str:
    if not all(find_names(value, "question") and find_names(value, "answer") for value in values):
        return "none"
    if not any(normalize_name(name) in _ROUNDS for name in values[0]):
        return "none"
    for name in find_names(values[0], "group"):
        groups = set(_fill_down(values, name))
        if len(groups) < len(values) and "" not in groups:
            return (name,)
    return "none"


_CODE: Final = re.compile(r"(?:id|no|num|number|code|key|编号|号)$|^(?:conv|case|sess|ticket|thread|dialog|chat|visit)")
_ROUNDS: Final = frozenset({"round", "turn", "turnid", "seq", "轮次", "第几轮"})
