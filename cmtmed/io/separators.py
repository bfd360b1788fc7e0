"""Separators between the dialogues of a text file: declared, or the lines that divide it best."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.io.lines import Line
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.text.speaker_labels import get_name

_RULE: Final = r"\s*(?:[-=*_#~—－＝+]{3,}|(?![.。，,、！!？?；;：:…（）()])([^\w\s])(?:[ \t　]*\1){2,})\s*"
"""A line of one mark again and again; of marks that end a sentence it may be what somebody says."""
_DOTS: Final = r"\s*([.。…·])(?:[ \t　]*\1){2,}\s*"
RULE: Final = re.compile(_RULE)
BLANK: Final = r"\s*"
_NUMBERED: Final = (
    r"\s*[#【\[(（]*(?:(?:id|ID|Id|编号|对话编号|病例编号|病历号|序号)\s*[=:：]\s*|"
    r"(?:对话|会话|病例|案例|咨询|问诊|第|dialogue|Dialogue|case|Case)\s*[:：#]?\s*)"
    r"(?P<id>[A-Za-z_-]*\d[A-Za-z0-9_-]*)\s*(?:条|例|个|段|组|次对话)?\s*[】\])）]*[:：]?\s*"
)


def compile_separator(separator: str, lookahead: Sequence[Line], labels: SpeakerLabels) -> re.Pattern[str]:
    """Return the pattern of a separator, detected if it is ``auto``."""
    return detect_separator(lookahead, labels) if separator == "auto" else compile_declared_separator(separator)


def compile_declared_separator(separator: str) -> re.Pattern[str]:
    """Compile a separator that is not ``auto``: ``rule``, ``blank``, ``line``, or a regular expression."""
    return re.compile({"rule": _RULE, "blank": BLANK, "line": _LINE}.get(separator, separator))


def detect_separator(lookahead: Sequence[Line], labels: SpeakerLabels) -> re.Pattern[str]:
    """Return the separator that divides the first lines into the most dialogues with both speakers.

    Rule lines and numbered lines are preferred to blank lines, which may as well stand between turns.
    """
    texts = [line.text or "" for line in lookahead]
    running = [pattern for pattern in _list_running(texts, labels) if _precedes_labels(pattern, texts, labels)]
    running += [_QUESTION] if _are_questions_numbered(texts, labels) else []
    candidates = [re.compile(pattern) for pattern in (_NUMBERED, *running, _RULE, _TWO_BLANK, BLANK, _DOTS, _NONE)]

    def score(candidate: re.Pattern[str]) -> tuple[float, int]:
        blocks = [block for block, _ in split_blocks(iter(lookahead), candidate)]
        transcripts = [labels.split("\n".join(line.text or "" for line in block)) for block in blocks]
        labelled = [transcript for transcript in transcripts if transcript.turns]
        complete = sum({"user", "assistant"} <= transcript.roles for transcript in labelled)
        return (round(complete / len(labelled), 1) if labelled else 0.0, complete)

    best = max(candidates, key=score)
    if _are_dialogues(lookahead, best, labels):
        return re.compile(_LINE)
    blank = re.compile(BLANK)
    if not score(best)[1]:
        return blank
    if best.pattern == _NUMBERED and score(blank) == score(best) and _is_inside_header(texts, labels):
        return blank
    return best


def _are_dialogues(lookahead: Sequence[Line], separator: re.Pattern[str], labels: SpeakerLabels) -> bool:
    """Return whether every line is a dialogue of its own, with both sides, and nothing else divides the file."""
    texts = [text for line in lookahead if (text := line.text or "").strip()]
    blocks = [block for block, _ in split_blocks(iter(lookahead), separator)]
    if len(texts) < 2 or (
        len(blocks) > 1 and any(sum(1 for line in b if (line.text or "").strip()) > 1 for b in blocks)
    ):
        return False
    complete = sum({"user", "assistant"} <= labels.split(text).roles for text in texts)
    return complete >= 0.9 * len(texts)


def _is_inside_header(texts: Sequence[str], labels: SpeakerLabels) -> bool:
    """Return whether a numbered line stands below another line of a header, between the same blank lines."""
    number = re.compile(_NUMBERED)
    return any(
        above.strip() and not number.fullmatch(above) and number.fullmatch(below) and not labels.line.match(above)
        for above, below in itertools.pairwise(texts)
    )


def _list_running(texts: Sequence[str], labels: SpeakerLabels) -> list[str]:
    """Return patterns of the lines that recur with a number that grows: ``## 病例 2 · 骨科``, ``--- 102 ---``."""
    numbers: dict[str, list[int]] = {}
    for text in texts:
        match = _RUNNING.fullmatch(text)
        if match and labels.line.match(text) is None:
            numbers.setdefault(match[1], []).append(int(match[2]))
    return [
        rf"{re.escape(prefix)}(?P<id>\d{{1,9}})(?!\d).{{0,40}}"
        for prefix, found in numbers.items()
        if len(found) > 1 and all(a < b for a, b in itertools.pairwise(found))
    ]


