"""Files and what is packed in them: compression and archives, one inside the other, and workbooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cmtmed.io.archives import is_workbook, iter_tar_members, iter_zip_members, make_broken_member
from cmtmed.io.bytestream import (
    DECOMPRESSORS,
    Member,
    TruncatedStreamError,
    make_printable,
    peek_head,
    read_plain,
    store_stream,
)
from cmtmed.source import Source

_MAGIC: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_SUFFIXES: Final = {
    "gzip": (".gz", ".gzip"), "bzip2": (".bz2",), "xz": (".xz", ".lzma"), "zstd": (".zst", ".zstd"),
}  # fmt: skip
_LZMA_MAGIC: Final = b"\x5d\x00\x00"
_TAR_MAGIC: Final = (257, b"ustar")
_LAYERS: Final = 8
"""Containers inside one another; what is packed deeper, such as a zip file that holds itself, is no data."""


def iter_members(path: Path, source: Source) -> Iterator[Member]:
    """Yield the file itself, or every file that is packed in it: zip archives in order of name.

    A declared compression is that of the file; what is packed inside is detected.
    """
    yield from _unpack(
        Member(make_printable(path.name), path.name, read_plain(path), path), source.compression, _LAYERS
    )


def _unpack(member: Member, compression: str, layers: int) -> Iterator[Member]:
    head, chunks = peek_head(member.chunks)
    member = Member(member.label, member.name, chunks, member.path)
    if compression == "auto":
        compression = detect_compression(head, member.name)
    if compression == "none" or layers == 0:
        yield member
    elif compression == "zip":
        yield from _unpack_zip(member, layers)
    elif compression == "tar":
        for inner in iter_tar_members(member):
            yield from _unpack(inner, "auto", layers - 1)
    else:
        name = member.name
        for suffix in _SUFFIXES[compression]:
            name = name.removesuffix(suffix)
        yield from _unpack(Member(member.label, name, DECOMPRESSORS[compression](chunks)), "auto", layers - 1)


def _unpack_zip(member: Member, layers: int) -> Iterator[Member]:
    try:
        with store_stream(member.chunks, member.path) as path:
            if is_workbook(path):
                yield Member(member.label, member.name, read_plain(path), path)
                return
            for inner in iter_zip_members(path, member):
                yield from _unpack(inner, "auto", layers - 1)
    except TruncatedStreamError:
        yield make_broken_member(member)


def detect_compression(head: bytes, name: str = "") -> str:
    """Detect ``gzip``, ``bzip2``, ``xz``, ``zstd``, ``zip``, ``tar`` or ``none`` from a file's first bytes."""
    compression = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")
    if compression != "none":
        return compression
    if head.startswith(_LZMA_MAGIC) and name.endswith(".lzma"):
        return "xz"
    offset, magic = _TAR_MAGIC
    # A name alone does not make a tar archive, and an old one has no magic.
    is_named = name.endswith((".tar", ".tgz", ".tbz2", ".txz")) and len(head) >= 512
    return "tar" if head[offset : offset + len(magic)] == magic or is_named else "none"
