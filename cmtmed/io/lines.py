"""Splitting of byte streams into lines, for every encoding and with bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from cmtmed.io.bytestream import TruncatedStreamError
from cmtmed.io.encoding import SAMPLE_BYTES, detect_encoding, is_utf8_record
from cmtmed.io.quarantine import RAW_BYTES, Reason


@dataclass(frozen=True)
class Line:
    """A line, or why it could not be decoded.

    Attributes:
        number: from 1.
        text: decoded, without its line break; None if it is unreadable.
        raw: its bytes, at most 1 MiB if it is unreadable.
        raw_bytes: its full length in bytes.
        reason: why it is unreadable.
    """

    number: int
    text: str | None
    raw: bytes
    raw_bytes: int
    reason: Reason | None = None


def peek_head(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first `SAMPLE_BYTES` bytes of a stream, and the stream from its start."""
    head = b""
    truncated = False
    try:
        while len(head) < SAMPLE_BYTES:
            head += next(chunks)
    except StopIteration:
        pass
    except TruncatedStreamError:
        truncated = True

    def iter_chunks() -> Iterator[bytes]:
        if head:
            yield head
        if truncated:
            raise TruncatedStreamError
        yield from chunks

    return head[:SAMPLE_BYTES], iter_chunks()


def iter_lines(chunks: Iterator[bytes], encoding: str, limit: int) -> Iterator[Line]:
    """Yield every line of a stream.

    Args:
        chunks: the stream.
        encoding: a codec name, or ``auto``.
        limit: longest line in bytes; a longer one is skipped without being kept in memory.

    Yields:
        Lines in order. If the stream is truncated, the remainder of the last line has reason ``truncated_stream``.
    """
    head, chunks = peek_head(chunks)
    codec = detect_encoding(head) if encoding == "auto" else encoding
    codec, bom = split_bom(codec, head)
    line_feed = b"\n"
    if codec.startswith("utf-16"):
        line_feed = "\n".encode(codec)
    for line in _split_lines(chunks, line_feed, limit, skip=len(bom)):
        yield line if line.reason else _decode_line(line, codec)


def split_bom(codec: str, head: bytes) -> tuple[str, bytes]:
    """Return the codec to decode with, and the byte order mark to skip at the start of the stream."""
    name = codecs.lookup(codec).name
    if name == "utf-16":
        name = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    boms = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-8-sig": codecs.BOM_UTF8}
    bom = {**boms, "utf-8": codecs.BOM_UTF8}.get(name, b"")
    return name.removesuffix("-sig"), bom if head.startswith(bom) else b""


def _split_lines(chunks: Iterator[bytes], line_feed: bytes, limit: int, skip: int) -> Iterator[Line]:
    number, pending = 1, b""
    # Of a line beyond the limit only the first bytes are kept; the rest is counted and skipped.
    beginning, skipped_bytes = b"", 0
    try:
        for chunk in chunks:
            pending += chunk[skip:]
            skip = max(0, skip - len(chunk))
            start = 0
            while (end := _find_line_feed(pending, line_feed, start)) >= 0:
                yield _make_line(number, pending[start:end], beginning, skipped_bytes, limit)
                beginning, skipped_bytes, start = b"", 0, end + len(line_feed)
                number += 1
            pending = pending[start:]
            if len(pending) > limit:
                beginning = beginning or pending[:RAW_BYTES]
                aligned = len(pending) - len(pending) % len(line_feed)
                skipped_bytes, pending = skipped_bytes + aligned, pending[aligned:]
    except TruncatedStreamError:
        yield Line(
            number, None, (beginning or pending)[:RAW_BYTES], skipped_bytes + len(pending), Reason.TRUNCATED_STREAM
        )
        return
    if pending or skipped_bytes:
        yield _make_line(number, pending, beginning, skipped_bytes, limit)


def _make_line(number: int, raw: bytes, beginning: bytes, skipped_bytes: int, limit: int) -> Line:
    if skipped_bytes or len(raw) > limit:
        return Line(number, None, (beginning or raw)[:RAW_BYTES], skipped_bytes + len(raw), Reason.RECORD_TOO_LONG)
    return Line(number, None, raw, len(raw))


def _find_line_feed(data: bytes, line_feed: bytes, start: int) -> int:
    position = data.find(line_feed, start)
    # Two-byte encodings: a line feed counts only at a character boundary.
    while len(line_feed) > 1 and position >= 0 and (position - start) % len(line_feed):
        position = data.find(line_feed, position + 1)
    return position


def _decode_line(line: Line, codec: str) -> Line:
    if not codec.startswith("utf") and is_utf8_record(line.raw):
        return Line(line.number, None, line.raw, line.raw_bytes, Reason.MIXED_ENCODING)
    try:
        text = line.raw.decode(codec)
    except UnicodeDecodeError:
        return Line(line.number, None, line.raw, line.raw_bytes, Reason.UNDECODABLE)
    return Line(line.number, text.removesuffix("\r"), line.raw, line.raw_bytes)
