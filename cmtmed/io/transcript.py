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
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

_RULE: Final = r"\s*(?:[-=*_#~—－＝+]{3,})\s*"
_BLANK: Final = r"\s*"
_NUMBERED: Final = (
    r"\s*[#【\[(（]*(?:(?:id|ID|Id|编号|对话编号|病例编号|病历号|序号)\s*[=:：]\s*|"
    r"(?:对话|会话|病例|案例|咨询|问诊|第|dialogue|Dialogue|case|Case)\s*[:：#]?\s*)"
    r"(?P<id>[A-Za-z_-]*\d[A-Za-z0-9_-]*)\s*(?:条|例|个|段|组|次对话)?\s*[】\])）]*[:：]?\s*"
)
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


def read_blocks(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield records whose lines have fixed meanings, separated by blank lines."""
    names = source.blocks.lines
    for block, _ in _split_blocks(iter_lines(chunks, source.encoding, source.max_record_bytes), re.compile(_BLANK)):
        position = f"line {block[0].number}"
        unreadable = _find_unreadable(block)
        if unreadable:
            yield unreadable
        elif len(block) != len(names):
            yield Unreadable(position, Reason.RAGGED_ROW, _join_raw(block))
        else:
            yield Record(position, {name: line.text for name, line in zip(names, block, strict=True)})


def read_transcripts(chunks: Iterator[bytes], source: Source) -> Iterator[Record | Unreadable]:
    """Yield dialogues in which every turn follows its speaker's label, as records with a ``text``."""
    stream = iter_lines(chunks, source.encoding, source.max_record_bytes)
    lookahead = list(itertools.islice(stream, _LOOKAHEAD_LINES))
    labels = SpeakerLabels(source)
    separator = _compile_separator(source.transcript.separator, lookahead, labels)
    parser = _BlockParser(source, labels)
    for block, groups in _split_blocks(itertools.chain(lookahead, stream), separator):
        yield _find_unreadable(block) or parser.parse(block, groups)


def _compile_separator(separator: str, lookahead: Sequence[Line], labels: SpeakerLabels) -> re.Pattern[str]:
    return _detect_separator(lookahead, labels) if separator == "auto" else compile_declared_separator(separator)


def compile_declared_separator(separator: str) -> re.Pattern[str]:
    """Compile a separator that is not ``auto``: ``rule``, ``blank``, or a regular expression for whole lines."""
    return re.compile({"rule": _RULE, "blank": _BLANK}.get(separator, separator))


def _detect_separator(lookahead: Sequence[Line], labels: SpeakerLabels) -> re.Pattern[str]:
    """Return the separator that divides the first lines into the most dialogues with both speakers.

    Rule lines and numbered lines are preferred to blank lines, which may as well stand between turns.
    """
    candidates = [re.compile(pattern) for pattern in (_NUMBERED, _RULE, _TWO_BLANK, _BLANK, _NONE)]

    def score(candidate: re.Pattern[str]) -> tuple[float, int]:
        blocks = [block for block, _ in _split_blocks(iter(lookahead), candidate)]
        transcripts = [labels.split("\n".join(line.text or "" for line in block)) for block in blocks]
        labelled = [transcript for transcript in transcripts if transcript.turns]
        complete = sum({"user", "assistant"} <= transcript.roles for transcript in labelled)
        return (round(complete / len(labelled), 1) if labelled else 0.0, complete)

    best = max(candidates, key=score)
    return best if score(best)[1] else re.compile(_BLANK)


_TWO_BLANK: Final = "two blank lines"
_NONE: Final = "(?!)"


def _split_blocks(stream: Iterator[Line], separator: re.Pattern[str]) -> Iterator[tuple[list[Line], dict[str, str]]]:
    """Yield the lines between separators, and what the groups of the separator above them matched."""
    block: list[Line] = []
    groups: dict[str, str] = {}
    blank_lines = 0
    for line in stream:
        if line.text is None:
            # An unreadable line makes its whole dialogue unreadable.
            block.append(line)
            continue
        blank_lines = 0 if line.text.strip() else blank_lines + 1
        match = separator.fullmatch(line.text) if separator.pattern != _TWO_BLANK else None
        if match or (separator.pattern == _TWO_BLANK and blank_lines == 2):
            if _has_text(block):
                yield block, groups
            block = []
            groups = {name: text for name, text in match.groupdict().items() if text} if match else {}
        elif line.text.strip() or block:
            block.append(line)
    if _has_text(block):
        yield block, groups


def _has_text(block: Sequence[Line]) -> bool:
    return any(line.text is None or line.text.strip() for line in block)


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

    def __init__(self, source: Source, labels: SpeakerLabels) -> None:
        self.labels = labels
        self.headers = {
            column: re.compile(rf"\s*(?:{names})\s*[:：=]\s*(?P<value>.+?)\s*")
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
        texts: list[str] = []
        has_turns = False
        for number, line in enumerate(block):
            text = line.text or ""
            has_turns = has_turns or self.labels.line.match(text) is not None
            column = None if has_turns else self._find_header(text)
            if any(pattern.fullmatch(text) for pattern in self.ignored):
                left_out["heading"] += count_characters(text)
            elif has_turns and any(pattern.fullmatch(text) for pattern in self.ends):
                if self.declares_end or not self._has_label(block[number + 1 :]):
                    left_out["trailing_block"] += sum(count_characters(rest.text or "") for rest in block[number:])
                    break
                left_out["heading"] += count_characters(text)
            elif _HEADING.fullmatch(text):
                left_out["heading"] += count_characters(text)
            elif column:
                name, value = column
                fields[name] = value
                left_out["heading"] += count_characters(text) - count_characters(value)
            else:
                texts.append(text)
        if self.is_alternating:
            # Without speakers every line is a turn.
            turns = [text for text in texts if text.strip()]
            return Record(f"line {block[0].number}", {**fields, "messages": turns}, left_out)
        if not has_turns:
            return Unreadable(f"line {block[0].number}", Reason.NO_DIALOGUE, _join_raw(block))
        return Record(f"line {block[0].number}", {**fields, "text": "\n".join(texts)}, left_out)

    def _has_label(self, lines: Sequence[Line]) -> bool:
        return any(self.labels.line.match(line.text or "") for line in lines)

    def _find_header(self, text: str) -> tuple[str, str] | None:
        for column, pattern in self.headers.items():
            if match := pattern.fullmatch(text):
                return column, match["value"]
        return None
