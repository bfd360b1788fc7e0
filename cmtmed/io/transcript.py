"""Plain text: transcripts with speakers' names, and blocks of lines with fixed meanings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cmtmed.io.jsonrecords import Record
from cmtmed.io.lines import Line, lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.speakers import Speakers
from cmtmed.source import Source

_RULE: Final = r"\s*(?:[-=*_#~—－＝]{3,})\s*"
_BLANK: Final = r"\s*"
_LOOK_AHEAD: Final = 2000


def blocks(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield records whose lines have fixed meanings, parted by blank lines."""
    names = source.blocks.lines
    for block in _blocks(lines(chunks, source.encoding, source.max_record_bytes), re.compile(_BLANK)):
        position = f"line {block[0].number}"
        broken = _unreadable(block)
        if broken:
            yield broken
        elif len(block) != len(names):
            yield Unreadable(position, Reason.RAGGED_ROW, _raw(block))
        else:
            yield position, {name: line.text for name, line in zip(names, block, strict=True)}


def transcripts(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield dialogues in which each turn begins with a speaker's name, as records with ``messages``."""
    speakers = Speakers(source)
    stream = lines(chunks, source.encoding, source.max_record_bytes)
    ahead = [line for line, _ in zip(stream, range(_LOOK_AHEAD), strict=False)]
    separator = _separator(source.transcript.separator, ahead)

    def whole() -> Iterator[Line]:
        yield from ahead
        yield from stream

    for block in _blocks(whole(), separator):
        broken = _unreadable(block)
        yield broken or _dialogue(block, source, speakers)


def _separator(told: str, ahead: list[Line]) -> re.Pattern[str]:
    if told == "auto":
        rules = re.compile(_RULE)
        told = "rule" if any(line.text and rules.fullmatch(line.text) for line in ahead) else "blank"
    return re.compile({"rule": _RULE, "blank": _BLANK}.get(told, told))


def _blocks(stream: Iterator[Line], separator: re.Pattern[str]) -> Iterator[list[Line]]:
    block: list[Line] = []
    for line in stream:
        if line.text is None:
            # The dialogue around an unreadable line is not readable as a whole.
            block.append(line)
        elif separator.fullmatch(line.text):
            if block:
                yield block
            block = []
        elif line.text.strip() or block:
            block.append(line)
    if any(line.text is None or line.text.strip() for line in block):
        yield block


def _unreadable(block: list[Line]) -> Unreadable | None:
    bad = next((line for line in block if line.text is None), None)
    if bad is None:
        return None
    size = sum(line.raw_bytes for line in block) + len(block) - 1
    return Unreadable(f"line {block[0].number}", bad.reason or Reason.UNDECODABLE, _raw(block), size)


def _raw(block: list[Line]) -> bytes:
    return b"\n".join(line.raw for line in block)


def _dialogue(block: list[Line], source: Source, speakers: Speakers) -> Record | Unreadable:
    position = f"line {block[0].number}"
    fields: dict[str, object] = {}
    start = 0
    for start, line in enumerate(block):  # noqa: B007 (used after the loop)
        if speakers.label.match(line.text or ""):
            break
        for column, names in source.transcript.headers.items():
            found = re.fullmatch(rf"\s*(?:{names})\s*[:：]\s*(.+?)\s*", line.text or "")
            if found:
                fields[column] = found.group(1)
    else:
        return Unreadable(position, Reason.NO_DIALOGUE, _raw(block))
    fields["messages"] = speakers.turns("\n".join(line.text or "" for line in block[start:]))
    return position, fields
