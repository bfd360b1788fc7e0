"""Reader of CSV and TSV files, one row at a time, with the line number on which each row starts.

Delimiter, quotes and header are detected from the first lines unless they are declared.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.io.delimiters import detect_delimiter
from cmtmed.io.lines import iter_lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record
from cmtmed.io.table_cells import Dialect, Row, iter_rows, split_cells
from cmtmed.io.table_header import (
    HEADER_ROWS,
    count_needed,
    has_row_names,
    is_second_header,
    locate_header,
    name_columns,
)
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

_LOOKAHEAD_LINES: Final = 200
_COMMENT: Final = re.compile(r"\s*$|\ufeff?\s*(?:#|--|//|;|※|%|/?\*)")
_NULL: Final = "\\N"
"""What databases write for no value."""
_SEP_LINE: Final = re.compile(r"\ufeff?\s*\"?sep=(.)\"?\s*", re.IGNORECASE)


def read_delimited(chunks: Iterator[bytes], source: Source, *, tabs: bool) -> Iterator[Record | Unreadable]:
    """Yield the rows of a table.

    A quoted cell may contain line breaks. A row with more or fewer cells than the header is ragged, unless what it has
    too many is empty, or what it lacks at the end is no part of the dialogue.
    """
    stream = iter_lines(chunks, source.encoding, source.max_record_bytes)
    lookahead = list(itertools.islice(stream, _LOOKAHEAD_LINES))
    delimiter = source.delimiter
    if lookahead and lookahead[0].text and (match := _SEP_LINE.fullmatch(lookahead[0].text)):
        lookahead.pop(0)
        delimiter = delimiter or match[1]
    comments = count_comments([line.text or "" for line in lookahead], delimiter, tabs=tabs)
    left_out = sum(count_characters(line.text or "") for line in lookahead[:comments])
    lookahead = lookahead[comments:]
    dialect = detect_dialect([line.text for line in lookahead if line.text], delimiter, tabs=tabs)
    yield from read_table(iter_rows(itertools.chain(lookahead, stream), dialect), source, heading=left_out)


def count_comments(lines: Sequence[str], delimiter: str | None, *, tabs: bool) -> int:
    """Return how many lines above a table are remarks: they begin with a mark and have another number of cells."""
    number = next((number for number, line in enumerate(lines) if not _COMMENT.match(line)), 0)
    if not number or number == len(lines):
        return 0
    table = [line for line in lines[number:] if line.strip()]
    dialect = Dialect(delimiter or detect_delimiter(table, "\t" if tabs else ","))
    width = len(split_cells(table[0], dialect)) if table else 0
    if width < 2 or any(len(split_cells(line, dialect)) == width for line in lines[:number] if line.strip()):
        return 0
    return number


def detect_dialect(lines: Sequence[str], delimiter: str | None, *, tabs: bool) -> Dialect:
    """Detect how a table is written from its first lines."""
    delimiter = delimiter or detect_delimiter(lines, "\t" if tabs else ",")
    text = "\n".join(lines)
    escapes = '\\"' in text and '""' not in text.replace(f'{delimiter}""', "")
    # Tables with tabs have quotes as text, unless a quoted cell holds what would end it.
    all_quoted = bool(lines) and all(line[:1] == line[-1:] == '"' for line in lines if line.strip())
    quoting = not tabs or all_quoted or _has_quoted_cells(text, delimiter) or _ends_in_quotes(lines, delimiter)
    dialect = Dialect(delimiter, quoting=quoting, escapes=escapes)
    rows = _join_continued(lines)
    if rows is not None and len({len(split_cells(row, dialect)) for row in rows}) > 1:
        rows = None
    widths = [len(split_cells(row, dialect)) for row in rows or lines if row.strip()]
    # A line of one cell is the table's title.
    width = next((width for width in widths if width > 1), 0)
    return Dialect(delimiter, quoting, escapes, width, continues=rows is not None)


def _join_continued(lines: Sequence[str]) -> list[str] | None:
    """Return the rows of a table whose cells go on behind a backslash; None if no line ends in one."""
    rows: list[str] = []
    for line in lines:
        if rows and rows[-1].endswith("\\"):
            rows[-1] = f"{rows[-1][:-1]}{line}"
        else:
            rows.append(line)
    return rows[: -1 if rows[-1].endswith("\\") else None] if len(rows) < len(lines) else None


def _ends_in_quotes(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether a cell opens with a quote and nothing but text without a delimiter follows, line after line."""
    last = next((number for number, line in reversed(list(enumerate(lines))) if delimiter in line), len(lines))
    cells = lines[last].split(delimiter) if last < len(lines) - 2 else [""]
    return cells[-1].startswith('"') and not cells[-1].endswith('"')


