"""Header rows of tables: whether there is one, and the names of the columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from cmtmed.io.field_names import NAMES, find_names, guess_field
from cmtmed.text.han import HAN

_DATA: Final = re.compile(rf"[，。？！；、?!]|[{HAN}].{{11,}}|.{{32,}}|^\s*[-+]?\d+(?:[.:/-]\d+)*\s*$", re.DOTALL)


def has_header(cells: Sequence[str]) -> bool:
    """Return whether a first row names the columns: it holds a known name, or nothing that looks like data."""
    texts = [cell for cell in cells if cell.strip()]
    if texts == [str(number) for number in range(len(texts))]:
        return True  # pandas numbers columns that have no names
    known_count = sum(map(is_known_name, texts))
    has_data = any(_DATA.search(cell) for cell in texts)
    return bool(texts) and (2 * known_count >= len(texts) or not has_data) and len(set(texts)) > len(texts) // 2


def is_second_header(cells: Sequence[str]) -> bool:
    """Return whether the row after the header names the columns again, in another language."""
    texts = [cell for cell in cells if cell.strip()]
    return len(texts) > 1 and all(is_known_name(cell) for cell in texts)


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
