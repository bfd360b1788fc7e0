"""Read any file of a crawl into batches of dialogues; put what cannot be read into quarantine.

For every file, records read = dialogues + quarantined records. Memory is bounded by one record and one batch.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from cmtmed.errors import InputError
from cmtmed.io.bytestream import Member, TruncatedStreamError, members
from cmtmed.io.columnar import columnar
from cmtmed.io.delimited import delimited
from cmtmed.io.html import html
from cmtmed.io.jsonrecords import Record, json_array, json_lines
from cmtmed.io.lines import peeked
from cmtmed.io.quarantine import Reason, Unreadable, quarantine
from cmtmed.io.shapes import BrokenRecordError, Dialogue, Shaper
from cmtmed.io.transcript import blocks, transcripts
from cmtmed.messages import nest_rows
from cmtmed.schema import DIALOGUE, READ
from cmtmed.source import Source

_SUFFIXES: Final = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".html": "html", ".htm": "html", ".txt": "transcript",
}  # fmt: skip

_STREAMS: Final[dict[str, Callable[[Iterator[bytes], Source], Iterator[Record | Unreadable]]]] = {
    "csv": lambda chunks, source: delimited(chunks, source, tabs=False),
    "tsv": lambda chunks, source: delimited(chunks, source, tabs=True),
    "jsonl": json_lines,
    "json": json_array,
    "transcript": transcripts,
    "blocks": blocks,
    "html": html,
}


@dataclass(frozen=True)
class ReadBatch:
    """Some records of a file.

    Attributes:
        dialogues: the `READ` columns.
        quarantined: the `QUARANTINE` columns.
    """

    dialogues: pl.DataFrame
    quarantined: pl.DataFrame


def match_files(inputs: Sequence[str | Path], sources: Sequence[Source]) -> list[Path]:
    """Expand files, directories and globs into the files to read, each once, in order of path.

    Raises:
        InputError: an input is missing or matches nothing, or no source takes a file that was named.
    """
    found: set[Path] = set()
    for told in inputs:
        path = Path(told)
        if path.is_dir():
            inside = [one for one in path.rglob("*") if one.is_file() and not _hidden(one.relative_to(path))]
            taken = [one for one in inside if any(source.matches(one) for source in sources)]
            if not taken:
                raise InputError(f"directory {str(told)!r} holds no file that a source takes; {_told(sources)}")
            found.update(taken)
        elif path.is_file():
            if not any(source.matches(path) for source in sources):
                raise InputError(f"no source takes {str(told)!r}; {_told(sources)}")
            found.add(path)
        elif glob.has_magic(str(told)):
            # Path.glob takes no absolute pattern.
            matched = [Path(one) for one in glob.glob(str(told), recursive=True) if Path(one).is_file()]  # noqa: PTH207
            taken = [one for one in matched if any(source.matches(one) for source in sources)]
            if not taken:
                raise InputError(
                    f"nothing that a source takes matches {str(told)!r}; check the pattern and {_told(sources)}"
                )
            found.update(taken)
        else:
            raise InputError(f"input {str(told)!r} does not exist; give files, directories or glob patterns")
    if not found:
        raise InputError("no inputs; give files, directories or glob patterns")
    return sorted(found)


def _hidden(path: PurePath) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _told(sources: Sequence[Source]) -> str:
    return "the pipeline's sources match " + ", ".join(repr(source.match) for source in sources)


def read(path: Path, sources: Sequence[Source], *, batch_rows: int = 4096) -> Iterator[ReadBatch]:
    """Read a file.

    Args:
        path: the file, plain or packed.
        sources: declarations; a record goes to the first one that takes the file and whose ``having`` it fulfils.
        batch_rows: dialogues per batch; the last one may have fewer.

    Yields:
        Batches whose dialogues and quarantined records together are all records of the file.

    Raises:
        InputError: the file cannot be opened at all.
    """
    shapers = [Shaper(source) for source in sources if source.matches(path)]
    if not shapers:
        raise InputError(f"no source takes {str(path)!r}; {_told(sources)}")
    # Format, encoding and packing belong to the file, so the first source that takes it tells them.
    first = shapers[0].source
    try:
        for member in members(path, first):
            yield from _member(path, member, first, shapers, batch_rows)
    except PermissionError:
        raise InputError(f"input {str(path)!r} cannot be opened: permission denied") from None


def _member(
    path: Path, member: Member, first: Source, shapers: Sequence[Shaper], batch_rows: int
) -> Iterator[ReadBatch]:
    batch = _Batch(member.label)
    for number, found in enumerate(_records(path, member, first), start=1):
        if isinstance(found, Unreadable):
            batch.broken.append(found)
        else:
            position, record = found
            shaper = next((one for one in shapers if all(name in record for name in one.source.having)), None)
            try:
                if shaper is None:
                    raise BrokenRecordError(Reason.NO_SOURCE)
                batch.add(shaper.source, shaper.dialogue(record), number)
            except BrokenRecordError as error:
                raw = orjson.dumps(record, default=_plain)
                batch.broken.append(Unreadable(position, error.reason, raw))
        if batch.full(batch_rows):
            yield batch.done()
            batch = _Batch(member.label)
    yield batch.done()


def _records(path: Path, member: Member, source: Source) -> Iterator[Record | Unreadable]:
    try:
        head, chunks = peeked(member.chunks())
    except TruncatedStreamError:
        yield Unreadable("byte 1", Reason.TRUNCATED_STREAM, b"")
        return
    kind = source.format if source.format != "auto" else _format(member.name, head)
    if kind in {"parquet", "arrow"} and member.label == path.name:
        yield from columnar(path, parquet=kind == "parquet")
        return
    if kind in {"parquet", "arrow"}:
        yield Unreadable("byte 1", Reason.DAMAGED_FILE, head)
        return
    seen = False
    for found in _STREAMS[kind](chunks, source):
        seen = True
        yield found
    if not seen and not head.removeprefix(b"\xef\xbb\xbf").strip():
        yield Unreadable("byte 1", Reason.EMPTY_FILE, head)


def _format(name: str, head: bytes) -> str:
    """Tell a file's format by its name, and JSON's two forms and nameless files by how they begin."""
    kind = _SUFFIXES.get(PurePath(name).suffix.lower())
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if kind in {"json", "jsonl", None} and start[:1] in (b"{", b"["):
        return "jsonl" if start[:1] == b"{" else "json"
    if kind is None and start[:1] == b"<":
        return "html"
    if kind is None:
        return "parquet" if head[:4] == b"PAR1" else "arrow" if head[:6] == b"ARROW1" else "transcript"
    return kind


def _plain(value: Any) -> str:
    """Write what JSON has no form for, such as the dates and bytes of a Parquet file."""
    return str(value)


class _Batch:
    """Columns of a growing batch, as flat lists: one Arrow table at the end instead of one per row."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.broken: list[Unreadable] = []
        self._meta: dict[str, list[str | None]] = {name: [] for name in READ if name != "messages"}
        self._roles: list[str] = []
        self._contents: list[str | None] = []
        self._counts: list[int] = []

    def add(self, source: Source, dialogue: Dialogue, number: int) -> None:
        source_id = dialogue.source_id or f"{self.label}:{number}"
        row = (
            f"{source.name}/{source_id}", source.name, source_id, source.license, dialogue.department,
            dialogue.subdepartment,
        )  # fmt: skip
        for column, value in zip(self._meta.values(), row, strict=True):
            column.append(value)
        for role, content in dialogue.turns:
            self._roles.append(role)
            self._contents.append(content)
        self._counts.append(len(dialogue.turns))

    def full(self, rows: int) -> bool:
        return len(self._counts) >= rows or len(self.broken) >= rows

    def done(self) -> ReadBatch:
        turns = pl.DataFrame(
            {"role": self._roles, "content": self._contents}, schema={"role": pl.String, "content": pl.String}
        )
        messages = nest_rows(turns, np.array(self._counts, dtype=np.int64)).rename("messages")
        rows = pl.DataFrame(self._meta, schema={name: DIALOGUE[name] for name in self._meta}).with_columns(messages)
        return ReadBatch(rows.select(READ), quarantine(self.label, self.broken))
