"""Members of zip and tar archives."""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cmtmed.io.bytestream import CHUNK_BYTES, Member, TruncatedStreamError


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


_WORKBOOKS: Final = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
"""Members by which a zip archive is a spreadsheet and no archive of data files."""


def is_workbook(path: Path) -> bool:
    """Return whether a zip archive is a spreadsheet."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name in _WORKBOOKS for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def iter_tar_members(container: Member) -> Iterator[Member]:
    """Yield the files of a tar archive in its order."""
    # An archive that is read as a stream gives its files in its own order, each before the next is looked for.
    try:
        with tarfile.open(fileobj=_ChunkStream(container.chunks), mode="r|") as archive:
            for info in archive:
                if info.isfile() and _is_data_file(info.name.removeprefix("./")):
                    yield Member(f"{container.label}!{info.name}", info.name, _read_tar_member(archive, info))
    except (tarfile.TarError, TruncatedStreamError, EOFError):
        yield make_broken_member(container)


def _read_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    stream = archive.extractfile(info)
    try:
        while stream is not None and (chunk := stream.read(CHUNK_BYTES)):
            yield chunk
    except (tarfile.TarError, TruncatedStreamError, EOFError) as error:
        raise TruncatedStreamError from error


def iter_zip_members(path: Path, container: Member) -> Iterator[Member]:
    """Yield the files of a zip archive in order of name."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(
                info.filename for info in archive.infolist() if not info.is_dir() and _is_data_file(info.filename)
            )
    except zipfile.BadZipFile:
        # A zip file's directory is at its end: without it the members are unknown.
        yield make_broken_member(container)
        return
    for name in names:
        yield Member(f"{container.label}!{name}", name, _read_zip_member(path, name))


def _is_data_file(name: str) -> bool:
    return not any(component.startswith((".", "__MACOSX")) for component in name.split("/"))


def _read_zip_member(path: Path, name: str) -> Iterator[bytes]:
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


def make_broken_member(container: Member) -> Member:
    """Return an archive as a member of its own that cannot be read."""
    return Member(container.label, container.name, _raise_truncated())


def _raise_truncated() -> Iterator[bytes]:
    raise TruncatedStreamError
    yield b""  # makes this a generator like the others
