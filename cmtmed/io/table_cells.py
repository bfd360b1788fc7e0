"""Rows of delimited text: division of lines into cells, and of cells that hold several lines.

A quote opens a cell only at its start and closes it only before a delimiter or the end of a line; any other quote is
text. So a stray quote costs at most its own row.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator, Sequence
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
    ahead = _LinesAhead(lines, dialect)
    width = dialect.width
    while (line := ahead.take()) is not None:
        if line.text is None:
            yield Unreadable(f"line {line.number}", line.reason or Reason.UNDECODABLE, line.raw, line.raw_bytes)
            continue
        text = line.text
        if not text.strip("\0") or not text.strip():
            continue
        row_lines = [line]
        while dialect.continues and text.endswith("\\") and (below := ahead.peek()) is not None:
            if below.text is None:
                break
            row_lines += ahead.take_many(1)
            text = f"{text[:-1]}\n{below.text}"
        if dialect.quoting and '"' in text and has_open_quote(text, dialect):
            following = ahead.find_end(line, width)
            cells = split_cells("\n".join([text, *(row_line.text or "" for row_line in following)]), dialect)
            if following and not _swallows_rows([line, *following], cells, dialect, width):
                row_lines += ahead.take_many(len(following))
            else:
                if following:
                    ahead.refuse(following, cells, width)
                    cells = split_cells(text, dialect)
                if width and len(cells) != width:
                    yield Unreadable(f"line {line.number}", Reason.UNBALANCED_QUOTES, line.raw)
                    continue
        else:
            cells = split_cells(text, dialect)
        width = width or len(cells)
        yield Row(line.number, cells, b"\n".join(row_line.raw for row_line in row_lines))


class _LinesAhead:
    """The lines of a table, with those that were looked at for the end of a quoted cell.

    A line ends a cell that is open, or not, wherever the cell began. So each line is looked at once, though any number
    of lines before it may open a quote that nothing closes.
    """

    def __init__(self, lines: Iterator[Line], dialect: Dialect) -> None:
        self._lines = lines
        self._dialect = dialect
        self._close = _compile_close(dialect.delimiter, escapes=dialect.escapes)
        self._pending: deque[Line] = deque()
        # Of the first pending lines, none of which ends a cell: whether each is a row, and how many cells it closes.
        self._checked: deque[tuple[bool, int]] = deque()
        self._rows = self._cells = self._characters = self._blanks = 0
        self._stop = 0  # number of an unreadable line among them
        self._refused = 0  # number of a line whose end of a cell belongs to no line before the last

    def take(self) -> Line | None:
        """Return the next line."""
        if not self._pending:
            return next(self._lines, None)
        line = self._pending.popleft()
        if self._checked:
            self._count(line, *self._checked.popleft(), sign=-1)
        return line

    def peek(self) -> Line | None:
        """Return the next line without taking it."""
        if not self._pending and (line := next(self._lines, None)) is not None:
            self._pending.append(line)
        return self._pending[0] if self._pending else None

    def take_many(self, count: int) -> list[Line]:
        """Return some of the lines that were looked at."""
        return [line for _ in range(count) if (line := self.take()) is not None]

    def find_end(self, line: Line, width: int) -> list[Line]:
        """Return the lines after one that opens a quote, up to the one that closes it; none if nothing does."""
        if self._stop > line.number or line.number < self._refused - 1:
            return []
        while self._characters < _MAX_CHARACTERS:
            checked = len(self._checked)
            if checked == MAX_LINES and (self._dialect.width < 2 or 2 * self._rows > checked):
                return []
            if checked == len(self._pending):
                following = next(self._lines, None)
                if following is None:
                    return []
                self._pending.append(following)
            last = self._pending[checked]
            if self._is_end(last):
                return self._list_lines(line, checked + 1, width)
            text = last.text or ""
            is_row = len(split_cells(text, self._dialect)) == self._dialect.width
            cells = _count_closed(f'"{text}', self._dialect) if '"' in text else 0
            self._checked.append((is_row, cells))
            self._count(last, is_row, cells, sign=1)
            if last.text is None:
                self._stop = last.number
                return []
        return []

    def _count(self, line: Line, is_row: bool, cells: int, *, sign: int) -> None:  # noqa: FBT001 (a pair that is stored)
        text = line.text or ""
        self._rows += sign * is_row
        self._cells += sign * cells
        self._characters += sign * len(text)
        self._blanks += sign * (' "' in text)

    def _is_end(self, line: Line) -> bool:
        text = line.text or ""
        if '"' not in text or not (match := self._close.match(text)):
            return False
        return not has_open_quote(text[match.end() + len(self._dialect.delimiter) :], self._dialect)

    def _list_lines(self, line: Line, count: int, width: int) -> list[Line]:
        """Return the lines of a cell, unless the row would have too many or too few cells."""
        last = self._pending[count - 1].text or ""
        # A quote after a blank is read in more than one way.
        is_plain = not self._blanks and ' "' not in f"{line.text} {last}"
        cells = (
            _count_closed(line.text or "", self._dialect) + self._cells + len(split_cells(f'"{last}', self._dialect))
        )
        if width and is_plain and cells != width:
            return []
        return list(itertools.islice(self._pending, count))

    def refuse(self, following: list[Line], cells: list[str], width: int) -> None:
        """Remember a cell that swallows rows: one that began at a row between would swallow the others."""
        if len(cells) == width and len(following) > 1:
            self._refused = following[-1].number


def _count_closed(text: str, dialect: Dialect) -> int:
    """Return how many cells stand before the quote that a line leaves open."""
    cell = _compile_cell(dialect.delimiter, escapes=dialect.escapes)
    count = position = 0
    while position < len(text):
        match = _match_cell(cell, text, position)
        if match[1] is None and text.startswith('"', position):
            break
        count += 1
        position = match.end() + len(dialect.delimiter)
    return count


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
