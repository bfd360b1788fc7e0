"""Reading of crawl files into batches of dialogues; unreadable records go to quarantine.

For every file, records read = dialogues + quarantine records. Memory is bounded by one record and one batch.
"""

from __future__ import annotations

import glob
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from cmtmed.errors import InputError
from cmtmed.io.bytestream import Member, TruncatedStreamError, peek_head, store_stream
from cmtmed.io.column_content import name_by_content
from cmtmed.io.columnar import read_columnar
from cmtmed.io.containers import iter_members
from cmtmed.io.delimited import read_delimited
from cmtmed.io.formats import detect_format
from cmtmed.io.grouping import group_turns
from cmtmed.io.html import read_html
from cmtmed.io.jsonrecords import read_json, read_json_lines
from cmtmed.io.outputs import is_output, iter_crawl_files
from cmtmed.io.parsed import Turn
from cmtmed.io.quarantine import Reason, Unreadable, to_quarantine_table
from cmtmed.io.record_values import BrokenRecordError
from cmtmed.io.records import Record
from cmtmed.io.selection import Selector
from cmtmed.io.shapes import Dialogue, RecordParser
from cmtmed.io.spreadsheet import MAX_BYTES as WORKBOOK_BYTES
from cmtmed.io.spreadsheet import read_workbook
from cmtmed.io.transcript import read_blocks, read_transcripts
from cmtmed.messages import nest_rows
from cmtmed.schema import DIALOGUE, READ, TRACE
from cmtmed.source import Source
from cmtmed.stats import ReadingStats

_logger = logging.getLogger(__name__)

_READERS: Final[dict[str, Callable[[Iterator[bytes], Source], Iterator[Record | Unreadable]]]] = {
    "csv": lambda chunks, source: read_delimited(chunks, source, tabs=False),
    "tsv": lambda chunks, source: read_delimited(chunks, source, tabs=True),
    "jsonl": read_json_lines,
    "json": read_json,
    "transcript": read_transcripts,
    "blocks": read_blocks,
    "html": read_html,
}


@dataclass(frozen=True)
class ReadBatch:
    """Consecutive records of a file.

    Attributes:
        dialogues: table with the `READ` columns.
        quarantined: table with the `QUARANTINE` columns.
        stats: characters of the records that stand in no turn, and the fields that were not read.
    """

    dialogues: pl.DataFrame
    quarantined: pl.DataFrame
    stats: ReadingStats


def match_files(inputs: Sequence[str | Path], sources: Sequence[Source]) -> list[Path]:
    """Expand files, directories and globs into the files to read, each once, in order of path.

    Directories that cmtmed wrote are no part of a crawl: earlier builds, unfinished ones, training runs.

    Raises:
        InputError: an input is missing or matches nothing, or no source matches a file given by name.
    """
    files: set[Path] = set()
    outputs: list[Path] = []
    for pattern in inputs:
        path = Path(pattern)
        if path.is_dir():
            if is_output(path):
                outputs.append(path)
                continue
            below = [file for file in path.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(path))]
            candidates = list(iter_crawl_files(below, path))
            if below and not candidates:
                outputs.append(path)
                continue
            matching = [file for file in candidates if any(source.matches(file) for source in sources)]
            if not matching:
                raise InputError(
                    f"directory {str(pattern)!r} contains no file that matches a source; {_describe_sources(sources)}"
                )
            files.update(matching)
        elif path.is_file():
            if not any(source.matches(path) for source in sources):
                raise InputError(f"no source matches {str(pattern)!r}; {_describe_sources(sources)}")
            files.add(path)
        elif glob.has_magic(str(pattern)):
            # Path.glob does not accept absolute patterns.
            candidates = [Path(file) for file in glob.glob(str(pattern), recursive=True) if Path(file).is_file()]  # noqa: PTH207
            candidates = list(iter_crawl_files(candidates, _find_base(path)))
            matching = [file for file in candidates if any(source.matches(file) for source in sources)]
            if not matching:
                raise InputError(
                    f"no file of {str(pattern)!r} matches a source; check the pattern: {_describe_sources(sources)}"
                )
            files.update(matching)
        else:
            raise InputError(f"input {str(pattern)!r} does not exist; pass files, directories or glob patterns")
    for path in outputs:
        _logger.info("%s is not read: cmtmed wrote all of it", path)
    if outputs and not files:
        raise InputError(
            f"input {str(outputs[0])!r} is no crawl: cmtmed wrote all of it; pass the files of a crawl (or, to read "
            "this directory all the same, its files by name)"
        )
    if not files:
        raise InputError("no inputs; pass files, directories or glob patterns")
    return sorted(files)


