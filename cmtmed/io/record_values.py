"""Values in records: their text, their size in characters, and lists written as text."""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from cmtmed.io.lenient_json import parse_json, parse_literal
from cmtmed.io.quarantine import Reason
from cmtmed.io.records import Value
from cmtmed.text.characters import count_characters


class BrokenRecordError(Exception):
    """A record cannot be read; ``reason`` says why, ``fields`` names the fields that it has."""

    def __init__(self, reason: Reason, fields: Sequence[str] = ()) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.fields = tuple(fields)


def to_text(value: Value) -> str | None:
    """Convert a field to text: numbers as in JSON, a list of texts joined by line breaks, content parts by their text.

    Raises:
        BrokenRecordError: the value is of another type.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int):
        return orjson.dumps(value).decode() if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return None if math.isnan(value) else orjson.dumps(value).decode()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, decimal.Decimal) or hasattr(value, "isoformat"):
        return str(value)
    raise BrokenRecordError(Reason.WRONG_TYPE)


def count_leaves(value: Value) -> int:
    """Return the characters of all texts and numbers in a value, `count_characters` each."""
    if isinstance(value, str):
        return count_characters(value)
    if value is None or value == "":
        return 0
    if isinstance(value, Mapping):
        return sum(map(count_leaves, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(count_leaves, value))
    if isinstance(value, bytes):
        return len(value)
    try:
        return count_characters(to_text(value) or "")
    except BrokenRecordError:
        return count_characters(str(value))


_NOTHING: Final = frozenset(
    {"无", "暂无", "没有", "空", "none", "null", "nan", "nil", "n/a", "na", "#n/a", "<na>", "undefined", "同上", "如题"}
)
_STROKES: Final = re.compile(r"[-—_/\\.。、?？]+")


def says_nothing(text: str) -> bool:
    """Return whether a text only says that there is none: 无, ``None``, a stroke, brackets around nothing.

    >>> says_nothing("[]"), says_nothing(" 暂无。"), says_nothing("无力")
    (True, True, False)
    """
    stripped = text.strip()
    if len(stripped) > _NOTHING_CHARACTERS:
        return False
    name = stripped.strip("\"'[](){}（）【】。.,， ").lower()
    return name in _NOTHING or not name or _STROKES.fullmatch(name) is not None


_NOTHING_CHARACTERS: Final = 32


def parse_nested(text: str) -> Value:
    """Return the list or object that a text writes in JSON or in Python, or None if it writes neither."""
    stripped = text.strip()
    is_tuple = stripped[:2] in _TUPLES and stripped[-1:] == ")"
    if (stripped[:1] not in ("[", "{") or stripped[-1:] not in ("]", "}")) and not is_tuple:
        return None
    try:
        value = orjson.loads(stripped)
    except orjson.JSONDecodeError:
        value = _parse_written(stripped)
    return value if isinstance(value, list | dict) else None


_TUPLES: Final = frozenset({"('", '("', "((", "(["})
"""How a tuple of texts or of tuples begins in Python."""


def _parse_written(text: str) -> Value:
    for parse in (parse_literal, parse_json):
        try:
            return parse(text)
        except (ValueError, RecursionError):
            continue
    return None