def _has_quoted_cells(text: str, delimiter: str) -> bool:
    """Return whether a quoted cell holds what would end it: a delimiter, a line break, or doubled quotes."""
    end = re.escape(delimiter)
    held = rf"(?:[^\"]|\"\")*[\n{end}](?:[^\"]|\"\")*|(?:[^\"\n{end}]|\"\")*[^\"\n{end}]\"\"(?:[^\"\n{end}]|\"\")*"
    return re.search(rf'(?:^|{end})"(?:{held})"(?={end}|$)', text, re.MULTILINE) is not None


def read_table(rows: Iterator[Row | Unreadable], source: Source, *, heading: int = 0) -> Iterator[Record | Unreadable]:
    """Yield rows as records whose fields are named by the header.

    Args:
        rows: the rows of the table.
        source: its declaration.
        heading: characters above the table, which count as left out of its first record.
    """
    lookahead = list(itertools.islice(rows, HEADER_ROWS))
    stream = itertools.chain(lookahead, rows)
    first = [row.cells for row in lookahead if isinstance(row, Row)]
    skipped = locate_header(first) if source.header == "auto" else 0 if source.header == "first" else None
    header = list(source.columns)
    names: list[str] = []
    if skipped is None:
        header = header or [f"column{number}" for number in range(1, len(first[0]) + 1 if first else 1)]
    else:
        names = first[skipped] if first else []
        header = header or name_columns(names)
        if has_row_names(header, first[skipped + 1 :]):
            header = ["", *header]
    left_out: Counter[str] = Counter({"heading": heading} if heading else {})
    needed = count_needed(header, source.fields)
    is_second = is_markdown = False
    number = -1
    for row in stream:
        if isinstance(row, Unreadable):
            yield row
            continue
        number += 1
        cells = row.cells
        if skipped is not None and number <= skipped:
            is_second = number == skipped
            left_out["heading"] += sum(map(count_characters, cells)) if number < skipped else 0
            continue
        is_markdown = is_markdown or _is_rule(cells)
        cells = [cell.strip() for cell in cells] if is_markdown else cells
        is_header_again = (
            cells == names or _is_rule(cells) or (is_second and source.header == "auto" and is_second_header(cells))
        )
        is_second = False
        if is_header_again:
            # A second row of names, or the header of a file that was appended to this one.
            left_out["heading"] += sum(map(count_characters, cells))
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells = cells[:-1]
        if needed <= len(cells) < len(header):
            cells = [*cells, *[""] * (len(header) - len(cells))]
        if len(cells) != len(header):
            yield Unreadable(f"line {row.number}", Reason.RAGGED_ROW, row.raw)
            continue
        if _NULL in cells:
            left_out["null"] += len(_NULL) * cells.count(_NULL)
            cells = ["" if cell == _NULL else cell for cell in cells]
        yield Record(f"line {row.number}", dict(zip(header, cells, strict=True)), left_out)
        left_out = Counter()


def _is_rule(cells: Sequence[str]) -> bool:
    """Return whether a row is the rule below the header of a table in Markdown: ``|---|:--|``."""
    return all(_RULE.fullmatch(cell) for cell in cells) and any(cell.strip() for cell in cells)


_RULE: Final = re.compile(r"\s*(?::?-{2,}:?)?\s*")
