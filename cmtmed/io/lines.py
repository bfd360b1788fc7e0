"""Cut a stream of bytes into lines, whatever the encoding and however long the line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.encoding import SAMPLE, is_mixed, sniff
from cmtmed.io.quarantine import RAW_BYTES, Reason


@dataclass(frozen=True)
class Line:
    """One line, or what stands in its place.

    Attributes:
        number: from 1.
        text: decoded, without its line break; None if it could not be.
        raw: its bytes, at most a mebibyte of them if it could not be decoded.
        raw_bytes: its true length.
        reason: why there is no text.
    """

    number: int
    text: str | None
    raw: bytes
    raw_bytes: int
    reason: Reason | None = None


def peeked(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes of a stream, and the stream from its start."""
    head = b""
    broken = False
    try:
        while len(head) < SAMPLE:
            head += next(chunks)
    except StopIteration:
        pass
    except TruncatedStreamError:
        broken = True

    def whole() -> Iterator[bytes]:
        if head:
            yield head
        if broken:
            raise TruncatedStreamError
        yield from chunks

    return head[:SAMPLE], whole()


def lines(chunks: Iterator[bytes], encoding: str, limit: int) -> Iterator[Line]:
    """Yield every line of a stream.

    Args:
        chunks: the stream.
        encoding: a codec name, or ``auto``.
        limit: bytes; a longer line is passed over without being held.

    Yields:
        Lines in order. Where the stream breaks off, what was left of the last line comes with reason
        ``truncated_stream``.
    """
    head, chunks = peeked(chunks)
    codec = sniff(head) if encoding == "auto" else encoding
    codec, mark = without_mark(codec, head)
    feed = b"\n"
    if codec.startswith("utf-16"):
        feed = "\n".encode(codec)
    for line in _cut(chunks, feed, limit, skip=len(mark)):
        yield line if line.reason else _decoded(line, codec)


def without_mark(codec: str, head: bytes) -> tuple[str, bytes]:
    """Resolve encodings that begin with a byte order mark; return the mark that the stream begins with."""
    name = codecs.lookup(codec).name
    if name == "utf-16":
        name = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-8-sig": codecs.BOM_UTF8}
    mark = {**marks, "utf-8": codecs.BOM_UTF8}.get(name, b"")
    return name.removesuffix("-sig"), mark if head.startswith(mark) else b""


def _cut(chunks: Iterator[bytes], feed: bytes, limit: int, skip: int) -> Iterator[Line]:
    number, rest = 1, b""
    # Of a line beyond the limit only its beginning is held; the rest is counted and passed over.
    beginning, passed = b"", 0
    try:
        for chunk in chunks:
            rest += chunk[skip:]
            skip = max(0, skip - len(chunk))
            start = 0
            while (at := _find(rest, feed, start)) >= 0:
                yield _line(number, rest[start:at], beginning, passed, limit)
                beginning, passed, start = b"", 0, at + len(feed)
                number += 1
            rest = rest[start:]
            if len(rest) > limit:
                beginning = beginning or rest[:RAW_BYTES]
                kept = len(rest) - len(rest) % len(feed)
                passed, rest = passed + kept, rest[kept:]
    except TruncatedStreamError:
        yield Line(number, None, (beginning or rest)[:RAW_BYTES], passed + len(rest), Reason.TRUNCATED_STREAM)
        return
    if rest or passed:
        yield _line(number, rest, beginning, passed, limit)


def _line(number: int, raw: bytes, beginning: bytes, passed: int, limit: int) -> Line:
    if passed or len(raw) > limit:
        return Line(number, None, (beginning or raw)[:RAW_BYTES], passed + len(raw), Reason.RECORD_TOO_LONG)
    return Line(number, None, raw, len(raw))


def _find(data: bytes, feed: bytes, start: int) -> int:
    at = data.find(feed, start)
    # Two-byte encodings: a line feed counts only where a character begins.
    while len(feed) > 1 and at >= 0 and (at - start) % len(feed):
        at = data.find(feed, at + 1)
    return at


def _decoded(line: Line, codec: str) -> Line:
    if not codec.startswith("utf") and is_mixed(line.raw):
        return Line(line.number, None, line.raw, line.raw_bytes, Reason.MIXED_ENCODING)
    try:
        text = line.raw.decode(codec)
    except UnicodeDecodeError:
        return Line(line.number, None, line.raw, line.raw_bytes, Reason.UNDECODABLE)
    return Line(line.number, text.removesuffix("\r"), line.raw, line.raw_bytes)
