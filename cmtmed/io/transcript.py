"""Readers of plain text: transcripts with speakers' names, and blocks whose lines have fixed meanings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cmtmed.io.jsonrecords import Record
from cmtmed.io.lines import Line, iter_lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.speakers import Speakers
from cmtmed.source import Source

_RULE: Final = r"\s*(?:[-=*_#~—－＝]{3,})\s*"
_BLANK: Final = r"\s*"
_LOOKAHEAD_LINES: Final = 2000


def read_blocks(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield records whose lines have fixed meanings, separated by blank lines."""
    names = source.blocks.lines
    for block in _split_blocks(iter_lines(chunks, source.encoding, source.max_record_bytes), re.compile(_BLANK)):
        position = f"line {block[0].number}"
        unreadable = _find_unreadable(block)
        if unreadable:
            yield unreadable
        elif len(block) != len(names):
            yield Unreadable(position, Reason.RAGGED_ROW, _join_raw(block))
        else:
            yield position, {name: line.text for name, line in zip(names, block, strict=True)}


def read_transcripts(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield dialogues in which every turn starts with a speaker's name, as records with ``messages``."""
    speakers = Speakers(source)
    stream = iter_lines(chunks, source.encoding, source.max_record_bytes)
    lookahead = [line for line, _ in zip(stream, range(_LOOKAHEAD_LINES), strict=False)]
    separator = _compile_separator(source.transcript.separator, lookahead)

    def iter_all_lines() -> Iterator[Line]:
        yield from lookahead
        yield from stream

    for block in _split_blocks(iter_all_lines(), separator):
        unreadable = _find_unreadable(block)
        yield unreadable or _parse_dialogue(block, source, speakers)


def _compile_separator(separator: str, lookahead: list[Line]) -> re.Pattern[str]:
    if separator == "auto":
        rules = re.compile(_RULE)
        separator = "rule" if any(line.text and rules.fullmatch(line.text) for line in lookahead) else "blank"
    return re.compile({"rule": _RULE, "blank": _BLANK}.get(separator, separator))


def _split_blocks(stream: Iterator[Line], separator: re.Pattern[str]) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in stream:
        if line.text is None:
            # An unreadable line makes its whole dialogue unreadable.
            block.append(line)
        elif separator.fullmatch(line.text):
            if block:
                yield block
            block = []
        elif line.text.strip() or block:
            block.append(line)
    if any(line.text is None or line.text.strip() for line in block):
        yield block


def _find_unreadable(block: list[Line]) -> Unreadable | None:
    undecoded = next((line for line in block if line.text is None), None)
    if undecoded is None:
        return None
    size = sum(line.raw_bytes for line in block) + len(block) - 1
    return Unreadable(f"line {block[0].number}", undecoded.reason or Reason.UNDECODABLE, _join_raw(block), size)


def _join_raw(block: list[Line]) -> bytes:
    return b"\n".join(line.raw for line in block)


def _parse_dialogue(block: list[Line], source: Source, speakers: Speakers) -> Record | Unreadable:
    position = f"line {block[0].number}"
    fields: dict[str, object] = {}
    start = next((index for index, line in enumerate(block) if speakers.pattern.match(line.text or "")), None)
    if start is None:
        return Unreadable(position, Reason.NO_DIALOGUE, _join_raw(block))
    for line in block[:start]:
        for column, names in source.transcript.headers.items():
            match = re.fullmatch(rf"\s*(?:{names})\s*[:：]\s*(.+?)\s*", line.text or "")
            if match:
                fields[column] = match.group(1)
    fields["messages"] = speakers.split_turns("\n".join(line.text or "" for line in block[start:]))
    return position, fields
