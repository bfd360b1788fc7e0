"""Splitting of byte streams into lines, for every encoding and with bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final, NamedTuple

from cmtmed.io.bytestream import TruncatedStreamError, peek_head
from cmtmed.io.encoding import detect_encoding, is_utf8_record
from cmtmed.io.quarantine import RAW_BYTES, Reason


class Line(NamedTuple):
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
    line_feed = _choose_line_feed(head, codec)
    lines = _split_lines(chunks, line_feed, limit, skip=len(bom))
    if codec != "utf-8":
        for line in lines:
            yield line if line.reason else _decode_line(line, codec)
        return
    for line in lines:
        number, _, raw, size, reason = line
        try:
            yield line if reason else Line(number, raw.decode().removesuffix("\r"), raw, size)
        except UnicodeDecodeError:
            yield Line(number, None, raw, size, Reason.UNDECODABLE)


def _choose_line_feed(head: bytes, codec: str) -> bytes:
    """Return the bytes that end a line: a carriage return only in a file without any line feed."""
    unit = codec if codec.startswith(("utf-16", "utf-32")) else "ascii"
    line_feed, carriage_return = "\n".encode(unit), "\r".encode(unit)
    has_line_feed = _find_line_feed(head, line_feed, 0) >= 0
    return carriage_return if not has_line_feed and _find_line_feed(head, carriage_return, 0) >= 0 else line_feed


def transcode_to_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
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


def split_bom(codec: str, head: bytes) -> tuple[str, bytes]:
    """Return the codec to decode with, and the byte order mark to skip at the start of the stream."""
    name = codecs.lookup(codec).name
    if name == "utf-16":
        name = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    if name == "utf-32":
        name = "utf-32-be" if head.startswith(codecs.BOM_UTF32_BE) else "utf-32-le"
    boms = {
        "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-8-sig": codecs.BOM_UTF8,
        "utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE,
    }  # fmt: skip
    bom = {**boms, "utf-8": codecs.BOM_UTF8}.get(name, b"")
    return name.removesuffix("-sig"), bom if head.startswith(bom) else b""


def _split_lines(chunks: Iterator[bytes], line_feed: bytes, limit: int, skip: int) -> Iterator[Line]:
    number, pending = 1, bytearray()  # grows in place: a line of many chunks is not copied with each
    # Of a line beyond the limit only the first bytes are kept; the rest is counted and skipped.
    beginning, skipped_bytes = b"", 0
    scanned_bytes = 0
    unit = len(line_feed)
    try:
        for chunk in chunks:
            pending += chunk[skip:]
            skip = max(0, skip - len(chunk))
            start = 0
            while (end := _find_line_feed(pending, line_feed, max(start, scanned_bytes))) >= 0:
                yield _make_line(number, bytes(pending[start:end]), beginning, skipped_bytes, limit)
                beginning, skipped_bytes, start = b"", 0, end + unit
                number += 1
            del pending[:start]
            scanned_bytes = len(pending) - len(pending) % unit
            if len(pending) > limit:
                beginning = beginning or bytes(pending[:RAW_BYTES])
                skipped_bytes += scanned_bytes
                del pending[:scanned_bytes]
                scanned_bytes = 0
    except TruncatedStreamError:
        yield Line(
            number,
            None,
            (beginning or bytes(pending[:RAW_BYTES])),
            skipped_bytes + len(pending),
            Reason.TRUNCATED_STREAM,
        )
        return
    if pending or skipped_bytes:
        yield _make_line(number, bytes(pending), beginning, skipped_bytes, limit)


def _make_line(number: int, raw: bytes, beginning: bytes, skipped_bytes: int, limit: int) -> Line:
    if skipped_bytes or len(raw) > limit:
        return Line(number, None, (beginning or raw)[:RAW_BYTES], skipped_bytes + len(raw), Reason.RECORD_TOO_LONG)
    return Line(number, None, raw, len(raw))


def _find_line_feed(data: bytes | bytearray, line_feed: bytes, start: int) -> int:
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
