"""Header rows of tables: whether there is one, and the names of the columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from cmtmed.io.field_names import NAMES, find_names, guess_field, holds_field
from cmtmed.source import Fields
from cmtmed.text.han import HAN

_DATA: Final = re.compile(rf"[，。？！；、?!]|[{HAN}].{{11,}}|.{{32,}}|^\s*[-+]?\d+(?:[.:/-]\d+)*\s*$", re.DOTALL)

_TYPE: Final = re.compile(
    r"(?:big|small|tiny)?int(?:eger)?\d*|str(?:ing)?|text|object|(?:n?var)?char(?:\(\d+\))?|float\d*|double|number|bool(?:ean)?|"
    r"date(?:time)?|timestamp|category|list|array|文本|字符串|数字|整数|日期"
)
_DIALOGUE: Final = ("title", "opening", "question", "answer", "history", "messages", "text", "role", "content")
_TITLE_ROWS: Final = 3
_TITLE_CHARACTERS: Final = 32
MADE_UP: Final = re.compile(r"column\d+")
"""The names of columns that have none."""
HEADER_ROWS: Final = 50
"""Rows by which the header is judged."""


def has_header(cells: Sequence[str]) -> bool:
    """Return whether a first row names the columns: it holds a known name, or nothing that looks like data."""
    texts = [cell for cell in cells if cell.strip()]
    if texts == [str(number) for number in range(len(texts))]:
        return True  # pandas numbers columns that have no names
    known_count = sum(map(is_known_name, texts))
    has_data = any(_DATA.search(cell) for cell in texts)
    return (
        bool(texts)
        and (2 * known_count >= len(texts) or not has_data)
        and (len(set(texts)) > len(texts) // 2 or known_count == len(texts))
    )


def locate_header(rows: Sequence[Sequence[str]]) -> int | None:
    """Return which of the first rows names the columns; None if none does.

    Above the header may stand the title of the table, or names of groups of columns.
    """
    for number, cells in enumerate(rows[:_TITLE_ROWS]):
        texts = [cell for cell in cells if cell.strip()]
        known_count = sum(map(is_known_name, texts))
        if known_count > 1 and 2 * known_count >= len(texts) and has_header(cells):
            return number
        if any(len(cell) > _TITLE_CHARACTERS for cell in cells):
            break
    return 0 if rows and has_header(rows[0]) else None


def has_row_names(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether every row has one cell more than the header, its own number or name, as R writes tables."""
    if not rows or not all(len(cells) == len(header) + 1 and cells[-1].strip() for cells in rows):
        return False
    names = [cells[0] for cells in rows]
    return len(set(names)) == len(names) and all(len(name) <= _TITLE_CHARACTERS for name in names)


def count_needed(header: Sequence[str], fields: Fields) -> int:
    """Return how many cells a row needs to hold all of its dialogue: those up to the last column of one."""
    declared = {name for _, value in fields for name in ((value,) if isinstance(value, str) else value or ())}
    known = [name in declared or any(holds_field([name], field) for field in _DIALOGUE) for name in header]
    return max((number for number, is_known in enumerate(known, start=1) if is_known), default=len(header))


def is_second_header(cells: Sequence[str]) -> bool:
    """Return whether the row after the header names the columns again, in another language, or their types."""
    texts = [cell for cell in cells if cell.strip()]
    if len(texts) < 2:
        return False
    return all(map(is_known_name, texts)) or all(_TYPE.fullmatch(cell.strip().lower()) for cell in texts)


def is_known_name(cell: str) -> bool:
    """Return whether a cell is a name that crawls give a field."""
    name = cell.strip().strip('"')
    if not name or len(name) > 32:
        return False
    return any(find_names([name], field) for field in NAMES) or guess_field(name) is not None


def name_columns(cells: Sequence[str]) -> list[str]:
    """Return the columns' names, each once: a second ``answer`` is called ``answer#2``."""
    names: Counter[str] = Counter()
    columns = []
    for cell in cells:
        name = cell.strip().lstrip("\ufeff").strip().strip('"')
        names[name] += 1
        columns.append(name if names[name] == 1 else f"{name}#{names[name]}")
    return columns
