"""JSON lines and JSON arrays, one record at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.encoding import sniff
from cmtmed.io.lines import lines, peeked, without_mark
from cmtmed.io.quarantine import RAW_BYTES, Reason, Unreadable
from cmtmed.source import Source

Record = tuple[str, dict[str, Any]]
"""Position of a record, and its fields."""

Element = tuple[bytes, int, Reason | None]
"""Bytes of an array element (at most a mebibyte if it is too long), its true length, what is wrong with it."""

_OUTSIDE: Final = re.compile(rb'["{}\[\],]')
_INSIDE: Final = re.compile(rb'["\\]')
_SPACE: Final = b" \t\r\n,"


def json_lines(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the objects of a file with one JSON object a line; blank lines are passed over."""
    for line in lines(chunks, source.encoding, source.max_record_bytes):
        position = f"line {line.number}"
        if line.text is None:
            yield Unreadable(position, line.reason or Reason.INVALID_JSON, line.raw, line.raw_bytes)
        elif line.text.strip():
            yield _parsed(position, line.text, line.raw)


def json_array(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the objects of a file that is one JSON array, without holding the array.

    An element that is not valid JSON goes to quarantine alone as long as its brackets balance; where they do not, the
    rest of the file goes with it.
    """
    number = 0
    for raw, size, reason in _elements(_as_utf8(chunks, source.encoding), source.max_record_bytes):
        number += 1
        position = f"record {number}"
        if reason is not None:
            yield Unreadable(position, reason, raw, size)
            continue
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield Unreadable(position, Reason.UNDECODABLE, raw)
            continue
        yield _parsed(position, text, raw)


def _parsed(position: str, text: str, raw: bytes) -> Record | Unreadable:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Unreadable(position, Reason.INVALID_JSON, raw)
    return (position, value) if isinstance(value, dict) else Unreadable(position, Reason.NOT_A_RECORD, raw)


def _as_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Turn a stream into UTF-8, because a backslash can be half a character in GB18030 and Big5.

    Bytes that do not decode pass through as they are, and fail again when their record is decoded.
    """
    head, chunks = peeked(chunks)
    codec, mark = without_mark(sniff(head) if encoding == "auto" else encoding, head)
    skip = len(mark)
    if codec == "utf-8":
        for chunk in chunks:
            yield chunk[skip:]
            skip = max(0, skip - len(chunk))
        return
    decoder = codecs.getincrementaldecoder(codec)(_ESCAPE)
    for chunk in chunks:
        yield decoder.decode(chunk[skip:]).encode("utf-8", "surrogateescape")
        skip = max(0, skip - len(chunk))
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Escape bytes as ``surrogateescape`` does, and those it refuses too: half a UTF-16 unit may be any byte.

    One below 0x80 would be a character of UTF-8; a byte that is none in UTF-8 goes before it, so that the record still
    does not decode.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) if byte >= 0x80 else "\udcff" + chr(byte) for byte in bad), error.end


_ESCAPE: Final = "cmtmed.escape"
codecs.register_error(_ESCAPE, _escaped)


class _Cutter:
    """Cuts the elements out of a JSON array that arrives in chunks."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.data = b""
        self.start = 0  # of the element, or of what has not been looked at
        self.at = 0  # how far we have looked
        self.opened = self.element = self.quoted = self.closed = False
        self.depth = 0
        # Of an element beyond the limit only its beginning is held.
        self.beginning, self.passed = b"", 0

    def feed(self, chunk: bytes) -> Iterator[Element]:
        """Take a chunk; yield the elements that it completes."""
        self.at -= self.start
        self.data, self.start = self.data[self.start :] + chunk, 0
        while self.at < len(self.data) and not self.closed:
            if self.element:
                yield from self._look()
            else:
                self._begin()
        if self.element and self.at - self.start > self.limit:
            self.beginning = self.beginning or self.data[self.start : self.start + RAW_BYTES]
            self.passed += self.at - self.start
            self.start = self.at

    def rest(self, reason: Reason) -> Iterator[Element]:
        """Yield what is left when the stream ends before the array does."""
        left = self.data[self.start :]
        if self.passed or left.strip():
            yield (self.beginning or left)[:RAW_BYTES], self.passed + len(left), reason

    def _begin(self) -> None:
        while self.at < len(self.data) and self.data[self.at] in _SPACE:
            self.at += 1
        self.start = self.at
        sign = self.data[self.at : self.at + 1]
        if sign and not self.opened:
            # What begins otherwise is no array: it is taken as one element, and found invalid.
            self.opened, self.element = True, sign != b"["
            self.at += sign == b"["
            self.start = self.at
        elif sign == b"]":
            self.closed = True
        elif sign:
            self.element, self.depth, self.quoted = True, 0, False

    def _look(self) -> Iterator[Element]:
        found = (_INSIDE if self.quoted else _OUTSIDE).search(self.data, self.at)
        if found is None:
            self.at = len(self.data)
            return
        self.at, sign = found.end(), found.group()
        if sign == b"\\":
            self.at += 1  # whatever is escaped means nothing to us
        elif sign == b'"':
            self.quoted = not self.quoted
            if not self.quoted and self.depth == 0:
                yield self._cut(self.at)
        elif sign in (b"{", b"["):
            self.depth += 1
        elif sign == b"," or self.depth == 0:
            if self.depth == 0:
                # A bracket that closes nothing is an element of its own, or we would stand before it for ever.
                yield self._cut(found.start() if found.start() > self.start else self.at)
        else:
            self.depth -= 1
            if self.depth == 0:
                yield self._cut(self.at)

    def _cut(self, end: int) -> Element:
        raw = self.data[self.start : end]
        size = self.passed + len(raw)
        long = size > self.limit
        element = ((self.beginning or raw)[:RAW_BYTES] if long else raw, size, Reason.RECORD_TOO_LONG if long else None)
        self.start = self.at = end
        self.element, self.beginning, self.passed = False, b"", 0
        return element


def _elements(chunks: Iterator[bytes], limit: int) -> Iterator[Element]:
    cutter = _Cutter(limit)
    try:
        for chunk in chunks:
            yield from cutter.feed(chunk)
    except TruncatedStreamError:
        yield from cutter.rest(Reason.TRUNCATED_STREAM)
        return
    if not cutter.closed:
        yield from cutter.rest(Reason.INVALID_JSON)
