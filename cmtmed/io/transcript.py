"""Readers of plain text: transcripts with speakers' labels, and blocks whose lines have fixed meanings."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.io.lines import Line, iter_lines
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.records import Record
from cmtmed.io.sections import SectionReader, SectionTitles
from cmtmed.io.separators import BLANK, RULE, compile_separator, has_text, split_blocks
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

_LOOKAHEAD_LINES: Final = 2000
_END: Final = re.compile(
    r"\s*[【\[#*]*\s*(?:Diagnosis and suggestions?|诊断(?:结果|结论)?(?:及|与|和)?(?:治疗)?建议?|总结建议|"
    r"问诊(?:总结|小结)|病历(?:摘要|小结|总结)|电子?处方(?:笺)?|处方信息|标注(?:信息)?|Annotations?)\s*[】\]#*]*\s*[:：]?\s*"
)
"""Headings of what platforms print below a dialogue."""
_HEADING: Final = re.compile(
    r"\s*[【\[#*=]*\s*(?:Dialogue|Description|Conversation|对话(?:内容|记录|详情)?|问诊(?:记录|对话|内容)|咨询记录|聊天记录|医患对话)\s*"
    r"[】\]#*=]*\s*[:：]?\s*"
)
"""Headings of the dialogue itself; they are no part of the turn above them."""
_CUE: Final = re.compile(r"\s*(?:\d{1,2}:)?\d{1,2}:\d{2}[,.]\d{3}\s*-->\s*(?:\d{1,2}:)?\d{1,2}:\d{2}[,.]\d{3}.*")
"""When a subtitle is shown."""


def read_blocks(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield records whose lines have fixed meanings, separated by blank lines."""
    names = source.blocks.lines
    for block, _ in split_blocks(iter_lines(chunks, source.encoding, source.max_record_bytes), re.compile(BLANK)):
        position = f"line {block[0].number}"
        unreadable = _find_unreadable(block)
        if unreadable:
            yield unreadable
        elif len(block) != len(names):
            yield Unreadable(position, Reason.RAGGED_ROW, _join_raw(block))
        else:
            yield Record(position, {name: line.text for name, line in zip(names, block, strict=True)})


def read_transcripts(
    chunks: Iterator[bytes], source: Source, labels: SpeakerLabels | None = None
) -> Iterator[Record | Unreadable]:
    """Yield dialogues in which every turn follows its speaker's label, as records with a ``text``.

    Args:
        chunks: the file.
        source: its declaration.
        labels: the source's labels, if they are there already.
    """
    stream = iter_lines(chunks, source.encoding, source.max_record_bytes)
    lookahead = list(itertools.islice(stream, _LOOKAHEAD_LINES))
    labels = labels or SpeakerLabels(source)
    separator = compile_separator(source.transcript.separator, lookahead, labels)
    parser = _BlockParser(
        source, labels, SectionTitles([block for block, _ in split_blocks(iter(lookahead), separator)], labels)
    )
    held: list[Line] = []
    for block, groups in split_blocks(itertools.chain(lookahead, stream), separator):
        if not held and not groups and _is_header(block, parser):
            # Header lines above the first line that gives an id belong to the dialogue below it.
            held = block
            continue
        if held and not parser.has_turns(block):
            yield _find_unreadable(held) or parser.parse(held, {})
            held = []
        yield _find_unreadable([*held, *block]) or parser.parse([*held, *block], groups)
        held = []
    if held:
        yield _find_unreadable(held) or parser.parse(held, {})


def _is_header(block: Sequence[Line], parser: _BlockParser) -> bool:
    return all(not (line.text or "").strip() or parser.find_header(line.text or "") for line in block)


def _find_unreadable(block: list[Line]) -> Unreadable | None:
    undecoded = next((line for line in block if line.text is None), None)
    if undecoded is None:
        return None
    size = sum(line.raw_bytes for line in block) + len(block) - 1
    return Unreadable(f"line {block[0].number}", undecoded.reason or Reason.UNDECODABLE, _join_raw(block), size)


