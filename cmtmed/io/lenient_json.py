"""Lenient JSON: NaN, trailing commas, comments, half surrogates and single quotes cost no record.

Strict text is parsed by orjson. What it rejects is repaired outside its strings and parsed by Python's own parser,
which knows half surrogates and integers of any size; what is no JSON even then, as a literal of Python and by json5.
"""

from __future__ import annotations

import ast
import decimal
import json
import math
import re
from typing import Final

import orjson

from cmtmed.io.field_names import find_names

_JSON5_CHARACTERS: Final = 2**16
"""json5 takes about a millisecond per kilobyte: a longer text that needs it is not worth its time."""
_LITERAL_CHARACTERS: Final = 2**20
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_FLAW: Final = re.compile(
    rf"(?P<text>{_STRING})|(?P<comment>//[^\n]*|\#[^\n]*|/\*.*?\*/)|(?P<comma>,(?=\s*[}}\]]))"
    # Calls around values, as the MongoDB shell prints them: ObjectId("5f1e"), NumberLong(5).
    r"|(?P<call>\b(?:new\s+)?[A-Z][A-Za-z0-9]*\(|\))"
    r"|(?P<null>[-+]?\b(?:NaN|nan|Infinity|inf|undefined|None)\b)|(?P<true>\bTrue\b)|(?P<false>\bFalse\b)",
    re.DOTALL,
)
_PYTHON_STRING: Final = r"'(?:[^'\\]|\\.)*'|" + _STRING
_GAP: Final = re.compile(
    rf"(?P<text>{_PYTHON_STRING})(?P<space>\s+(?=['\"{{\[]))?"
    r"|(?P<close>[}\]])(?P<gap>\s+(?=[{\[]))|(?P<array>\barray\(|,\s*dtype=\w+\)|(?<=\])\))",
    re.DOTALL,
)


def parse_json(text: str) -> object:
    """Parse one JSON value.

    Integers are exact, and so are decimal numbers that are ids; NaN and the infinities become None; half of a surrogate
    pair becomes U+FFFD.

    Raises:
        ValueError: the text is no JSON value even by lenient rules.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _parse_lenient(text)
    if type(value) is dict and not _FLOAT_OR_DICT.isdisjoint(map(type, value.values())) and _is_rounded(value):
        # orjson rounds integers beyond 64 bits to floats, which makes two ids one.
        return _clean(json.loads(text, strict=False, parse_float=_parse_float))
    return value


_FLOAT_OR_DICT: Final = frozenset({float, dict})


def _is_rounded(record: dict[str, object]) -> bool:
    """Return whether a number at the top, or in an object there, may have lost digits that matter."""
    for key, item in record.items():
        if type(item) is float:
            if abs(item) >= 2**63 or find_names([key], "id"):
                return True
        elif type(item) is dict and _is_rounded(item):
            return True
    return False


def _parse_float(text: str) -> float | decimal.Decimal:
    return decimal.Decimal(text) if repr(float(text)) != text else float(text)


def _parse_lenient(text: str) -> object:
    stripped = text.strip().removeprefix("\ufeff").strip().rstrip(",").rstrip()
    for parse in (_parse_python, _parse_repaired, parse_literal, _parse_json5):
        try:
            return _clean(parse(stripped))
        except (ValueError, RecursionError):
            continue
    raise ValueError("no JSON")


def _parse_python(text: str) -> object:
    return json.loads(text, strict=False, parse_constant=lambda _: None)


def _parse_repaired(text: str) -> object:
    repaired = _FLAW.sub(_repair, text)
    if repaired == text:
        raise ValueError
    return _parse_python(repaired)


def _repair(match: re.Match[str]) -> str:
    replacement = {"null": "null", "true": "true", "false": "false"}
    return match.group() if match.lastgroup == "text" else replacement.get(match.lastgroup or "", "")


def parse_literal(text: str) -> object:
    """Parse a list or an object written in Python, as pandas and NumPy write them into tables.

    NumPy writes no commas between items. Tuples become lists.

    Raises:
        ValueError: the text is no literal.
    """
    if len(text) > _LITERAL_CHARACTERS or not text.startswith(("{", "[", "(")):
        raise ValueError
    try:
        # The parser of literals is safe, if not fast.
        value = ast.literal_eval(_GAP.sub(_fill_gap, text))
    except (SyntaxError, MemoryError, TypeError) as error:
        raise ValueError from error
    return _to_lists(value)


def _fill_gap(match: re.Match[str]) -> str:
    if match["text"] is not None:
        return match["text"] + (", " if match["space"] else "")
    return f"{match['close']}, " if match["close"] else ""


def _to_lists(value: object) -> object:
    if isinstance(value, dict):
        return {_clean(str(key)): _to_lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_lists(item) for item in value]
    return _clean(value) if isinstance(value, str) else value


def _parse_json5(text: str) -> object:
    import json5

    if len(text) > _JSON5_CHARACTERS or not text.startswith(("{", "[")):
        raise ValueError
    return json5.loads(text)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
