"""Byte streams of plain and compressed files, with detection of truncated data."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed.source import Source

CHUNK_BYTES: Final = 2**20
_MAGIC: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
SUFFIXES: Final = {"gzip": (".gz", ".gzip"), "zstd": (".zst", ".zstd"), "zip": (".zip",)}


class TruncatedStreamError(Exception):
    """Compressed data ends early or is damaged."""


@dataclass(frozen=True)
class Member:
    """A file, or one file inside an archive.

    Attributes:
        label: how positions and ids refer to it: the file's name, or ``archive!member``.
        name: its name without compression suffixes, from which the format is detected.
        chunks: yields its decompressed bytes from the start; raises `TruncatedStreamError` where the data ends early.
    """

    label: str
    name: str
    chunks: Callable[[], Iterator[bytes]]


def iter_members(path: Path, source: Source) -> Iterator[Member]:
    """Yield the file itself, or every file of a zip archive in order of name."""
    compression = detect_compression(path) if source.compression == "auto" else source.compression
    if compression == "zip":
        yield from _iter_zip_members(path)
        return
    name = path.name
    for suffix in SUFFIXES.get(compression, ()):
        name = name.removesuffix(suffix)
    read_chunks = {"gzip": _read_gzip, "zstd": _read_zstd}.get(compression, _read_plain)
    yield Member(path.name, name, lambda: read_chunks(path))


def detect_compression(path: Path) -> str:
    """Detect ``gzip``, ``zstd``, ``zip`` or ``none`` from the first bytes."""
    with path.open("rb") as stream:
        head = stream.read(4)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")


def _read_plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _read_gzip(path: Path) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    at_stream_start = True
    for chunk in _read_plain(path):
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


def _read_zstd(path: Path) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor().decompressobj()
    at_stream_start = True
    for chunk in _read_plain(path):
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


def _iter_zip_members(path: Path) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(
                info.filename for info in archive.infolist() if not info.is_dir() and _is_data_file(info.filename)
            )
    except zipfile.BadZipFile:
        yield Member(path.name, path.name, lambda: _read_broken_zip(path))
        return
    for name in names:
        yield Member(f"{path.name}!{name}", name, _make_zip_reader(path, name))


def _is_data_file(name: str) -> bool:
    return not any(component.startswith((".", "__MACOSX")) for component in name.split("/"))


def _make_zip_reader(path: Path, name: str) -> Callable[[], Iterator[bytes]]:
    def read_chunks() -> Iterator[bytes]:
        try:
            with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            # RuntimeError: encrypted; NotImplementedError: a compression method that Python does not support.
            raise TruncatedStreamError from error

    return read_chunks


def _read_broken_zip(path: Path) -> Iterator[bytes]:
    # A zip file's directory is at its end: without it the members are unknown.
    del path
    raise TruncatedStreamError
    yield b""  # makes this a generator like the others
