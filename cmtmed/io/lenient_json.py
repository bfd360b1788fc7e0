"""Lenient JSON: NaN, trailing commas, comments, half surrogates and single quotes cost no record.

Strict text is parsed by orjson. What it rejects is parsed by Python's own parser, which knows NaN, half surrogates and
integers of any size, and after that by json5, which knows the rest.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final

import orjson

_TRAILING_COMMA: Final = re.compile(r",(\s*[}\]])")
_JSON5_CHARACTERS: Final = 2**16
"""json5 takes about a millisecond per kilobyte: a longer text that needs it is not worth its time."""


def parse_json(text: str) -> object:
    """Parse one JSON value.

    Integers are exact; NaN and the infinities become None; half of a surrogate pair becomes U+FFFD.

    Raises:
        ValueError: the text is no JSON value even by lenient rules.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _parse_lenient(text)
    if type(value) is dict:
        for item in value.values():
            if type(item) is float and abs(item) >= 2**63:
                # orjson rounds integers beyond 64 bits to floats, which makes two ids one.
                return _clean(json.loads(text, strict=False))
    return value


def _parse_lenient(text: str) -> object:
    stripped = text.strip().removeprefix("\ufeff").strip().rstrip(",").rstrip()
    for parse in (_parse_python, _parse_without_trailing_commas, _parse_json5):
        try:
            return _clean(parse(stripped))
        except (ValueError, RecursionError):
            continue
    raise ValueError("no JSON")


def _parse_python(text: str) -> object:
    return json.loads(text, strict=False, parse_constant=lambda _: None)


def _parse_without_trailing_commas(text: str) -> object:
    # A comma before a bracket inside a string is rare and is told apart by the result: both must parse.
    if not _TRAILING_COMMA.search(text):
        raise ValueError
    return _parse_python(_remove_trailing_commas(text))


def _remove_trailing_commas(text: str) -> str:
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    return "".join(part if index % 2 else _TRAILING_COMMA.sub(r"\1", part) for index, part in enumerate(parts))


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