def _are_questions_numbered(texts: Sequence[str], labels: SpeakerLabels) -> bool:
    """Return whether a running number stands before every patient's label and before none of the doctor's.

    Numbers before the labels of both sides count turns.
    """
    question = re.compile(_QUESTION)
    numbers = []
    for text in texts:
        label = labels.line.match(text)
        role = labels.find_role(get_name(label)) if label else None
        match = question.match(text)
        if role == "user" and match is not None:
            numbers.append(int(match["id"]))
        elif role == "user" or (match is not None and role is not None):
            return False
    return len(numbers) > 1 and all(a < b for a, b in itertools.pairwise(numbers))


def _precedes_labels(pattern: str, texts: Sequence[str], labels: SpeakerLabels) -> bool:
    """Return whether every dialogue between such lines has turns, so that these are no numbered advice."""
    separator = re.compile(pattern)
    starts = [number for number, text in enumerate(texts) if separator.fullmatch(text)]
    ends = [*starts[1:], len(texts)]
    blocks = ["\n".join(texts[start + 1 : end]) for start, end in zip(starts, ends, strict=True)]
    return all(labels.split(block).turns for block in blocks)


_RUNNING: Final = re.compile(r"([^\d\n]{0,20}?)(\d{1,9})(?!\d)[^\n]{0,40}")


_QUESTION: Final = r"(?#starts a dialogue)\s*[(（【\[]?(?P<id>\d{1,5})[)）】\]]?[、.．,:：)）]?\s*(?=[^\d\s])"
"""The number with which the first line of a dialogue begins; the line belongs to it."""
_TWO_BLANK: Final = "two blank lines"
_NONE: Final = "(?!)"
_LINE: Final = r"(?!)\n"
"""Matches no line: each is a dialogue."""


def split_blocks(stream: Iterator[Line], separator: re.Pattern[str]) -> Iterator[tuple[list[Line], dict[str, str]]]:
    """Yield the lines between separators, and what the groups of the separator above them matched."""
    block: list[Line] = []
    groups: dict[str, str] = {}
    blank_lines = 0
    for line in stream:
        if line.text is None:
            # An unreadable line makes its whole dialogue unreadable.
            block.append(line)
            continue
        if separator.pattern == _LINE:
            if has_text([line]):
                yield [*block, line], {}
                block = []
            continue
        if separator.pattern == _QUESTION:
            if (start := separator.match(line.text)) is not None:
                if has_text(block):
                    yield block, groups
                block, groups = [], {"id": start["id"]}
            block.append(line)
            continue
        blank_lines = 0 if line.text.strip() else blank_lines + 1
        match = separator.fullmatch(line.text) if separator.pattern != _TWO_BLANK else None
        if match or (separator.pattern == _TWO_BLANK and blank_lines == 2):
            if has_text(block):
                yield block, groups
            block = []
            groups = {name: text for name, text in match.groupdict().items() if text} if match else {}
        elif line.text.strip() or block:
            block.append(line)
    if has_text(block):
        yield block, groups


def has_text(block: Sequence[Line]) -> bool:
    """Return whether some line is not blank."""
    return any(line.text is None or line.text.strip() for line in block)
