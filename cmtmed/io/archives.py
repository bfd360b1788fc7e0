"""Members of zip and tar archives."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cmtmed.io.bytestream import CHUNK_BYTES, Member, TruncatedStreamError, make_printable


class _ChunkStream(io.RawIOBase):
    """Chunks as a file, from which tarfile reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = memoryview(b"")

    def readable(self) -> bool:
        """Chunks can be read and nothing else."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end."""
        parts: list[memoryview] = []
        missing = size
        while size < 0 or missing:
            if not self._data:
                self._data = memoryview(next(self._chunks, b""))
                if not self._data:
                    break
            part = self._data if size < 0 else self._data[:missing]
            parts.append(part)
            self._data = self._data[len(part) :]
            missing -= len(part)
        return b"".join(parts)


_DAMAGES: Final = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
    TruncatedStreamError, lzma.LZMAError, struct.error, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What the libraries raise on damaged archives: RuntimeError if encrypted, NotImplementedError (one of its kind) for an
unknown method of compression, and errors of any kind where they trust a field."""
_WORKBOOKS: Final = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
"""Members by which a zip archive is a spreadsheet and no archive of data files."""


def is_workbook(path: Path) -> bool:
    """Return whether a zip archive is a spreadsheet."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name in _WORKBOOKS for name in archive.namelist())
    except _DAMAGES:
        return False


def iter_tar_members(container: Member) -> Iterator[Member]:
    """Yield the files of a tar archive in its order."""
    # An archive that is read as a stream gives its files in its own order, each before the next is looked for.
    labels = _Labels(container)
    try:
        with tarfile.open(fileobj=_ChunkStream(container.chunks), mode="r|") as archive:
            for info in archive:
                if info.isfile() and _is_data_file(info.name.removeprefix("./")):
                    yield Member(labels.create(info.name), info.name, _read_tar_member(archive, info))
    except _DAMAGES:
        yield make_broken_member(container)


def _read_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    try:
        stream = archive.extractfile(info)
        while stream is not None and (chunk := stream.read(CHUNK_BYTES)):
            yield chunk
    except _DAMAGES as error:
        raise TruncatedStreamError from error


def iter_zip_members(path: Path, container: Member) -> Iterator[Member]:
    """Yield the files of a zip archive in order of name; the archive is opened once."""
    labels = _Labels(container)
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGES:
        # A zip file's directory is at its end: without it the members are unknown.
        yield make_broken_member(container)
        return
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and _is_data_file(info.filename)]
        # Two members may have the same name: they are told apart by their order.
        for info in sorted(infos, key=lambda info: info.filename):
            yield Member(labels.create(info.filename), info.filename, _read_zip_member(archive, info))


def _is_data_file(name: str) -> bool:
    return not any(component.startswith((".", "__MACOSX")) for component in name.split("/"))


def _read_zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    size = 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                size += len(chunk)
                yield chunk
    except _DAMAGES as error:
        raise TruncatedStreamError from error
    if size < info.file_size:
        raise TruncatedStreamError


class _Labels:
    """Labels of an archive's members: a second member of the same name is called ``name#2``."""

    def __init__(self, container: Member) -> None:
        self._container = container.label
        self._counts: Counter[str] = Counter()

    def create(self, name: str) -> str:
        """Return the label of the next member of this name."""
        self._counts[name] += 1
        number = self._counts[name]
        return make_printable(f"{self._container}!{name}" + (f"#{number}" if number > 1 else ""))


def make_broken_member(container: Member) -> Member:
    """Return an archive as a member of its own that cannot be read."""
    return Member(container.label, container.name, _raise_truncated())


def _raise_truncated() -> Iterator[bytes]:
    raise TruncatedStreamError
    yield b""  # makes this a generator like the others
