"""Members of zip and tar archives."""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

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


def iter_tar_members(path: Path, read_chunks: Callable[[Path], Iterator[bytes]]) -> Iterator[Member]:
    """Yield the files of a tar archive in its order."""
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


def iter_zip_members(path: Path) -> Iterator[Member]:
    """Yield the files of a zip archive in order of name."""
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
