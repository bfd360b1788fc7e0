"""Byte streams of plain and compressed files, with detection of truncated data."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed.source import Source

CHUNK_BYTES: Final = 2**20
_MAGIC: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
SUFFIXES: Final = {
    "gzip": (".gz", ".gzip"), "bzip2": (".bz2",), "xz": (".xz",), "zstd": (".zst", ".zstd"), "zip": (".zip",),
}  # fmt: skip
_TAR_MAGIC: Final = (257, b"ustar")
_WORKBOOKS: Final = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
"""Members by which a zip archive is a spreadsheet and no archive of data files."""


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
    """Yield the file itself, every file of a zip archive in order of name, or of a tar archive in its order."""
    compression = detect_compression(path) if source.compression == "auto" else source.compression
    if compression == "zip":
        yield from _iter_zip_members(path)
        return
    name = path.name
    for suffix in SUFFIXES.get(compression, ()):
        name = name.removesuffix(suffix)
    read_chunks = _READERS.get(compression, _read_plain)
    if compression == "tar" or (source.compression == "auto" and _is_tar(name, lambda: read_chunks(path))):
        yield from _iter_tar_members(path, read_chunks)
        return
    yield Member(path.name, name, lambda: read_chunks(path))


def detect_compression(path: Path) -> str:
    """Detect ``gzip``, ``bzip2``, ``xz``, ``zstd``, ``zip`` or ``none`` from the first bytes.

    A spreadsheet is stored as a zip archive and is none.
    """
    with path.open("rb") as stream:
        head = stream.read(6)
    compression = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")
    return "none" if compression == "zip" and _is_workbook(path) else compression


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name in _WORKBOOKS for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _is_tar(name: str, read_chunks: Callable[[], Iterator[bytes]]) -> bool:
    offset, magic = _TAR_MAGIC
    try:
        head = next(read_chunks(), b"")
    except TruncatedStreamError:
        head = b""
    # A name alone does not make a tar archive, and an old one has no magic.
    is_named = name.endswith((".tar", ".tgz", ".tbz2", ".txz"))
    return head[offset : offset + len(magic)] == magic or (is_named and len(head) >= 512)


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


def _read_with_decompressor(
    path: Path, make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor], errors: tuple[type[Exception], ...]
) -> Iterator[bytes]:
    decompressor = make()
    at_stream_start = True
    for chunk in _read_plain(path):
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


def _read_bzip2(path: Path) -> Iterator[bytes]:
    yield from _read_with_decompressor(path, bz2.BZ2Decompressor, (OSError, ValueError, EOFError))


def _read_xz(path: Path) -> Iterator[bytes]:
    yield from _read_with_decompressor(path, lzma.LZMADecompressor, (lzma.LZMAError, EOFError))


_READERS: Final[dict[str, Callable[[Path], Iterator[bytes]]]] = {
    "gzip": _read_gzip, "bzip2": _read_bzip2, "xz": _read_xz, "zstd": _read_zstd,
}  # fmt: skip


class _ChunkStream(io.RawIOBase):
    """Chunks as a file, from which tarfile reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = b""

    def readable(self) -> bool:
        """Chunks can be read and nothing else."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end."""
        while size < 0 or len(self._data) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._data += chunk
        size = len(self._data) if size < 0 else size
        data, self._data = self._data[:size], self._data[size:]
        return data


def _iter_tar_members(path: Path, read_chunks: Callable[[Path], Iterator[bytes]]) -> Iterator[Member]:
    # An archive that is read as a stream gives its files in its own order, each before the next is looked for.
    try:
        with tarfile.open(fileobj=_ChunkStream(read_chunks(path)), mode="r|") as archive:
            for info in archive:
                if info.isfile() and _is_data_file(info.name.removeprefix("./")):
                    yield Member(f"{path.name}!{info.name}", info.name, _make_tar_reader(archive, info))
    except (tarfile.TarError, TruncatedStreamError, EOFError):
        yield Member(path.name, path.name, lambda: _read_broken_archive(path))


def _make_tar_reader(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], Iterator[bytes]]:
    def read_chunks() -> Iterator[bytes]:
        stream = archive.extractfile(info)
        try:
            while stream is not None and (chunk := stream.read(CHUNK_BYTES)):
                yield chunk
        except (tarfile.TarError, TruncatedStreamError, EOFError) as error:
            raise TruncatedStreamError from error

    return read_chunks


def _iter_zip_members(path: Path) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(
                info.filename for info in archive.infolist() if not info.is_dir() and _is_data_file(info.filename)
            )
    except zipfile.BadZipFile:
        yield Member(path.name, path.name, lambda: _read_broken_archive(path))
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
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            EOFError,
            OSError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            # RuntimeError: encrypted; NotImplementedError: a compression method that Python does not support.
            raise TruncatedStreamError from error

    return read_chunks


def _read_broken_archive(path: Path) -> Iterator[bytes]:
    # A zip file's directory is at its end: without it the members are unknown.
    del path
    raise TruncatedStreamError
    yield b""  # makes this a generator like the others
