"""Reader of CSV and TSV files, one row at a time, with the line number on which each row starts.

Delimiter and header are detected from the first lines unless they are declared. A quote opens a cell only at its start
and closes it only before a delimiter or the end of a line; any other quote is text. So a stray quote costs at most its
own row.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cmtmed.io.lines import Line, iter_lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record
from cmtmed.io.table_header import has_header, is_second_header, name_columns
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

MAX_LINES: Final = 500
"""Longest quoted cell, in lines; beyond it the quote counts as text."""
_LOOKAHEAD_LINES: Final = 50
_DELIMITERS: Final = (",", "\t", ";", "|")
_SEP_LINE: Final = re.compile(r"\ufeff?\s*\"?sep=(.)\"?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """Cells of a row, the number of the line on which it starts, and its bytes."""

    number: int
    cells: list[str]
    raw: bytes


def read_delimited(chunks: Iterator[bytes], source: Source, *, tabs: bool) -> Iterator[Record | Unreadable]:
    """Yield the rows of a table.

    A quoted cell may contain line breaks. A row with more or fewer cells than the header is ragged, unless what it has
    too many is empty.
    """
    stream = iter_lines(chunks, source.encoding, source.max_record_bytes)
    lookahead = list(itertools.islice(stream, _LOOKAHEAD_LINES))
    delimiter = source.delimiter
    if lookahead and lookahead[0].text and (match := _SEP_LINE.fullmatch(lookahead[0].text)):
        lookahead.pop(0)
        delimiter = delimiter or match[1]
    default = "\t" if tabs else ","
    delimiter = delimiter or detect_delimiter([line.text for line in lookahead if line.text], default)
    lines = itertools.chain(lookahead, stream)
    yield from read_table(_iter_rows(lines, delimiter, quoting=not tabs), source)


def read_table(rows: Iterator[Row | Unreadable], source: Source) -> Iterator[Record | Unreadable]:
    """Yield rows as records whose fields are named by the header."""
    header = list(source.columns)
    left_out: Counter[str] = Counter()
    is_first, follows_header = True, False
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        if is_first:
            is_first, follows_header = False, False
            if source.header == "none" or (source.header == "auto" and not has_header(row.cells)):
                header = header or [f"column{number}" for number in range(1, len(row.cells) + 1)]
            else:
                header = header or name_columns(row.cells)
                follows_header = True
                continue
        elif follows_header:
            follows_header = False
            if source.header == "auto" and is_second_header(row.cells):
                left_out["heading"] += sum(map(count_characters, row.cells))
                continue
        cells = row.cells
        while len(cells) > len(header) and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) != len(header):
            yield Unreadable(f"line {row.number}", Reason.RAGGED_ROW, row.raw)
            continue
        yield Record(f"line {row.number}", dict(zip(header, cells, strict=True)), left_out)
        left_out = Counter()


def detect_delimiter(lines: Sequence[str], default: str) -> str:
    """Return the delimiter that divides most lines into the same number of cells, at least two."""

    def score(delimiter: str) -> tuple[float, bool, int]:
        counts = Counter(len(split_cells(line, delimiter)) for line in lines)
        cells, frequency = max(((n, f) for n, f in counts.items() if n > 1), key=lambda item: item[1], default=(1, 0))
        header = len(split_cells(lines[0], delimiter)) == cells
        return (round(frequency / max(1, len(lines)), 1) + header * (cells > 1), delimiter == default, cells)

    if not lines:
        return default
    return max(_DELIMITERS, key=score)


@lru_cache(maxsize=16)
def _compile_cell(delimiter: str) -> re.Pattern[str]:
    end = re.escape(delimiter)
    return re.compile(rf'"((?:[^"]|"")*+)"(?={end}|\Z)|([^{end}]*+)')


def _match_cell(cell: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    match = cell.match(text, position)
    if match is None:  # the second alternative matches anything
        raise ValueError(f"no cell at {position}")
    return match


def split_cells(text: str, delimiter: str, *, quoting: bool = True) -> list[str]:
    """Divide a row into cells; a quote that opens no well-formed cell is text."""
    if not quoting or '"' not in text:
        return text.split(delimiter)
    cell = _compile_cell(delimiter)
    cells, position = [], 0
    while True:
        match = _match_cell(cell, text, position)
        cells.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        position = match.end()
        if position >= len(text):
            return cells
        position += 1
        if position == len(text):
            return [*cells, ""]


def _find_open_quote(text: str, delimiter: str) -> int:
    """Return where a cell begins with a quote that nothing closes in this text, or -1."""
    cell = _compile_cell(delimiter)
    position = 0
    while position < len(text):
        match = _match_cell(cell, text, position)
        if match[1] is None and text.startswith('"', position):
            return position
        position = match.end() + 1
    return -1


def _iter_rows(lines: Iterator[Line], delimiter: str, *, quoting: bool) -> Iterator[Row | Unreadable]:
    pending: deque[Line] = deque()
    width = 0

    def next_line() -> Line | None:
        return pending.popleft() if pending else next(lines, None)

    while (line := next_line()) is not None:
        if line.text is None:
            yield Unreadable(f"line {line.number}", line.reason or Reason.UNDECODABLE, line.raw, line.raw_bytes)
            continue
        if not line.text.strip():
            continue
        text = line.text
        row_lines = [line]
        if quoting and '"' in text and _find_open_quote(text, delimiter) >= 0:
            following = _collect_cell(text, delimiter, next_line)
            cells = split_cells("\n".join(row_line.text or "" for row_line in (line, *following)), delimiter)
            is_closed = (
                bool(following) and _find_open_quote("\n".join(x.text or "" for x in (line, *following)), delimiter) < 0
            )
            if is_closed and not _swallows_rows([line, *following], cells, delimiter, width):
                row_lines += following
            else:
                pending.extendleft(reversed(following))
                cells = split_cells(text, delimiter)
                if width and len(cells) != width:
                    yield Unreadable(f"line {line.number}", Reason.UNBALANCED_QUOTES, line.raw)
                    continue
        else:
            cells = split_cells(text, delimiter, quoting=quoting)
        width = width or len(cells)
        yield Row(line.number, cells, b"\n".join(row_line.raw for row_line in row_lines))


def _collect_cell(text: str, delimiter: str, next_line: Callable[[], Line | None]) -> list[Line]:
    """Return the lines up to the one in which an open quote is closed, or those that were tried in vain."""
    following: list[Line] = []
    while len(following) < MAX_LINES:
        line = next_line()
        if line is None:
            break
        following.append(line)
        if line.text is None:
            break
        text = f"{text}\n{line.text}"
        if '"' in line.text and _find_open_quote(text, delimiter) < 0:
            break
    return following


def _swallows_rows(lines: Sequence[Line], cells: Sequence[str], delimiter: str, width: int) -> bool:
    """Return whether a quoted cell holds what are rows of their own, so that its quote is a stray one.

    It does if the row has the wrong number of cells, or if each of its lines has the right number by itself, none of
    them empty. The last line may then close the quote only if there are others between.
    """
    if width and len(cells) != width:
        return True
    if width < 2:
        return False
    first, *between, last = (split_cells(line.text or "", delimiter) for line in lines)
    if len(first) != width or len(last) != width:
        return False
    if not between:
        return all(cell.count('"') % 2 == 0 for cell in last) and _find_open_quote(lines[-1].text or "", delimiter) < 0
    return all(len(line) == width and all(cell.strip() for cell in line) for line in between)