def _find_base(pattern: Path) -> Path:
    """Return the directory that a glob pattern begins in."""
    return next(path for path in pattern.parents if not glob.has_magic(str(path)))


def _is_hidden(path: PurePath) -> bool:
    return any(component.startswith(".") for component in path.parts)


def _describe_sources(sources: Sequence[Source]) -> str:
    return "the pipeline's sources match " + ", ".join(repr(source.match) for source in sources)


def read_file(
    path: Path, sources: Sequence[Source], *, batch_rows: int = 4096, selector: Selector | None = None
) -> Iterator[ReadBatch]:
    """Read a crawl file.

    Args:
        path: the file, plain or compressed.
        sources: declarations; a record goes to the first source that matches the file and whose ``having`` fields the
            record has.
        batch_rows: dialogues per batch; the last batch may have fewer.
        selector: decides which records are read; all of them if None.

    Yields:
        Batches whose dialogues and quarantine records together are all records of the file that are selected.

    Raises:
        InputError: the file cannot be opened at all.
    """
    parsers = [RecordParser(source) for source in sources if source.matches(path)]
    if not parsers:
        raise InputError(f"no source matches {str(path)!r}; {_describe_sources(sources)}")
    # Format, encoding and compression belong to the file, so the first source that matches it declares them.
    first = parsers[0].source
    try:
        for member in iter_members(path, first):
            yield from _read_member(member, first, parsers, batch_rows, selector)
            if selector is not None and selector.is_done:
                return
    except PermissionError:
        raise InputError(f"input {str(path)!r} cannot be opened: permission denied") from None


def _read_member(
    member: Member, first: Source, parsers: Sequence[RecordParser], batch_rows: int, selector: Selector | None
) -> Iterator[ReadBatch]:
    batch = _BatchBuilder(member.label)
    label = member.label
    only = parsers[0] if len(parsers) == 1 and not first.having else None
    records = _guard(group_turns(name_by_content(iter_records(member, first), first), first, parsers[0].turns))
    for number, record in enumerate(records, start=1):
        if selector is not None and not selector.takes(label, number):
            if selector.is_done:
                break
            continue
        if isinstance(record, Unreadable):
            batch.add_unreadable(record)
        else:
            try:
                parser = only or _choose_parser(parsers, record)
                dialogues = parser.parse(record)
                first_dialogue = dialogues[0]
                batch.add(parser.source, first_dialogue, first_dialogue.source_id or f"{label}:{number}")
                if len(dialogues) > 1:
                    for index, dialogue in enumerate(dialogues[1:], start=2):
                        batch.add(parser.source, dialogue, dialogue.source_id or f"{label}:{number}#{index}")
            except BrokenRecordError as error:
                batch.add_unreadable(Unreadable(record.position, error.reason, _dump(record.value)))
                if error.reason is Reason.MISSING_FIELD:
                    batch.stats.unfit_records.update(error.fields)
            except RecursionError:
                batch.add_unreadable(Unreadable(record.position, Reason.WRONG_TYPE, _dump(record.value)))
            except _FAULTS:
                batch.add_unreadable(Unreadable(record.position, Reason.READER_ERROR, _dump(record.value)))
        if batch.is_full(batch_rows):
            yield batch.build()
            batch = _BatchBuilder(member.label)
    yield batch.build()


def _choose_parser(parsers: Sequence[RecordParser], record: Record) -> RecordParser:
    parser = next((candidate for candidate in parsers if candidate.belongs(record.value)), None)
    if parser is None:
        raise BrokenRecordError(Reason.NO_SOURCE)
    return parser


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, RecursionError):
        pass
    try:
        return json.dumps(value, ensure_ascii=False, default=str, skipkeys=True).encode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        return b""  # nested deeper than it can be written


