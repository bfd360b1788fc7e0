"""Division of a stream of JSON into its records, by brackets and quotes alone.

Arrays at the top are entered: their items are the elements. An object at the top is an element of its own, unless it is
too large to be looked at as a whole; then it is entered as well, and so are the lists under its keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.quarantine import RAW_BYTES, Reason

WHOLE_OBJECT_BYTES: Final = 2**25
"""Largest object at the top of a file that is looked at as a whole."""

_OUTSIDE: Final = re.compile(rb'["{}\[\],]')
_INSIDE: Final = re.compile(rb'["\\]')
_SCALAR_END: Final = re.compile(rb"[,\]}\n]")
_SKIPPED: Final = re.compile(rb"(?:[ \t\r\n,;)\x00\x0b\x0c\x1e]|\xef\xbb\xbf|(?://|#)[^\n]*\n|/\*.*?\*/)+", re.DOTALL)
_KEY: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*', re.DOTALL)
_LINE_OF_VALUE: Final = re.compile(rb"\n\s*[{\[]")


@dataclass(frozen=True)
class Element:
    """A record's bytes.

    Attributes:
        raw: its bytes, at most 1 MiB if it is unreadable.
        size: its full length in bytes.
        reason: why it is unreadable.
        in_array: whether it is an item of an array.
        key: the key under which it stands in an object that was entered.
    """

    raw: bytes
    size: int
    reason: Reason | None = None
    in_array: bool = False
    key: str | None = None


def iter_elements(chunks: Iterator[bytes], limit: int) -> Iterator[Element]:
    """Yield the elements of a stream of JSON in UTF-8.

    Args:
        chunks: the stream.
        limit: longest element in bytes; of a longer one the first bytes are kept, with reason ``record_too_long``.
    """
    splitter = _Splitter(limit)
    try:
        for chunk in chunks:
            yield from splitter.feed(chunk)
    except TruncatedStreamError:
        yield from splitter.finish(Reason.TRUNCATED_STREAM)
        return
    yield from splitter.finish(Reason.INVALID_JSON)


def iter_items(raw: bytes, limit: int) -> Iterator[Element]:
    """Yield the elements inside one object, whose lists are entered; see `iter_elements`."""
    splitter = _Splitter(limit)
    splitter.entered.append((b"{", None))
    yield from splitter.feed(raw[1:])
    yield from splitter.finish(Reason.INVALID_JSON)


class _Splitter:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.data = bytearray()  # grows in place: an element of many chunks is not copied with each
        self.start = 0  # of the current element, or of the data not scanned yet
        self.position = 0  # of the scan
        self.entered: list[tuple[bytes, str | None]] = []
        self.key: str | None = None
        self.in_element = self.in_string = self.is_scalar = False
        self.depth = 0
        self.is_final = False
        # Of an element beyond the limit only the first bytes are kept.
        self.beginning, self.skipped_bytes = b"", 0

    def feed(self, chunk: bytes) -> Iterator[Element]:
        """Add a chunk and yield the elements that it completes."""
        self.position -= self.start
        del self.data[: self.start]
        self.data += chunk
        self.start = 0
        while True:
            if not self.in_element and not self._start_element():
                break
            if self.in_element:
                element = self._scan_element()
                if element is not None:
                    yield element
                elif self.in_element:
                    break
        if self.in_element and self.position - self.start > self.limit:
            self.beginning = self.beginning or bytes(self.data[self.start : self.start + RAW_BYTES])
            self.skipped_bytes += self.position - self.start
            self.start = self.position

    def finish(self, reason: Reason) -> Iterator[Element]:
        """Yield what remains at the end of the stream."""
        if reason is Reason.INVALID_JSON:
            self.is_final = True
            yield from self.feed(b"\n")
        is_cut = False
        while self.in_element:
            is_cut = True
            yield from self._give_up(reason)
            if reason is Reason.INVALID_JSON:
                yield from self.feed(b"")
        remainder = bytes(self.data[self.start :]).strip()
        if reason is Reason.TRUNCATED_STREAM and not is_cut:
            yield Element(remainder[:RAW_BYTES], len(remainder), reason)
        elif self.entered and not is_cut and reason is Reason.INVALID_JSON:
            # Never closed, though all elements are whole: some may be missing.
            yield Element(remainder[:RAW_BYTES], len(remainder), reason)

    def _give_up(self, reason: Reason) -> Iterator[Element]:
        """End an element whose brackets never balance: at the next line that begins a value, or at the end."""
        end = len(self.data)
        if reason is Reason.INVALID_JSON and not self.skipped_bytes:
            match = _LINE_OF_VALUE.search(self.data, self.start + 1)
            end = match.start() if match else end
        raw = bytes(self.data[self.start : end])
        yield Element((self.beginning or raw)[:RAW_BYTES], self.skipped_bytes + len(raw.rstrip()), reason)
        self.start = self.position = end
        self.in_element = self.in_string = False
        self.beginning, self.skipped_bytes = b"", 0

    def _start_element(self) -> bool:
        """Move to the next element; False if more data is needed to see it."""
        while True:
            match = _SKIPPED.match(self.data, self.position)
            if match:
                self.position = match.end()
            self.start = self.position
            token = bytes(self.data[self.position : self.position + 1])
            if not token or (token in (b"/", b"#") and not self.is_final and len(self.data) - self.position < 2**16):
                return False
            container = self.entered[-1][0] if self.entered else b""
            if container == b"{" and token != b"}" and self.key is None:
                key = _KEY.match(self.data, self.position)
                if key is None and not self.is_final and len(self.data) - self.position < 2**16:
                    return False
                if key is not None:
                    self.key = key.group(1).decode("utf-8", "replace")
                    self.position = self.start = key.end()
                    if self.position == len(self.data):
                        return False
                    token = bytes(self.data[self.position : self.position + 1])
            if token == b"[" and self._may_enter():
                self.entered.append((b"[", self.key))
                self.key = None
                self.position += 1
            elif self.entered and token == (b"]" if container == b"[" else b"}"):
                self.entered.pop()
                self.key = None
                self.position += 1
            else:
                self.in_element, self.in_string, self.depth = True, False, 0
                self.is_scalar = token not in (b"{", b"[", b'"')
                return True

    def _may_enter(self) -> bool:
        # Inside an array a bracket opens an item; under a key it opens records, unless the key is a record's own id.
        return not self.entered or (self.entered[-1][0] == b"{" and self.key is not None and not self.key.isdigit())

    def _scan_element(self) -> Element | None:
        if self.is_scalar:
            return self._scan_scalar()
        while True:
            match = (_INSIDE if self.in_string else _OUTSIDE).search(self.data, self.position)
            if match is None:
                self.position = len(self.data)
                self._enter_large_object()
                return None
            token = match.group()
            if token == b"\\" and match.end() == len(self.data):
                self.position = match.start()
                return None
            self.position = match.end()
            if token == b"\\":
                self.position += 1  # the escaped character has no meaning here
            elif token == b'"':
                self.in_string = not self.in_string
                if not self.in_string and self.depth == 0:
                    return self._end_element(self.position)
            elif token in (b"{", b"["):
                self.depth += 1
            elif token in (b"}", b"]"):
                self.depth -= 1
                if self.depth <= 0:
                    return self._end_element(self.position)

    def _scan_scalar(self) -> Element | None:
        match = _SCALAR_END.search(self.data, self.position + 1)
        if match is None:
            self.position = max(self.start, len(self.data) - 1)
            return None
        return self._end_element(match.start())

    def _enter_large_object(self) -> None:
        is_object = self.data[self.start : self.start + 1] == b"{" and not self.skipped_bytes
        if not self.entered and is_object and len(self.data) - self.start > min(WHOLE_OBJECT_BYTES, self.limit):
            self.entered.append((b"{", None))
            self.position = self.start = self.start + 1
            self.in_element = self.in_string = False
            self.key = None

    def _end_element(self, end: int) -> Element:
        raw = bytes(self.data[self.start : end])
        size = self.skipped_bytes + len(raw)
        is_too_long = size > self.limit
        in_array = bool(self.entered) and self.entered[-1][0] == b"["
        element = Element(
            (self.beginning or raw)[:RAW_BYTES] if is_too_long else raw,
            size,
            Reason.RECORD_TOO_LONG if is_too_long else None,
            in_array,
            None if in_array else self.key,
        )
        self.start = self.position = end
        self.key = None
        self.in_element, self.beginning, self.skipped_bytes = False, b"", 0
        return element
