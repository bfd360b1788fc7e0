"""Open files, plain or packed, as streams of bytes; notice where a stream breaks off."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed.source import Source

CHUNK: Final = 2**20
_MAGIC: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
SUFFIXES: Final = {"gzip": (".gz", ".gzip"), "zstd": (".zst", ".zstd"), "zip": (".zip",)}


class TruncatedStreamError(Exception):
    """Compressed data ended early or is damaged."""


@dataclass(frozen=True)
class Member:
    """A file, or one file inside an archive.

    Attributes:
        label: what positions and ids call it: the file's name, or ``archive!member``.
        name: its name without compression suffixes, which tells the format.
        chunks: yields its bytes from the start, unpacked; raises `TruncatedStreamError` where they break off.
    """

    label: str
    name: str
    chunks: Callable[[], Iterator[bytes]]


def members(path: Path, source: Source) -> Iterator[Member]:
    """Yield what a file holds: itself, or each file of a zip archive in order of name."""
    packed = compression_of(path) if source.compression == "auto" else source.compression
    if packed == "zip":
        yield from _archive(path)
        return
    name = path.name
    for suffix in SUFFIXES.get(packed, ()):
        name = name.removesuffix(suffix)
    unpack = {"gzip": _gunzip, "zstd": _unzstd}.get(packed, _plain)
    yield Member(path.name, name, lambda: unpack(path))


def compression_of(path: Path) -> str:
    """Return ``gzip``, ``zstd``, ``zip`` or ``none``, by the first bytes."""
    with path.open("rb") as stream:
        head = stream.read(4)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _gunzip(path: Path) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    fresh = True
    for chunk in _plain(path):
        rest = chunk
        while rest:
            try:
                out = unpacker.decompress(rest, CHUNK)
            except zlib.error as error:
                raise TruncatedStreamError from error
            fresh = False
            if out:
                yield out
            rest = unpacker.unconsumed_tail
            if unpacker.eof:
                # A file may hold several gzip streams one after another, and zero padding after the last.
                rest = unpacker.unused_data.lstrip(b"\0")
                unpacker, fresh = zlib.decompressobj(wbits=31), True
    if not fresh:
        raise TruncatedStreamError


def _unzstd(path: Path) -> Iterator[bytes]:
    import zstandard

    unpacker = zstandard.ZstdDecompressor().decompressobj()
    fresh = True
    for chunk in _plain(path):
        rest = chunk
        while rest:
            try:
                out = unpacker.decompress(rest)
            except zstandard.ZstdError as error:
                raise TruncatedStreamError from error
            fresh, rest = False, b""
            if out:
                yield out
            if unpacker.eof:
                rest = unpacker.unused_data
                unpacker, fresh = zstandard.ZstdDecompressor().decompressobj(), True
    if not fresh:
        raise TruncatedStreamError


def _archive(path: Path) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(info.filename for info in archive.infolist() if not info.is_dir() and _wanted(info.filename))
    except zipfile.BadZipFile:
        yield Member(path.name, path.name, lambda: _broken(path))
        return
    for name in names:
        yield Member(f"{path.name}!{name}", name, _opener(path, name))


def _wanted(name: str) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _opener(path: Path, name: str) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        try:
            with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            # RuntimeError: encrypted; NotImplementedError: a compression method that Python does not know.
            raise TruncatedStreamError from error

    return chunks


def _broken(path: Path) -> Iterator[bytes]:
    # The directory of a zip file stands at its end: without it no member can be named.
    del path
    raise TruncatedStreamError
    yield b""  # makes this a generator like the others
