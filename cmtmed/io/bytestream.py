"""Byte streams of plain and compressed files; data that ends early is noticed."""

from __future__ import annotations

import bz2
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHUNK_BYTES: Final = 2**20
SAMPLE_BYTES: Final = 2**18
"""How much of a file is looked at to detect what it is."""


class TruncatedStreamError(Exception):
    """Compressed data ends early or is damaged."""


@dataclass(frozen=True)
class Member:
    """A file, or one file inside an archive.

    Attributes:
        label: how positions and ids refer to it: the file's name, or ``archive!member``.
        name: its name without compression suffixes, from which the format is detected.
        chunks: its bytes, to be read once; raises `TruncatedStreamError` where the data ends early.
        path: the file on disk, if the bytes are all of it.
    """

    label: str
    name: str
    chunks: Iterator[bytes]
    path: Path | None = None


def read_plain(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in chunks."""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


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


@contextmanager
def store_stream(chunks: Iterator[bytes], path: Path | None = None) -> Iterator[Path]:
    """Give a stream as a file on disk, for formats that cannot be read from front to back; temporary without a path."""
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="cmtmed-") as folder:
        stored = Path(folder) / "member"
        with stored.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
        yield stored


def _read_gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    at_stream_start = True
    for chunk in chunks:
        pending = chunk
        while pending:
            try:
                data = decompressor.decompress(pending, CHUNK_BYTES)
            except zlib.error as error:
                raise TruncatedStreamError from error
            at_stream_start = False
            if data:
                yield data
            pending = decompressor.unconsumed_tail
            if decompressor.eof:
                # A file may hold several gzip streams in a row, and zero padding after the last.
                pending = decompressor.unused_data.lstrip(b"\0")
                decompressor, at_stream_start = zlib.decompressobj(wbits=31), True
    if not at_stream_start:
        raise TruncatedStreamError


def _read_zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor().decompressobj()
    at_stream_start = True
    for chunk in chunks:
        pending = chunk
        while pending:
            try:
                data = decompressor.decompress(pending)
            except zstandard.ZstdError as error:
                raise TruncatedStreamError from error
            at_stream_start, pending = False, b""
            if data:
                yield data
            if decompressor.eof:
                pending = decompressor.unused_data
                decompressor, at_stream_start = zstandard.ZstdDecompressor().decompressobj(), True
    if not at_stream_start:
        raise TruncatedStreamError


def _read_with_decompressor(
    chunks: Iterator[bytes],
    make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor],
    errors: tuple[type[Exception], ...],
) -> Iterator[bytes]:
    decompressor = make()
    at_stream_start = True
    for chunk in chunks:
        pending = chunk
        while pending or not (decompressor.eof or decompressor.needs_input):
            if decompressor.eof:
                decompressor, at_stream_start = make(), True
            try:
                data = decompressor.decompress(pending, CHUNK_BYTES)
            except errors as error:
                raise TruncatedStreamError from error
            at_stream_start = False
            if data:
                yield data
            pending = b""
            if decompressor.eof:
                # A file may hold several streams in a row, and zero padding after the last.
                pending = decompressor.unused_data.lstrip(b"\0")
                at_stream_start = not pending
                if not pending:
                    break
    if not at_stream_start and not decompressor.eof:
        raise TruncatedStreamError


def _read_bzip2(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from _read_with_decompressor(chunks, bz2.BZ2Decompressor, (OSError, ValueError, EOFError))


def _read_xz(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from _read_with_decompressor(chunks, lzma.LZMADecompressor, (lzma.LZMAError, EOFError))


DECOMPRESSORS: Final[dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]]] = {
    "gzip": _read_gzip, "bzip2": _read_bzip2, "xz": _read_xz, "zstd": _read_zstd,
}  # fmt: skip
