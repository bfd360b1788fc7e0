"""Columns whose names say nothing: which two hold the question and the answer follows from what stands in them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cmtmed.io.field_names import holds_field
from cmtmed.io.quarantine import Unreadable
from cmtmed.io.record_fields import DIALOGUE_FIELDS
from cmtmed.io.records import Record, Value
from cmtmed.source import Source
from cmtmed.text.han import HAN

_LOOKAHEAD: Final = 200
_HAN: Final = re.compile(rf"[{HAN}]")
_ASKS: Final = re.compile(r"[?？]|怎么|怎样|吗|什么|如何|能不能|可以.{0,6}么|请问|多少|哪")
_COPIES: Final = 6
"""How often a text may recur on average: a question stands before each of its answers."""
_TEXT_CHARACTERS: Final = 6
"""Least mean length of texts; names and departments are shorter."""
_TITLE_CHARACTERS: Final = 32


def name_by_content(records: Iterator[Record | Unreadable], source: Source) -> Iterator[Record | Unreadable]:
    """Rename the two columns of text to ``question`` and ``answer`` where no column has a name of a dialogue's field.

    The columns are judged by the first records. Records of other forms, and those of a source that declares fields,
    pass through.
    """
    if source.shape != "auto" or any(value is not None for _, value in source.fields):
        return records
    lookahead = list(itertools.islice(records, _LOOKAHEAD))
    names = find_sides([record.value for record in lookahead if isinstance(record, Record)])
    stream = itertools.chain(lookahead, records)
    return _rename(stream, names) if names else stream


def _rename(records: Iterator[Record | Unreadable], names: Mapping[str, str]) -> Iterator[Record | Unreadable]:
    for record in records:
        if isinstance(record, Record) and isinstance(record.value, Mapping):
            renamed = {names.get(key, key): value for key, value in record.value.items()}
            yield Record(record.position, renamed, record.left_out)
        else:
            yield record


def find_sides(values: Sequence[Value]) -> dict[str, str]:
    """Return which column is the question and which the answer; nothing unless exactly two hold texts of their own.

    A third one before them may be the title of the question.

    >>> find_sides([{"n": "1", "x": "手麻两周怎么办", "y": "先查颈椎磁共振"}])
    {'x': 'question', 'y': 'answer'}
    """
    first = values[0] if values else None
    if not isinstance(first, dict) or not all(
        isinstance(value, dict) and value.keys() == first.keys() for value in values
    ):
        return {}
    keys = list(first)
    # Two columns of one name (内容, 内容) are told apart by what stands in them, whatever the name.
    if any(holds_field(keys, field) for field in (*DIALOGUE_FIELDS, "role", "content")) and not any(
        f"{key}#2" in first for key in keys
    ):
        return {}
    texts = {key: [str(value[key]) for value in values if value[key] is not None] for key in keys}
    if any(isinstance(item, list | dict) for value in values for item in value.values()):
        return {}  # turns of their own
    free = [key for key in keys if _are_free_texts(texts[key])]
    title = {free[0]: "title"} if len(free) == 3 and _are_titles(texts[free[0]], texts[free[1]]) else {}
    if len(free) - len(title) != 2 or any(holds_field(keys, field) for field in ("question", "answer")):
        return {}
    earlier, later = free[-2:]
    asked, answered = (sum(1 for text in texts[key] if _ASKS.search(text)) for key in free[-2:])
    if answered > 2 * asked + 1:
        earlier, later = later, earlier
    return {**title, earlier: "question", later: "answer"}


def _are_titles(texts: Sequence[str], described: Sequence[str]) -> bool:
    """Return whether the texts of a column are short beside those of the next one, which say the same at length."""
    length, next_length = (sum(map(len, column)) / len(column) for column in (texts, described))
    return length <= _TITLE_CHARACTERS and 1.5 * length <= next_length


def _are_free_texts(texts: Sequence[str]) -> bool:
    """Return whether a column holds what people write: Chinese, of some length, hardly ever the same."""
    if not texts or _COPIES * len(set(texts)) <= len(texts):
        return False
    chinese = sum(1 for text in texts if len(_HAN.findall(text[:200])) >= min(len(text), 200) / 3)
    return chinese >= 0.8 * len(texts) and sum(map(len, texts)) >= _TEXT_CHARACTERS * len(texts)
