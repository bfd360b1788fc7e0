"""Fields of one record: which hold what, which were read, and what is left of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cmtmed.io.field_names import find_names, guess_field
from cmtmed.io.parsed import Parsed
from cmtmed.io.record_values import BrokenRecordError, count_leaves, to_text
from cmtmed.io.records import Value
from cmtmed.io.text_objects import is_of_person
from cmtmed.source import FieldName, Fields
from cmtmed.text.characters import count_characters

METADATA: Final = ("id", "department", "subdepartment")
DIALOGUE_FIELDS: Final = ("title", "opening", "question", "answer", "history", "messages", "text", "system")
_TEXTS: Final = frozenset({"title", "opening", "question", "answer", "text"})


@dataclass(frozen=True)
class FieldPlan:
    """For each field, the keys of a record that may hold it, the most likely first."""

    keys: Mapping[str, tuple[str, ...]]


def plan_fields(keys: tuple[str, ...], declared: Fields) -> FieldPlan:
    """Find the fields of records with these keys: declared ones under their names, others under those of crawls."""
    guesses = {key: guess_field(key) for key in keys}
    plan: dict[str, tuple[str, ...]] = {}
    for field in (*METADATA, *DIALOGUE_FIELDS):
        name: FieldName | None = getattr(declared, field)
        if name is not None:
            plan[field] = (name,) if isinstance(name, str) else tuple(name)
        else:
            by_words = tuple(key for key in keys if guesses[key] == field)
            names = dict.fromkeys((*find_names(keys, field), *by_words))
            plan[field] = tuple(name for name in names if field not in _TEXTS or not is_of_person(name, keys))
    return FieldPlan(plan)


class RecordFields:
    """The fields of a record, and which of them were read."""

    def __init__(self, fields: Mapping[str, Value], plan: FieldPlan, declared: Fields) -> None:
        self.fields, self.plan, self.declared = fields, plan, declared
        self.used: set[str] = set()
        self.used_labels: dict[str, tuple[str, ...]] = {}
        self.asked: str | None = None

    def has(self, name: str) -> bool:
        """Return whether a field is there and not empty."""
        return any(not is_empty(self.fields.get(key)) for key in self.plan.keys[name])

    def choose_key(self, name: str, required_type: type | None = None) -> str | None:
        """Return the first key of a field that is not used and not empty, or the first that is there at all."""
        keys = [
            key
            for key in self.plan.keys[name]
            if key in self.fields
            and key not in self.used
            and (required_type is None or isinstance(self.fields[key], required_type))
        ]
        return next((key for key in keys if not is_empty(self.fields[key])), keys[0] if keys else None)

    def take(self, name: str, required_type: type | None = None) -> str | None:
        """Return the text of a field and mark it as read; None if it is missing or empty."""
        declared = getattr(self.declared, name, None)
        keys = list(self.plan.keys[name]) if isinstance(declared, tuple) else [self.choose_key(name, required_type)]
        texts = []
        for key in keys:
            if key is None or key not in self.fields or is_empty(self.fields[key]):
                continue
            text = to_text(self.fields[key])
            if text is not None:
                self.used.add(key)
                texts.append(text)
        return "\n".join(texts) if texts else None

    def take_question(self) -> list[str]:
        """Return the texts that ask, none or one or, in Alpaca-style records, two; mark them as read."""
        declared = self.declared.question
        if isinstance(declared, tuple):
            text = self.take("question")
            return [text] if text else []
        key = self.choose_key("question")
        if key is None or is_empty(self.fields[key]):
            return []
        value = self.fields[key]
        if isinstance(value, list):
            # Several wordings of one question: the first is asked.
            value = get_first_text(value)
            if value is None:
                return []
            self.asked = key
        self.used.add(key)
        texts = [to_text(value) or ""]
        # In Alpaca-style records, input continues instruction.
        if declared is None and key.lower().rpartition(".")[2] in {"instruction", "instruct"}:
            follow = next((k for k in self.plan.keys["question"] if k.lower().rpartition(".")[2] == "input"), None)
            if follow and isinstance(self.fields[follow], str) and self.fields[follow].strip():
                self.used.add(follow)
                texts.append(self.fields[follow])
        return texts

    def read_label(self, name: str) -> str | None:
        """Return the record's id, department or subdepartment."""
        declared = getattr(self.declared, name)
        keys = self.plan.keys[name]
        if isinstance(declared, tuple):
            texts = [text for key in keys if (text := to_text_or_none(self.fields.get(key)))]
            present = tuple(key for key in keys if key in self.fields and key not in self.used)
            self.used.update(present)
            self.used_labels[name] = present
            return "\n".join(texts).strip() or None
        for key in keys:
            if key in self.fields and key not in self.used:
                text = (to_text_or_none(self.fields[key]) or "").strip()
                if text:
                    self.used.add(key)
                    self.used_labels[name] = (key,)
                    return text
        return None

    def ignore_rest(self, parsed: Parsed) -> None:
        """Count the fields that were not read."""
        texts = {content for _, content in parsed.turns}
        for key, value in self.fields.items():
            if key in self.used:
                self._count_unread_variants(key, value, parsed)
            elif isinstance(value, str) and value in texts and value.strip():
                parsed.left_out["duplicate_field"] += count_characters(value)
            elif key in self.plan.keys["title"] and isinstance(value, str):
                parsed.left_out["title"] += count_characters(value)
            else:
                parsed.ignore(key, value)

    def _count_unread_variants(self, key: str, value: Value, parsed: Parsed) -> None:
        if key == self.asked:
            variants = count_leaves(value) - count_characters(get_first_text(value) or "")
            if variants:
                parsed.left_out["other_wording"] += variants

    def list_candidates(self) -> list[str]:
        """Return the fields that could hold a dialogue and are not empty."""
        return [
            key
            for name in ("messages", "text", "question", "answer")
            for key in self.plan.keys[name]
            if not is_empty(self.fields.get(key))
        ]


def is_empty(value: Value) -> bool:
    """Return whether a value holds no text: nothing, blanks, an empty list, or not a number."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def squeeze(text: str) -> str:
    """Return a text without white space, to compare texts of different layout."""
    return "".join(text.split())


def _iter_texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _iter_texts(item)


def get_first_text(value: Value) -> str | None:
    """Return the first text in a list of lists."""
    return next(_iter_texts(value), None)


def to_text_or_none(value: Value) -> str | None:
    """Return a label's text, or None if it is of a type that has none."""
    try:
        return to_text(value)
    except BrokenRecordError:
        return None
