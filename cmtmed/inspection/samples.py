"""Samples of crawl files: the beginning and the middle of each, in bounded memory."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cmtmed.io.bytestream import SAMPLE_BYTES, Member, TruncatedStreamError
from cmtmed.io.containers import detect_compression, iter_members
from cmtmed.io.formats import detect_format
from cmtmed.io.quarantine import Unreadable
from cmtmed.io.read import iter_records
from cmtmed.io.records import Record
from cmtmed.source import Source

HEAD_BYTES: Final = 2**20
"""Bytes that are looked at from the beginning of a file."""
MIDDLE_BYTES: Final = 2**19
"""Bytes that are looked at from its middle."""
_WHOLE_BYTES: Final = 2**26
"""Largest file of a format that cannot be read in parts."""
RECORDS: Final = 400
"""Records from the beginning of a file that are looked at."""
MIDDLE_RECORDS: Final = 100
"""Records from its middle."""
_LINE_FORMATS: Final = frozenset({"csv", "tsv", "jsonl", "transcript", "blocks"})
_WHOLE_FORMATS: Final = frozenset({"xlsx", "html", "parquet", "arrow"})


@dataclass
class Sample:
    """What is looked at of one file, or of one file in an archive.

    Attributes:
        path: the file.
        label: its name, or ``archive!member``.
        name: its name without compression suffixes.
        compression: as detected.
        head: bytes from the beginning, up to `HEAD_BYTES`.
        middle: bytes from the middle, from the beginning of a line on; empty if the head is the whole file.
        is_whole: whether head is all there is.
        is_damaged: whether compressed data ended early.
        size: size of the file on disk, in bytes.
        stored: the file, where it is no archive and not compressed.
    """

    path: Path
    label: str
    name: str
    compression: str
    head: bytes
    middle: bytes = b""
    is_whole: bool = True
    is_damaged: bool = False
    size: int = 0
    stored: Path | None = None
    _records: dict[str, list[Record | Unreadable]] = field(default_factory=dict, repr=False)

    @property
    def is_seen(self) -> bool:
        """Whether all of its records were looked at."""
        return self.is_whole and all(len(records) < RECORDS for records in self._records.values())

    def detect_format(self, source: Source) -> str:
        """Return the format that the reader would choose."""
        return source.format if source.format != "auto" else detect_format(self.name, self.head[:SAMPLE_BYTES], source)

    def read_records(self, source: Source) -> list[Record | Unreadable]:
        """Return up to `RECORDS` records as the source's format reader sees them.

        What is unreadable only because the sample ends in it is left out.
        """
        key = _make_key(source)
        if key not in self._records:
            self._records[key] = list(self._iter_parts(source))
        return self._records[key]

    def _iter_parts(self, source: Source) -> Iterator[Record | Unreadable]:
        member = Member(self.label, self.name, self._iter_chunks(), self.stored)
        records = list(itertools.islice(iter_records(member, source), RECORDS))
        if not self.is_whole and records and isinstance(records[-1], Unreadable):
            records.pop()
        yield from records
        if self.middle:
            # The header of a table stands only at its beginning.
            is_table = self.detect_format(source) in {"csv", "tsv"}
            header = self.head[: self.head.find(b"\n") + 1] if is_table and source.header != "none" else b""
            middle = Member(self.label, self.name, iter([header + self.middle]))
            yield from itertools.islice(iter_records(middle, source), MIDDLE_RECORDS)

    def _iter_chunks(self) -> Iterator[bytes]:
        yield self.head
        if self.is_damaged:
            raise TruncatedStreamError


def _make_key(source: Source) -> str:
    """Return what of a source decides how its files fall into records."""
    is_textual = source.format in {"auto", "transcript", "blocks", "html"}
    used = {"format", "encoding", "delimiter", "header", "columns", "blocks", "html", "max_record_bytes"}
    used |= {"transcript", "roles", "first_speaker", "ignore_speakers", "shape"} if is_textual else set()
    return source.model_dump_json(include=used)


def sample_file(path: Path, source: Source, *, members: int) -> list[Sample]:
    """Sample a file, or the first ``members`` files of an archive."""
    with path.open("rb") as stream:
        compression = detect_compression(stream.read(SAMPLE_BYTES), path.name)
    # Lazily: the members of a tar archive can be read only in its order.
    return [
        _sample_member(path, member, compression, source)
        for member in itertools.islice(iter_members(path, source), members)
    ]


def _sample_member(path: Path, member: Member, compression: str, source: Source) -> Sample:
    chunks = member.chunks
    head, is_whole, is_damaged = _take(chunks, HEAD_BYTES)
    size = path.stat().st_size
    sample = Sample(path, member.label, member.name, compression, head, b"", is_whole, is_damaged, size, member.path)
    if is_whole:
        return sample
    file_format = sample.detect_format(source)
    if file_format in _WHOLE_FORMATS and not (member.path and file_format in {"parquet", "arrow"}):
        rest, sample.is_whole, _ = _take(chunks, _WHOLE_BYTES)
        sample.head += rest
    elif file_format in _LINE_FORMATS:
        is_wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        line_feed = b"\n\0" if head.startswith(codecs.BOM_UTF16_LE) else b"\n"
        sample.head = head[: head.rfind(line_feed) + len(line_feed)] or head
        if compression == "none" and member.label == path.name and not is_wide:
            sample.middle = _read_middle(path, size)
    return sample


def _take(chunks: Iterator[bytes], limit: int) -> tuple[bytes, bool, bool]:
    """Return up to ``limit`` bytes, whether that is all, and whether the data is damaged."""
    data = bytearray()
    try:
        for chunk in chunks:
            data += chunk
            if len(data) > limit:
                return bytes(data[:limit]), False, False
    except TruncatedStreamError:
        return bytes(data), True, True
    return bytes(data), True, False


def _read_middle(path: Path, size: int) -> bytes:
    """Return whole lines from the middle of a plain file."""
    with path.open("rb") as stream:
        stream.seek(max(HEAD_BYTES, size // 2))
        data = stream.read(MIDDLE_BYTES)
    first, last = data.find(b"\n"), data.rfind(b"\n")
    return data[first + 1 : last + 1] if 0 <= first < last else b""
