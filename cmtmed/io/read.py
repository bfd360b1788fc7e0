"""Reading of crawl files into batches of dialogues; unreadable records go to quarantine.

For every file, records read = dialogues + quarantine records. Memory is bounded by one record and one batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from cmtmed.errors import InputError
from cmtmed.io.batches import BatchBuilder, ReadBatch
from cmtmed.io.bytestream import Member, TruncatedStreamError, peek_head, store_stream
from cmtmed.io.column_content import name_by_content
from cmtmed.io.columnar import read_columnar
from cmtmed.io.containers import iter_members
from cmtmed.io.crawl_files import describe_sources, match_files
from cmtmed.io.delimited import read_delimited
from cmtmed.io.formats import detect_format
from cmtmed.io.grouping import group_turns
from cmtmed.io.html import read_html
from cmtmed.io.jsonrecords import read_json, read_json_lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.record_values import BrokenRecordError
from cmtmed.io.records import Record
from cmtmed.io.selection import Selector
from cmtmed.io.shapes import RecordParser
from cmtmed.io.spreadsheet import MAX_BYTES as WORKBOOK_BYTES
from cmtmed.io.spreadsheet import read_workbook
from cmtmed.io.transcript import read_blocks, read_transcripts
from cmtmed.source import Source

__all__ = ["ReadBatch", "iter_records", "match_files", "read_file"]

_READERS: Final[dict[str, Callable[[Iterator[bytes], Source], Iterator[Record | Unreadable]]]] = {
    "csv": lambda chunks, source: read_delimited(chunks, source, tabs=False),
    "tsv": lambda chunks, source: read_delimited(chunks, source, tabs=True),
    "jsonl": read_json_lines,
    "json": read_json,
    "transcript": read_transcripts,
    "blocks": read_blocks,
    "html": read_html,
}


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
        raise InputError(f"no source matches {str(path)!r}; {describe_sources(sources)}")
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
    batch = BatchBuilder(member.label)
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
            batch = BatchBuilder(member.label)
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
