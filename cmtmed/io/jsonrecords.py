"""Readers of JSON Lines files and JSON arrays, one record at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

import orjson

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.encoding import detect_encoding
from cmtmed.io.lines import iter_lines, peek_head, split_bom
from cmtmed.io.quarantine import RAW_BYTES, Reason, Unreadable
from cmtmed.source import Source

Record = tuple[str, dict[str, object]]
"""Position of a record, and its fields."""

Element = tuple[bytes, int, Reason | None]
"""Bytes of an array element (at most 1 MiB if it is too long), its full length in bytes, and why it is unreadable."""

_OUTSIDE: Final = re.compile(rb'["{}\[\],]')
_INSIDE: Final = re.compile(rb'["\\]')
_SPACE: Final = b" \t\r\n,"


def read_json_lines(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the objects of a file with one JSON object per line; blank lines are skipped."""
    for line in iter_lines(chunks, source.encoding, source.max_record_bytes):
        position = f"line {line.number}"
        if line.text is None:
            yield Unreadable(position, line.reason or Reason.INVALID_JSON, line.raw, line.raw_bytes)
        elif line.text.strip():
            yield _parse_record(position, line.text, line.raw)


def read_json_array(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield the objects of a file that is one JSON array, without loading the array.

    An element that is not valid JSON goes to quarantine alone if its brackets balance; otherwise the rest of the file
    goes with it.
    """
    number = 0
    for raw, size, reason in _iter_elements(_transcode_to_utf8(chunks, source.encoding), source.max_record_bytes):
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
        yield _parse_record(position, text, raw)


def _parse_record(position: str, text: str, raw: bytes) -> Record | Unreadable:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Unreadable(position, Reason.INVALID_JSON, raw)
    return (position, value) if isinstance(value, dict) else Unreadable(position, Reason.NOT_A_RECORD, raw)


def _transcode_to_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Transcode a stream to UTF-8, because a backslash byte can be half a character in GB18030 and Big5.

    Undecodable bytes pass through unchanged, and fail again when their record is decoded.
    """
    head, chunks = peek_head(chunks)
    codec, bom = split_bom(detect_encoding(head) if encoding == "auto" else encoding, head)
    skip = len(bom)
    if codec == "utf-8":
        for chunk in chunks:
            yield chunk[skip:]
            skip = max(0, skip - len(chunk))
        return
    decoder = codecs.getincrementaldecoder(codec)(_ESCAPE_HANDLER)
    for chunk in chunks:
        yield decoder.decode(chunk[skip:]).encode("utf-8", "surrogateescape")
        skip = max(0, skip - len(chunk))
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")


def _escape_bytes(error: UnicodeError) -> tuple[str, int]:
    """Escape bytes as ``surrogateescape`` does, including those it refuses: half a UTF-16 unit may be any byte.

    A byte below 0x80 alone would be valid UTF-8, so it is preceded by a byte that never is: the record still fails to
    decode.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    undecodable = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) if byte >= 0x80 else "\udcff" + chr(byte) for byte in undecodable), error.end


_ESCAPE_HANDLER: Final = "cmtmed.escape"
codecs.register_error(_ESCAPE_HANDLER, _escape_bytes)


class _ElementSplitter:
    """Splits a JSON array that arrives in chunks into its elements."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.data = b""
        self.start = 0  # of the current element, or of the data not scanned yet
        self.position = 0  # of the scan
        self.array_started = self.in_element = self.in_string = self.array_ended = False
        self.depth = 0
        # Of an element beyond the limit only the first bytes are kept.
        self.beginning, self.skipped_bytes = b"", 0

    def feed(self, chunk: bytes) -> Iterator[Element]:
        """Add a chunk and yield the elements that it completes."""
        self.position -= self.start
        self.data, self.start = self.data[self.start :] + chunk, 0
        while self.position < len(self.data) and not self.array_ended:
            if self.in_element:
                yield from self._scan_element()
            else:
                self._start_element()
        if self.in_element and self.position - self.start > self.limit:
            self.beginning = self.beginning or self.data[self.start : self.start + RAW_BYTES]
            self.skipped_bytes += self.position - self.start
            self.start = self.position

    def iter_remainder(self, reason: Reason) -> Iterator[Element]:
        """Yield what remains when the stream ends before the array does."""
        remainder = self.data[self.start :]
        if self.skipped_bytes or remainder.strip():
            yield (self.beginning or remainder)[:RAW_BYTES], self.skipped_bytes + len(remainder), reason

    def _start_element(self) -> None:
        while self.position < len(self.data) and self.data[self.position] in _SPACE:
            self.position += 1
        self.start = self.position
        token = self.data[self.position : self.position + 1]
        if token and not self.array_started:
            # Anything else is no array: it is treated as a single element, which will be invalid.
            self.array_started, self.in_element = True, token != b"["
            self.position += token == b"["
            self.start = self.position
        elif token == b"]":
            self.array_ended = True
        elif token:
            self.in_element, self.depth, self.in_string = True, 0, False

    def _scan_element(self) -> Iterator[Element]:
        match = (_INSIDE if self.in_string else _OUTSIDE).search(self.data, self.position)
        if match is None:
            self.position = len(self.data)
            return
        self.position, token = match.end(), match.group()
        if token == b"\\":
            self.position += 1  # the escaped character has no meaning here
        elif token == b'"':
            self.in_string = not self.in_string
            if not self.in_string and self.depth == 0:
                yield self._end_element(self.position)
        elif token in (b"{", b"["):
            self.depth += 1
        elif token == b"," or self.depth == 0:
            if self.depth == 0:
                # A bracket that closes nothing is an element of its own; otherwise the scan would never move past it.
                yield self._end_element(match.start() if match.start() > self.start else self.position)
        else:
            self.depth -= 1
            if self.depth == 0:
                yield self._end_element(self.position)

    def _end_element(self, end: int) -> Element:
        raw = self.data[self.start : end]
        size = self.skipped_bytes + len(raw)
        too_long = size > self.limit
        element = (
            (self.beginning or raw)[:RAW_BYTES] if too_long else raw,
            size,
            Reason.RECORD_TOO_LONG if too_long else None,
        )
        self.start = self.position = end
        self.in_element, self.beginning, self.skipped_bytes = False, b"", 0
        return element


def _iter_elements(chunks: Iterator[bytes], limit: int) -> Iterator[Element]:
    splitter = _ElementSplitter(limit)
    try:
        for chunk in chunks:
            yield from splitter.feed(chunk)
    except TruncatedStreamError:
        yield from splitter.iter_remainder(Reason.TRUNCATED_STREAM)
        return
    if not splitter.array_ended:
        yield from splitter.iter_remainder(Reason.INVALID_JSON)