_FAULTS: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""Errors in the reading of one record that are faults of this library and cost this record alone."""


def iter_records(member: Member, source: Source) -> Iterator[Record | Unreadable]:
    """Yield the records of a file, or of one file in an archive, as its format reads them, before any is parsed."""
    head, chunks = peek_head(member.chunks)
    file_format = source.format if source.format != "auto" else detect_format(member.name, head, source)
    if file_format in {"parquet", "arrow", "xlsx"}:
        limit = WORKBOOK_BYTES + 1 if file_format == "xlsx" else None
        try:
            with store_stream(chunks, member.path, limit) as stored:
                yield from (
                    read_workbook(stored, source)
                    if file_format == "xlsx"
                    else read_columnar(stored, parquet=file_format == "parquet")
                )
        except TruncatedStreamError:
            yield Unreadable("byte 1", Reason.TRUNCATED_STREAM, head)
        return
    has_records = False
    for record in _guard(_READERS[file_format](chunks, source), head):
        has_records = True
        yield record
    if not has_records and not head.removeprefix(b"\xef\xbb\xbf").strip():
        yield Unreadable("byte 1", Reason.EMPTY_FILE, head)


def _guard(records: Iterator[Record | Unreadable], head: bytes = b"") -> Iterator[Record | Unreadable]:
    """Yield records; where the reader fails, what follows in the file is one entry of the quarantine."""
    count = 0
    try:
        for record in records:
            count += 1
            yield record
    except (*_FAULTS, RecursionError):
        yield Unreadable(f"record {count + 1}", Reason.READER_ERROR, head)


_BATCH_BYTES: Final = 2**26
"""Characters and bytes of a batch beyond which it is full with fewer rows."""


class _BatchBuilder:
    """Collects a batch's columns as flat lists: one Arrow table at the end instead of one per row."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.unreadable: list[Unreadable] = []
        self._sources: list[str] = []
        self._source_ids: list[str] = []
        self._licenses: list[str | None] = []
        self._departments: list[str | None] = []
        self._subdepartments: list[str | None] = []
        self._turns: list[Turn] = []
        self._counts: list[int] = []
        self._reasons: list[str] = []
        self._characters: list[int] = []
        self._reason_counts: list[int] = []
        self.stats = ReadingStats()
        self._bytes = 0

    def add_unreadable(self, record: Unreadable) -> None:
        self.unreadable.append(record)
        self._bytes += len(record.raw)

    def add(self, source: Source, dialogue: Dialogue, source_id: str) -> None:
        self._sources.append(source.name)
        self._source_ids.append(source_id)
        self._licenses.append(source.license)
        self._departments.append(dialogue.department)
        self._subdepartments.append(dialogue.subdepartment)
        self._turns += dialogue.turns
        self._counts.append(len(dialogue.turns))
        self._bytes += sum(len(text) for _, text in dialogue.turns)
        left_out = dialogue.left_out
        self._reasons.extend(left_out)
        self._characters.extend(left_out.values())
        self._reason_counts.append(len(left_out))
        if dialogue.ignored:
            for field, characters in dialogue.ignored.items():
                if field not in source.ignore_fields:
                    self.stats.unread_records[field] += 1
                    self.stats.unread_characters[field] += characters

    def is_full(self, rows: int) -> bool:
        return len(self._counts) >= rows or len(self.unreadable) >= rows or self._bytes > _BATCH_BYTES

    def build(self) -> ReadBatch:
        turns = pl.DataFrame(self._turns, schema={"role": pl.String, "content": pl.String}, orient="row")
        messages = nest_rows(turns, np.array(self._counts, dtype=np.int64)).rename("messages")
        columns = {
            "source": self._sources,
            "source_id": self._source_ids,
            "license": self._licenses,
            "department": self._departments,
            "subdepartment": self._subdepartments,
        }
        rows = pl.DataFrame(columns, schema={name: DIALOGUE[name] for name in columns})
        identifier = pl.concat_str("source", pl.lit("/"), "source_id").alias("id")
        rows = rows.with_columns(identifier, messages, self._create_trace())
        return ReadBatch(rows.select(READ), to_quarantine_table(self.label, self.unreadable), self.stats)

    def _create_trace(self) -> pl.Series:
        """Return the column of what was left out, and add it to the statistics."""
        entries = pl.DataFrame(
            {"reason": self._reasons, "characters": self._characters},
            schema={"reason": pl.String, "characters": pl.Int64},
        ).select(pl.lit("read").alias("stage"), pl.lit("left_out").alias("action"), "reason", "characters")
        counts = np.array(self._reason_counts, dtype=np.int64)
        is_something = np.array(self._characters, dtype=np.int64) != 0
        if not is_something.all():
            rows = np.repeat(np.arange(len(counts)), counts)[is_something]
            counts = np.bincount(rows, minlength=len(counts))
            entries = entries.filter(pl.Series(is_something))
        totals = entries.group_by("reason").agg(pl.col("characters").sum())
        self.stats.left_out.update(dict(totals.iter_rows()))
        return nest_rows(entries, counts).cast(TRACE).rename("trace")
