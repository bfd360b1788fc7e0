"""Detection of a file's format."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import Final

from cmtmed.io.delimited import detect_dialect
from cmtmed.io.delimiters import find_word_delimiter
from cmtmed.io.jsonrecords import has_value_lines
from cmtmed.io.lines import Line, transcode_to_utf8
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.io.table_cells import Dialect, Row, has_open_quote, iter_rows, split_cells
from cmtmed.io.table_header import is_known_name, locate_header
from cmtmed.source import Source

_SUFFIXES: Final = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".js": "json", ".jsonp": "json",
    ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xlsb": "xlsx", ".xls": "xlsx", ".ods": "xlsx",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".txt": "transcript", ".log": "transcript", ".md": "transcript",
}  # fmt: skip


def detect_format(name: str, head: bytes, source: Source) -> str:
    """Detect a file's format by its first bytes, and where these do not tell by its suffix."""
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:6] == b"ARROW1":
        return "arrow"
    if head[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return "xlsx"
    file_format = _SUFFIXES.get(PurePath(name).suffix.lower())
    if file_format == "xlsx":
        file_format = None  # pages and text that are called workbooks so that a spreadsheet opens them
    if file_format in {"tsv", "transcript", None} and b"\t" in head and _has_tabbed_labels(head, source):
        return "transcript"
    if file_format in {"csv", "tsv", "html", "parquet", "arrow"}:
        return file_format
    start = b"".join(transcode_to_utf8(iter([head]), source.encoding)).removeprefix(b"\xef\xbb\xbf").lstrip(_BLANKS)
    begins_json = _JSON.match(start) is not None and _LABEL.match(start) is None
    # A line between dialogues of a message a line may stand above the first.
    begins_json = begins_json or (_HEADED_JSON.match(start) is not None and has_value_lines(head, source.encoding))
    if file_format in {"json", "jsonl"} or begins_json:
        return "jsonl" if has_value_lines(head, source.encoding) else "json"
    if re.match(rb"<(?:!doctype|html|\?xml|head|body|div|table|p)\b", start, re.IGNORECASE):
        return "html"
    if _is_table(start, source):
        return "tsv"
    return "csv" if _has_named_columns(start) else "transcript"


_BLANKS: Final = b" \t\r\n\x0b\x0c\x1e\x00"
_JSON: Final = re.compile(
    rb"\{\s*[\"'}/]|\[\s*(?:[\[{\"\]]|/[*/])|\"\s*[\[{]\s*\\\"|[^\s\[{]{1,80}\t[\[{]\s*\"|"
    rb"(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.]*\s*[=(]\s*[\[{]\s*[\[{\"]"
)
_HEADED_JSON: Final = re.compile(rb"[^\n{\[]{1,60}\n\s*\{\s*\"")
_LABEL: Final = re.compile(rb"\[\s*\d")


def _is_table(text: bytes, source: Source) -> bool:
    """Return whether lines of text are rows with tabs, and not turns after their speakers."""
    lines = [line.removesuffix("\r") for line in text.decode("utf-8", "replace").split("\n")[:200] if line.strip()]
    labels = SpeakerLabels(source)
    if len(lines) < 2 or labels.line.match(lines[0]):
        return False
    if find_word_delimiter(lines):
        # Bars may as well stand between a speaker, a time and what he says.
        transcript = labels.split("\n".join(lines))
        return not (transcript.roles >= {"user", "assistant"} and 2 * len(transcript.turns) > len(lines))
    if not any("\t" in line for line in lines):
        return False
    # A cell may hold several lines, if it is quoted or its lines end in a backslash.
    dialect = detect_dialect(lines, "\t", tabs=True)
    numbered = (Line(number, line, b"", len(line)) for number, line in enumerate(lines, start=1))
    rows = [row for row in iter_rows(numbered, dialect) if isinstance(row, Row)]
    cells, frequency = Counter(len(row.cells) for row in rows).most_common(1)[0] if rows else (0, 0)
    return cells > 1 and len(rows) > 1 and frequency >= 0.9 * len(rows)


def _has_tabbed_labels(head: bytes, source: Source) -> bool:
    """Return whether every line is a speaker, a tab and what he says."""
    text = b"".join(transcode_to_utf8(iter([head]), source.encoding)).decode("utf-8", "replace")
    lines = [line for line in text.split("\n")[:200] if line.strip()]
    names = {line.split("\t", 1)[0].strip("\ufeff ") if "\t" in line else "" for line in lines}
    labels = SpeakerLabels(source)
    if not 2 <= len(names) <= _SPEAKERS or len(lines) <= len(names):
        return False
    roles = {labels.find_role(name) or find_role_by_words(name) for name in names if len(name) <= _NAME_CHARACTERS}
    return {"user", "assistant"} <= roles and None not in roles


_SPEAKERS: Final = 6
_NAME_CHARACTERS: Final = 12


def _has_named_columns(text: bytes) -> bool:
    """Return whether the first line names columns with one of the usual delimiters, and rows as wide follow."""
    lines = [line for line in text.decode("utf-8", "replace").split("\n")[:100] if line.strip()]
    for delimiter in (",", ";", "|"):
        rows = [split_cells(line.strip("\r\ufeff"), Dialect(delimiter)) for line in lines]
        if len(rows) > 1 and sum(map(is_known_name, rows[0])) > 1 and locate_header(rows[:1]) == 0:
            if has_open_quote(lines[1], Dialect(delimiter)):
                return True  # a cell of many lines
            return 2 * sum(len(row) == len(rows[0]) for row in rows) > len(rows)
    return False
