"""Files and what is packed in them: compression, archives, workbooks."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cmtmed.io.archives import iter_tar_members, iter_zip_members
from cmtmed.io.bytestream import READERS, Member, TruncatedStreamError, read_plain
from cmtmed.source import Source

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


def iter_members(path: Path, source: Source) -> Iterator[Member]:
    """Yield the file itself, every file of a zip archive in order of name, or of a tar archive in its order."""
    compression = detect_compression(path) if source.compression == "auto" else source.compression
    if compression == "zip":
        yield from iter_zip_members(path)
        return
    name = path.name
    for suffix in SUFFIXES.get(compression, ()):
        name = name.removesuffix(suffix)
    read_chunks = READERS.get(compression, read_plain)
    if compression == "tar" or (source.compression == "auto" and _is_tar(name, lambda: read_chunks(path))):
        yield from iter_tar_members(path, read_chunks)
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
