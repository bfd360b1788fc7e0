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


def make_printable(name: str) -> str:
    r"""Return a file's name as text that can be encoded; bytes that are no text are written as escapes.

    >>> make_printable("a\udcff.txt") == "a\\udcff.txt"
    True
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


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
def store_stream(chunks: Iterator[bytes], path: Path | None = None, limit: int | None = None) -> Iterator[Path]:
    """Give a stream as a file on disk, for formats that cannot be read from front to back; temporary without a path.

    Args:
        chunks: the stream.
        path: the file that the stream was read from, if it is the whole file.
        limit: bytes after which no more are stored.
    """
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="cmtmed-") as folder:
        stored = Path(folder) / "member"
        size = 0
        with stored.open("wb") as stream:
            for chunk in chunks:
                size += stream.write(chunk)
                if limit is not None and size >= limit:
                    break
        yield stored


_INPUT_BYTES: Final = 2**14
"""Compressed bytes that are decompressed at a time; what a stream of many small parts leaves over is short then."""
_ZSTD_INPUT_BYTES: Final = 2**10
"""The same for zstandard, which cannot be asked for a part of the output: 1 KiB may unpack to 32 MiB."""
_MEMORY_LIMIT: Final = 2**29
"""Largest dictionary of xz; its own strongest setting needs an eighth of it."""


def _slice_chunks(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _read_gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    at_stream_start = True
    for chunk in _slice_chunks(chunks, _INPUT_BYTES):
        pending = chunk.lstrip(b"\0") if at_stream_start else chunk
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
    for chunk in _slice_chunks(chunks, _ZSTD_INPUT_BYTES):
        pending = chunk
        while pending:
            try:
                data = decompressor.decompress(pending)
            except (zstandard.ZstdError, MemoryError) as error:
                raise TruncatedStreamError from error
            at_stream_start, pending = False, b""
            yield from _slice_chunks(iter([data]), CHUNK_BYTES)
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
    for chunk in _slice_chunks(chunks, _INPUT_BYTES):
        pending = chunk.lstrip(b"\0") if decompressor.eof else chunk
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
    yield from _read_with_decompressor(chunks, bz2.BZ2Decompressor, (OSError, ValueError, EOFError, MemoryError))


def _read_xz(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from _read_with_decompressor(
        chunks, lambda: lzma.LZMADecompressor(memlimit=_MEMORY_LIMIT), (lzma.LZMAError, EOFError, MemoryError)
    )


DECOMPRESSORS: Final[dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]]] = {
    "gzip": _read_gzip, "bzip2": _read_bzip2, "xz": _read_xz, "zstd": _read_zstd,
}  # fmt: skip
