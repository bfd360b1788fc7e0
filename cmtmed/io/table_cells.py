"""Rows of delimited text: division of lines into cells, and of cells that hold several lines.

A quote opens a cell only at its start and closes it only before a delimiter or the end of a line; any other quote is
text. So a stray quote costs at most its own row.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cmtmed.io.lines import Line
from cmtmed.io.quarantine import Reason, Unreadable

MAX_LINES: Final = 5000
"""Lines of a quoted cell after which the quote counts as text if most of them are rows of the table by themselves."""
_MAX_CHARACTERS: Final = 64 * 2**20
"""Longest quoted cell of all."""


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: what stands between cells: a character, or a word or mark between blanks.
        quoting: whether quotes may enclose a cell.
        escapes: whether a backslash stands before a quote inside a quoted cell; otherwise the quote is doubled.
        width: cells of most rows; 0 if it is not known.
        continues: whether a backslash at the end of a line means that the cell goes on, as databases write tables.
    """

    delimiter: str
    quoting: bool = True
    escapes: bool = False
    width: int = 0
    continues: bool = False


@dataclass(frozen=True)
class Row:
    """Cells of a row, the number of the line on which it starts, and its bytes."""

    number: int
    cells: list[str]
    raw: bytes


@lru_cache(maxsize=16)
def _compile_cell(delimiter: str, *, escapes: bool) -> re.Pattern[str]:
    end = re.escape(delimiter)
    escaped = r"\\." if escapes else r"\"\""
    # A quote that no delimiter follows closes nothing.
    quoted = rf'[ ]*"((?:[^"\\]|{escaped}|"(?![ ]*(?:{end}|\Z))|\\)*+)"[ ]*(?={end}|\Z)'
    unquoted = rf"[^{end}]*+" if len(delimiter) == 1 else rf"(?:(?!{end}).)*+"
    return re.compile(rf"{quoted}|({unquoted})", re.DOTALL)


@lru_cache(maxsize=16)
def _compile_close(delimiter: str, *, escapes: bool) -> re.Pattern[str]:
    end = re.escape(delimiter)
    escaped = r"\\." if escapes else r"\"\""
    return re.compile(rf'(?:[^"\\]|{escaped}|"(?![ ]*(?:{end}|\Z))|\\)*+"[ ]*(?={end}|\Z)', re.DOTALL)


def _match_cell(cell: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    match = cell.match(text, position)
    if match is None:  # the second alternative matches anything
        raise ValueError(f"no cell at {position}")
    return match


def split_cells(text: str, dialect: Dialect) -> list[str]:
    """Divide a row into cells; a quote that opens no well-formed cell is text."""
    delimiter = dialect.delimiter
    if not dialect.quoting or '"' not in text:
        cells = text.split(delimiter)
        return cells if len(delimiter) == 1 else [cell.strip() for cell in cells]
    cell = _compile_cell(delimiter, escapes=dialect.escapes)
    written, quote = ('\\"', '"') if dialect.escapes else ('""', '"')
    cells, position = [], 0
    while True:
        match = _match_cell(cell, text, position)
        cells.append(match[2] if match[1] is None else match[1].replace(written, quote))
        position = match.end()
        if position >= len(text):
            return cells
        position += len(delimiter)
        if position == len(text):
            return [*cells, ""]


def has_open_quote(text: str, dialect: Dialect) -> bool:
    """Return whether a cell begins with a quote that nothing closes in this text."""
    cell = _compile_cell(dialect.delimiter, escapes=dialect.escapes)
    position = 0
    while position < len(text):
        match = _match_cell(cell, text, position)
        if match[1] is None and text.startswith('"', position):
            return True
        position = match.end() + len(dialect.delimiter)
    return False


def iter_rows(lines: Iterator[Line], dialect: Dialect) -> Iterator[Row | Unreadable]:
    """Yield the rows of a table, blank lines left out."""
    pending: deque[Line] = deque()
    width = dialect.width

    def next_line() -> Line | None:
        return pending.popleft() if pending else next(lines, None)

    while (line := next_line()) is not None:
        if line.text is None:
            yield Unreadable(f"line {line.number}", line.reason or Reason.UNDECODABLE, line.raw, line.raw_bytes)
            continue
        text = line.text
        if not text.strip("\0") or not text.strip():
            continue
        row_lines = [line]
        while dialect.continues and text.endswith("\\") and (below := next_line()) is not None:
            if below.text is None:
                pending.append(below)
                break
            row_lines.append(below)
            text = f"{text[:-1]}\n{below.text}"
        if dialect.quoting and '"' in text and has_open_quote(text, dialect):
            following, is_closed = _collect_cell(dialect, next_line)
            whole = "\n".join([text, *(row_line.text or "" for row_line in following)])
            cells = split_cells(whole, dialect) if is_closed else []
            if is_closed and not _swallows_rows([line, *following], cells, dialect, width):
                row_lines += following
            else:
                pending.extendleft(reversed(following))
                cells = split_cells(text, dialect)
                if width and len(cells) != width:
                    yield Unreadable(f"line {line.number}", Reason.UNBALANCED_QUOTES, line.raw)
                    continue
        else:
            cells = split_cells(text, dialect)
        width = width or len(cells)
        yield Row(line.number, cells, b"\n".join(row_line.raw for row_line in row_lines))


def _collect_cell(dialect: Dialect, next_line: Callable[[], Line | None]) -> tuple[list[Line], bool]:
    """Return the lines up to the one in which an open quote is closed, or those that were tried in vain."""
    close = _compile_close(dialect.delimiter, escapes=dialect.escapes)
    following: list[Line] = []
    characters = 0
    while characters < _MAX_CHARACTERS and (line := next_line()) is not None:
        following.append(line)
        characters += len(line.text or "")
        if len(following) == MAX_LINES and _are_rows(following, dialect):
            break
        if line.text is None:
            break
        if '"' in line.text and (match := close.match(line.text)):
            rest = line.text[match.end() + len(dialect.delimiter) :]
            if not has_open_quote(rest, dialect):
                return following, True
    return following, False


def _are_rows(lines: Sequence[Line], dialect: Dialect) -> bool:
    """Return whether most lines have as many cells as a row, so that no cell spans them."""
    rows = sum(len(split_cells(line.text or "", dialect)) == dialect.width for line in lines)
    return dialect.width < 2 or 2 * rows > len(lines)


def _swallows_rows(lines: Sequence[Line], cells: Sequence[str], dialect: Dialect, width: int) -> bool:
    """Return whether a quoted cell holds what are rows of their own, so that its quote is a stray one.

    It does if the row has the wrong number of cells, or if each of its lines has the right number by itself, none of
    them empty. The last line may then close the quote only if there are others between.
    """
    if width and len(cells) != width:
        return True
    if width < 2:
        return False
    first, *between, last = (split_cells(line.text or "", dialect) for line in lines)
    if len(first) != width or len(last) != width:
        return False
    if not between:
        is_balanced = all(cell.count('"') % 2 == 0 for cell in last)
        return is_balanced and not has_open_quote(lines[-1].text or "", dialect)
    return all(len(line) == width and all(cell.strip() for cell in line) for line in between)
