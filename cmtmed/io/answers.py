"""Answers to a question: one, or several, as texts or as objects."""

from __future__ import annotations

from collections.abc import Mapping

from cmtmed.io.parsed import Parsed
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_values import BrokenRecordError, count_leaves, parse_nested, to_text
from cmtmed.io.records import Value
from cmtmed.io.text_objects import find_text_key
from cmtmed.text.characters import count_characters


def read_answers(value: Value, key: str, parsed: Parsed, content_name: str | None = None) -> list[str]:
    """Return the answers in a field: one text, several, or objects with a text each.

    What else the objects hold is counted as left out.

    Args:
        value: the field's value.
        key: its path, under which what is left out is counted.
        parsed: the dialogue, which keeps the counts.
        content_name: the declared name of the text in an object.
    """
    nested = parse_nested(value) if isinstance(value, str) else value
    if isinstance(value, str) and not (isinstance(nested, list) and _is_written_list(nested)):
        return [value]  # a text in brackets is a text
    if isinstance(value, str):
        parsed.left_out["markup"] += count_characters(value) - count_leaves(nested)
    if not isinstance(nested, list):
        if isinstance(nested, Mapping):
            nested = [nested]
        else:
            return [text] if (text := to_text(value)) is not None else []
    answers = []
    for item in nested:
        if isinstance(item, Mapping):
            content = content_name if content_name in item else find_text_key(item, key)
            if content is None:
                raise BrokenRecordError(Reason.WRONG_TYPE)
            answers.append(item[content])
            for name, other in item.items():
                if name != content:
                    parsed.ignore(f"{key}.{name}", other)
        else:
            answers.append(to_text(item) or "")
    return [answer for answer in answers if answer.strip()]


def _is_written_list(items: list[Value]) -> bool:
    """Return whether a list that a text writes is one of answers: of objects, or of texts in quotes."""
    return bool(items) and (all(isinstance(i, Mapping) for i in items) or all(isinstance(i, str) for i in items))
