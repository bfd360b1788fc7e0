"""Records without objects inside them: their fields under dotted names, texts and rounds in place of objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cmtmed.io.field_names import find_names, normalize_name
from cmtmed.io.numbered_fields import are_numbered, list_series
from cmtmed.io.records import Value
from cmtmed.io.text_objects import find_text_key

_NESTING: Final = 4
"""How deep objects inside a record are searched for fields."""


def flatten(record: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return a record with the fields of objects inside it under dotted names."""
    if not any(isinstance(value, Mapping) for value in record.values()):
        return record
    return dict(_iter_flat(_join_rounds(record), "", _NESTING))


def _join_rounds(record: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return a record whose rounds stand in a list, where it has an object for each: ``turn1: {…}, turn2: {…}``."""
    objects = [key for key, value in record.items() if isinstance(value, Mapping)]
    series = list_series(objects) if len(objects) > 1 and "turns" not in record else []
    if len(series) != 1 or not _ROUND_NAME.match(series[0][0]):
        return record
    rest = {key: value for key, value in record.items() if key not in series[0]}
    return {**rest, "turns": [record[key] for key in series[0]]}


_ROUND_NAME: Final = re.compile(
    r"turn|round|第|轮|qa|r[_ ]?\d|t[_ ]?\d|msg|message|utterance|dialog|对话", re.IGNORECASE
)


def _iter_flat(record: Mapping[str, Value], prefix: str, depth: int) -> Iterator[tuple[str, Value]]:
    for key, value in record.items():
        if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)).startswith("$"):
            # MongoDB's extended JSON: {"$oid": …}, {"$numberLong": …}, {"$date": …}.
            yield f"{prefix}{key}", next(iter(value.values()))
        elif isinstance(value, Mapping) and (content := _find_object_text(key, value)) is not None:
            yield f"{prefix}{key}", value[content]
            yield from ((f"{prefix}{key}.{name}", other) for name, other in value.items() if name != content)
        elif (
            isinstance(value, Mapping)
            and len(key) > 1
            and normalize_name(key) in _TEXT_FIELDS
            and not _holds_parts(value)
        ):
            yield f"{prefix}{key}", value  # an object without a text is none
        elif isinstance(value, Mapping) and are_numbered(value):
            yield f"{prefix}{key}", list(value.values())  # a list that is written as an object: {"0": …, "u1": …}
        elif isinstance(value, Mapping) and value and depth:
            yield from _iter_flat(value, f"{prefix}{key}.", depth - 1)
        else:
            yield f"{prefix}{key}", value


_TEXT_FIELDS: Final = frozenset(
    {
        "question",
        "ask",
        "instruction",
        "input",
        "answer",
        "output",
        "response",
        "reply",
        "q",
        "a",
        "问题",
        "提问",
        "回答",
        "回复",
    }
)
"""Names whose value is a text, if need be with something about it: {"text": …, "time": …}."""


def _find_object_text(key: str, value: Mapping[str, Value]) -> str | None:
    """Return the key of the text in an object under the name of a text; None if the object is no such text."""
    if normalize_name(key) in _TEXT_FIELDS:
        return find_text_key(value, key)
    is_text_name = any(find_names([key], field) for field in ("question", "answer", "opening", "title"))
    return next((n for n in find_names(value, "content") if isinstance(value[n], str)), None) if is_text_name else None


def _holds_parts(value: Mapping[str, Value]) -> bool:
    """Return whether an object holds a title or a description, of which the text consists."""
    return any(find_names(value, field) for field in ("title", "opening"))