def _join_raw(block: list[Line]) -> bytes:
    return b"\n".join(line.raw for line in block)


class _BlockParser:
    """Parses the lines of one dialogue into a record."""

    def __init__(self, source: Source, labels: SpeakerLabels, titles: SectionTitles) -> None:
        self.labels, self.titles = labels, titles
        self.headers = {
            column: re.compile(rf"\s*(?:{names})\s*[:：=](?P<value>.+)")
            for column, names in source.transcript.headers.items()
        }
        self.is_alternating = source.shape == "alternating"
        self.ignored = [re.compile(pattern) for pattern in source.transcript.ignore]
        self.declares_end = bool(source.transcript.end)
        self.ends = [re.compile(pattern) for pattern in source.transcript.end] or [_END]

    def parse(self, block: list[Line], groups: dict[str, str]) -> Record | Unreadable:
        """Return the record of a dialogue: its text, and the columns that its header lines give."""
        fields: dict[str, object] = dict(groups)
        left_out: Counter[str] = Counter()
        sections = SectionReader(self.titles)
        texts: list[str] = []
        has_turns = False
        for number, line in enumerate(block):
            text = line.text or ""
            has_turns = has_turns or (self.labels.line.match(text) is not None and not self.titles.matches(text))
            column = None if has_turns else self.find_header(text)
            is_title = self.titles.matches(text)
            if any(pattern.fullmatch(text) for pattern in self.ignored):
                left_out["heading"] += count_characters(text)
            elif has_turns and (is_title or any(pattern.fullmatch(text) for pattern in self.ends)):
                if self.declares_end or not self._has_label(block[number + 1 :]):
                    left_out["trailing_block"] += sum(count_characters(rest.text or "") for rest in block[number:])
                    break
                left_out["heading"] += count_characters(text)
            elif RULE.fullmatch(text):
                below = block[number + 1 :]
                if has_turns and has_text(below) and not self.has_turns(below):
                    left_out["trailing_block"] += sum(count_characters(rest.text or "") for rest in block[number:])
                    break
                left_out["heading"] += count_characters(text)
            elif _CUE.fullmatch(text):
                # The number and the time above a subtitle.
                number_line = texts.pop() if texts and texts[-1].strip().isdigit() else ""
                left_out["heading"] += count_characters(text) + count_characters(number_line)
            elif is_title:
                left_out["heading"] += sections.open(text)
            elif _HEADING.fullmatch(text):
                left_out["heading"] += count_characters(text)
                sections.close()
            elif column:
                name, value = column
                fields[name] = value
                left_out["heading"] += count_characters(text) - count_characters(value)
            elif has_turns or not sections.add(text):
                texts.append(text)
        if self.is_alternating:
            # Without speakers every line is a turn.
            turns = [text for text in texts if text.strip()]
            return Record(f"line {block[0].number}", {**fields, "messages": turns}, left_out)
        if not has_turns and len(self.labels.split("\n".join(texts)).roles) < 2:
            return Unreadable(f"line {block[0].number}", Reason.NO_DIALOGUE, _join_raw(block))
        sections.finish(fields, left_out)
        name = "transcript" if "opening" in fields else "text"
        return Record(f"line {block[0].number}", {**fields, name: "\n".join(texts)}, left_out)

    def has_turns(self, block: Sequence[Line]) -> bool:
        """Return whether some speaker is named."""
        return bool(self.labels.split("\n".join(line.text or "" for line in block)).turns)

    def _has_label(self, lines: Sequence[Line]) -> bool:
        return any(self.labels.line.match(line.text or "") for line in lines)

    def find_header(self, text: str) -> tuple[str, str] | None:
        """Return the column and the value that a header line gives, or None if it is none."""
        for column, pattern in self.headers.items():
            if match := pattern.fullmatch(text):
                return column, match["value"].strip() or " "
        return None
