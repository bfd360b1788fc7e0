"""Reader of JSON in every form in which crawls come: lines, arrays, single objects, and one value after another.

A file is read as lines if its first line is a JSON value of its own and more lines follow, and as a stream of values
otherwise. Arrays at the top are entered, so that neither an array nor an object of many records is loaded whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cmtmed.io.bytestream import peek_head
from cmtmed.io.json_stream import Element, iter_elements, iter_items
from cmtmed.io.json_wrappers import unwrap
from cmtmed.io.lenient_json import parse_json
from cmtmed.io.lines import iter_lines, transcode_to_utf8
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record, Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source

_BOM: Final = "\ufeff"


def read_json(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the records of a JSON file of any form.

    A value that is not valid JSON even by lenient rules goes to quarantine alone if its brackets balance; otherwise
    what follows it goes with it, up to the next line that begins a value.
    """
    head, chunks = peek_head(chunks)
    if has_value_lines(head, source.encoding):
        yield from read_json_lines(chunks, source)
    else:
        yield from read_json_values(chunks, source)


def has_value_lines(head: bytes, encoding: str) -> bool:
    """Return whether a file has one JSON value on each line, judged by its first lines."""
    text = b"".join(transcode_to_utf8(iter([head]), encoding)).decode("utf-8", "replace").lstrip(_BOM + " \t\r\n")
    *lines, _ = text.split("\n", maxsplit=_LINES)
    lines = [line for line in lines if line.strip()]
    if not lines or not text.partition("\n")[2].strip():
        # One line: an array is a file of records, an object is looked at as a whole.
        return False
    # A value printed over several lines begins with a bracket that stands alone or with that of an array.
    begins_value = re.match(r"\{\s*[{\"']|[^\[{]", lines[0]) is not None
    return _is_value(lines[0]) or (begins_value and 2 * sum(map(_is_value, lines)) > len(lines))


_LINES: Final = 20


def _is_value(line: str) -> bool:
    try:
        return isinstance(_parse_line(line.strip().removeprefix(_BOM)), dict | list)
    except (ValueError, RecursionError):
        return False


_KEY: Final = re.compile(r"[^\t{\[]{1,80}\t\s*(?=[{\[])")
_COMMENT: Final = re.compile(r"#|//")


def _parse_line(text: str) -> Value:
    """Parse a line's value: JSON, JSON inside a string, or JSON behind a key and a tab."""
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        key = _KEY.match(text)
        if key is None:
            raise
        value = parse_json(text[key.end() :])
    if type(value) is str and value.lstrip()[:1] in ("{", "["):
        nested = parse_json(value)
        return nested if isinstance(nested, dict | list) else value
    return value


def read_json_lines(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the values of a file with one JSON value per line; blank lines are skipped."""
    last = 0
    for line in iter_lines(chunks, source.encoding, source.max_record_bytes):
        position = f"line {line.number}"
        if line.text is None:
            yield Unreadable(position, line.reason or Reason.INVALID_JSON, line.raw, line.raw_bytes)
        elif (text := line.text.strip().removeprefix(_BOM)) and text not in {"[", "]", ","}:
            record = _parse_record(position, text, line.raw)
            if isinstance(record, Record):
                record.follows_blank = line.number > last + 1
                yield record
            elif _COMMENT.match(text):
                continue
            else:
                yield record
            last = line.number


def read_json_values(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the records of a file of JSON arrays and objects, one after another, without loading an array."""
    number = 0
    labels = SpeakerLabels(source)
    elements = iter_elements(skip_assignment(transcode_to_utf8(chunks, source.encoding)), source.max_record_bytes)
    for element in elements:
        for record in _parse_element(element, labels):
            number += 1
            position = f"record {number}"
            if isinstance(record, Unreadable):
                yield Unreadable(position, record.reason, record.raw, record.raw_bytes)
            else:
                yield Record(position, record.value, record.left_out)


_ASSIGNMENT: Final = re.compile(
    rb"\s*(?:(?:export\s+default|(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.]*\s*[=(])\s*)(?=[\[{])"
)


def skip_assignment(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Skip what makes a script of a file of JSON: ``var data = […];``, ``callback({…});``."""
    first = next(chunks, b"")
    match = _ASSIGNMENT.match(first)
    yield first[match.end() :] if match else first
    yield from chunks


def _parse_element(element: Element, labels: SpeakerLabels) -> Iterator[Record | Unreadable]:
    if element.reason is not None:
        yield Unreadable("", element.reason, element.raw, element.size)
        return
    try:
        text = element.raw.decode("utf-8")
    except UnicodeDecodeError:
        yield Unreadable("", Reason.UNDECODABLE, element.raw)
        return
    record = _parse_record("", text, element.raw)
    if isinstance(record, Unreadable):
        items = list(iter_items(element.raw, len(element.raw))) if text.startswith("{") and not element.in_array else []
        # One record that cannot be parsed does not cost the others of its list.
        if sum(item.in_array for item in items) > 1:
            for item in items:
                yield from _parse_element(item, labels)
        else:
            yield record
        return
    if element.key is not None:
        yield Record("", _add_key(record.value, element.key), record.left_out)
    elif element.in_array or not isinstance(record.value, Mapping):
        yield record
    else:
        yield from unwrap(record.value, labels)


def _add_key(value: Value, key: str) -> Value:
    """Return a record that stands under a key, with the key as its id if it has none."""
    return {**value, "id": key} if isinstance(value, Mapping) and "id" not in value else value


def _parse_record(position: str, text: str, raw: bytes) -> Record | Unreadable:
    try:
        value = _parse_line(text)
    except (ValueError, RecursionError):
        return Unreadable(position, Reason.INVALID_JSON, raw)
    if isinstance(value, dict | list | str) and value:
        return Record(position, value)
    return Unreadable(position, Reason.NOT_A_RECORD, raw)
