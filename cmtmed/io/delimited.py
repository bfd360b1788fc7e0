"""CSV and TSV, one row at a time, with the physical line at which each begins."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

from cmtmed.io.jsonrecords import Record
from cmtmed.io.lines import Line, lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.source import Source

MAX_LINES: Final = 500
"""A quoted field that goes on for more lines than this was never closed."""


def delimited(chunks: Iterator[bytes], source: Source, *, tabs: bool) -> Iterator[Record | Unreadable]:
    """Yield the rows of a table with a header line.

    A quoted field may hold line breaks. A row with more or fewer fields than the header is ragged; a quote that is
    never closed costs its own line and not the rest of the file.
    """
    mark = source.delimiter or ("\t" if tabs else ",")
    rows = _rows(lines(chunks, source.encoding, source.max_record_bytes), mark, quoting=not tabs)
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


def _rows(physical: Iterator[Line], mark: str, *, quoting: bool) -> Iterator[tuple[int, list[str], bytes] | Unreadable]:
    # Lines that an unclosed quote had swallowed, to be looked at again one by one.
    again: list[Line] = []
    held: list[Line] = []
    while True:
        line = again.pop(0) if again else next(physical, None)
        if line is not None and line.text is None and not held:
            yield Unreadable(f"line {line.number}", line.reason or Reason.UNDECODABLE, line.raw, line.raw_bytes)
            continue
        if line is None and not held:
            return
        if line is not None and line.text is not None:
            held.append(line)
            text = "\n".join(part.text or "" for part in held)
            if not held[:-1] and not text.strip():
                held.clear()
                continue
            if not quoting or not _open(text, mark):
                yield held[0].number, _cells(text, mark, quoting=quoting), b"\n".join(part.raw for part in held)
                held.clear()
                continue
            if len(held) < MAX_LINES:
                continue
        elif line is not None:
            again.insert(0, line)
        yield Unreadable(f"line {held[0].number}", Reason.UNBALANCED_QUOTES, held[0].raw)
        again = held[1:] + again
        held = []


def _open(text: str, mark: str) -> bool:
    """Say whether a quoted field is still open at the end of the text.

    A quote opens a field only where the field begins; inside a field that began otherwise it is a character.
    """
    at = 0
    while True:
        if text.startswith('"', at):
            end = text.find('"', at + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                return True
            at = end + 1
        found = min((place for place in (text.find(mark, at), text.find("\n", at)) if place >= 0), default=-1)
        if found < 0:
            return False
        at = found + 1


def _cells(text: str, mark: str, *, quoting: bool) -> list[str]:
    if not quoting:
        return text.split(mark)
    return next(csv.reader(text.splitlines(keepends=True), delimiter=mark), [])
