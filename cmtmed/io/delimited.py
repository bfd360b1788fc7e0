"""Reader of CSV and TSV files, one row at a time, with the line number on which each row starts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

from cmtmed.io.jsonrecords import Record
from cmtmed.io.lines import Line, iter_lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.source import Source

MAX_LINES: Final = 500
"""Longest quoted field, in lines; beyond it the quote counts as never closed."""


def read_delimited(chunks: Iterator[bytes], source: Source, *, tabs: bool) -> Iterator[Record | Unreadable]:
    """Yield the rows of a table with a header line.

    A quoted field may contain line breaks. A row with more or fewer fields than the header is ragged; a quote that is
    never closed loses its own line, not the rest of the file.
    """
    delimiter = source.delimiter or ("\t" if tabs else ",")
    rows = _iter_rows(iter_lines(chunks, source.encoding, source.max_record_bytes), delimiter, quoting=not tabs)
    header: list[str] | None = None
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        number, cells, raw = row
        if header is None:
            header = [cell.strip().lstrip("\ufeff") for cell in cells]
        elif len(cells) != len(header):
            yield Unreadable(f"line {number}", Reason.RAGGED_ROW, raw)
        else:
            yield f"line {number}", dict(zip(header, cells, strict=True))


def _iter_rows(
    lines: Iterator[Line], delimiter: str, *, quoting: bool
) -> Iterator[tuple[int, list[str], bytes] | Unreadable]:
    # Lines swallowed by an unclosed quote, to be parsed again one by one.
    retry_lines: list[Line] = []
    row_lines: list[Line] = []
    while True:
        line = retry_lines.pop(0) if retry_lines else next(lines, None)
        if line is not None and line.text is None and not row_lines:
            yield Unreadable(f"line {line.number}", line.reason or Reason.UNDECODABLE, line.raw, line.raw_bytes)
            continue
        if line is None and not row_lines:
            return
        if line is not None and line.text is not None:
            row_lines.append(line)
            text = "\n".join(row_line.text or "" for row_line in row_lines)
            if not row_lines[:-1] and not text.strip():
                row_lines.clear()
                continue
            if not quoting or not _has_open_quote(text, delimiter):
                yield (
                    row_lines[0].number,
                    _split_cells(text, delimiter, quoting=quoting),
                    b"\n".join(row_line.raw for row_line in row_lines),
                )
                row_lines.clear()
                continue
            if len(row_lines) < MAX_LINES:
                continue
        elif line is not None:
            retry_lines.insert(0, line)
        yield Unreadable(f"line {row_lines[0].number}", Reason.UNBALANCED_QUOTES, row_lines[0].raw)
        retry_lines = row_lines[1:] + retry_lines
        row_lines = []


def _has_open_quote(text: str, delimiter: str) -> bool:
    """Return whether a quoted field is still open at the end of the text.

    A quote opens a field only at its start; inside an unquoted field it is an ordinary character.
    """
    position = 0
    while True:
        if text.startswith('"', position):
            end = text.find('"', position + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                return True
            position = end + 1
        separator = min(
            (index for index in (text.find(delimiter, position), text.find("\n", position)) if index >= 0), default=-1
        )
        if separator < 0:
            return False
        position = separator + 1


def _split_cells(text: str, delimiter: str, *, quoting: bool) -> list[str]:
    if not quoting:
        return text.split(delimiter)
    return next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
