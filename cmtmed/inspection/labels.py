"""Speakers' labels whose names are not known: words that begin many lines, in front of a colon or in brackets."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from cmtmed.io.field_names import find_names, guess_field
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source
from cmtmed.text.han import HAN

# ruff: noqa: E501 (patterns read best in one line)

_STAMP: Final = (
    r"[\[(（【]?(?:\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?)?[ T]*(?:\d{1,2}[:：]\d{2}(?:[:：]\d{2})?)?[\])）】]?"
)
_LEAD: Final = rf"[ \t　]*(?:(?:\d{{1,4}}[.、)）]|[-•>#*]{{1,4}})[ \t　]*)?(?:(?=[\[(（【\d]){_STAMP}[ \t　]*)?"
_NAME: Final = r"[^\s\d:：，。？！、；,;?!\"“”<>【】\[\]()（）「」*#/\\|][^\s:：，。？！、；,;?!\"“”<>【】\[\]()（）「」*#/\\|]{0,11}"
_LINE_LABEL: Final = re.compile(
    rf"^{_LEAD}(?:(?P<colon>{_NAME}|\d)[ \t　]*(?:[（(\[][^（()）\[\]\n]{{1,16}}[）)\]])?[ \t　]*(?:{_STAMP})?[ \t　]*[:：]"
    rf"|【(?P<lenticular>{_NAME}|\d)】[ ]*[:：]?|\[(?P<bracket>{_NAME}|\d)\][ ]*[:：]?|「(?P<corner>{_NAME})」[ ]*[:：]?"
    rf"|\*\*(?P<bold>{_NAME})[:：]?\*\*[ ]*[:：]?|<(?P<tag>{_NAME})>[ ]*[:：]?)",
    re.MULTILINE,
)
_INLINE_LABEL: Final = re.compile(
    r"(?:^[ \t　]*(?:[\[(（【#]?\d{1,6}[\])）】.、]?[ \t　]*)?|(?<=[。？！?!；;…~～\s]))"
    rf"([{HAN}]{{1,4}}|[A-Za-z]{{1,8}})[ ]?[:：]"
)
_LETTERS: Final = re.compile(rf"[{HAN}A-Za-z]{{2}}")
_INLINE_SHARE: Final = 0.5
_INLINE_SPEAKERS: Final = 3
_TABBED_SHARE: Final = 0.8
_SHARE: Final = 0.05
_MAX_LABELS: Final = 12
_NO_SPEAKERS: Final = ("id", "department", "subdepartment", "title", "opening", "order", "group")


def collect_labelled(texts: Iterable[str]) -> dict[str, list[str]]:
    r"""Return what follows each label, for the labels that occur often enough to be speakers.

    A label occurs in at least two texts or three times; names of one dialogue alone are not returned.

    >>> sorted(collect_labelled(["甲：头痛三天了\n乙：发烧吗？\n甲：没有"] * 2))
    ['乙', '甲']
    """
    speeches: dict[str, list[str]] = defaultdict(list)
    spread: Counter[str] = Counter()
    text_count = 0
    for text in texts:
        text_count += 1
        matches = list(_LINE_LABEL.finditer(text))
        if not matches:
            continue
        ends = [match.start() for match in matches[1:]] + [len(text)]
        names = set()
        for match, end in zip(matches, ends, strict=True):
            name = next(group for group in match.groups() if group)
            speeches[name].append(text[match.end() : end].strip())
            names.add(name)
        spread.update(names)
    total = sum(map(len, speeches.values()))
    frequent = {
        name: said
        for name, said in speeches.items()
        if len(said) >= max(2, _SHARE * total) and (spread[name] >= min(text_count, max(2, 0.2 * text_count)))
    }
    most = sorted(frequent, key=lambda name: len(frequent[name]), reverse=True)[:_MAX_LABELS]
    return {name: frequent[name] for name in frequent if name in most}


def collect_inline(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return what follows each of two or three labels that stand inside lines, several to a line.

    >>> sorted(collect_inline(["求：头痛三天。应：发烧吗？求：没有。", "求：胃胀。应：多久了？求：两天。"]))
    ['应', '求']
    """
    speeches: dict[str, list[str]] = defaultdict(list)
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    divided = 0
    for line in lines:
        matches = list(_INLINE_LABEL.finditer(line))
        names = Counter(match[1] for match in matches)
        if len(names) < 2 or len(matches) < 2:
            continue
        divided += 1
        ends = [match.start() for match in matches[1:]] + [len(line)]
        for match, end in zip(matches, ends, strict=True):
            speeches[match[1]].append(line[match.end() : end].strip())
    frequent = {name: said for name, said in speeches.items() if len(said) >= _INLINE_SHARE * divided}
    is_inline = divided >= max(2, _INLINE_SHARE * len(lines)) and 2 <= len(frequent) <= _INLINE_SPEAKERS
    return frequent if is_inline else {}


def collect_tabbed(texts: Iterable[str]) -> dict[str, list[str]]:
    r"""Return what follows each of a few labels that a tab parts from the text, one to a line.

    >>> sorted(collect_tabbed(["求\t头痛三天\n应\t发烧吗？\n\n求\t胃胀\n应\t多久了？"]))
    ['应', '求']
    """
    speeches: dict[str, list[str]] = defaultdict(list)
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    for line in lines:
        label, tab, said = line.partition("\t")
        if tab and label.strip() and said.strip():
            speeches[label.strip()].append(said.strip())
    frequent = {name: said for name, said in speeches.items() if len(said) > 1}
    is_tabbed = sum(map(len, frequent.values())) >= _TABBED_SHARE * len(lines)
    return frequent if is_tabbed and 2 <= len(frequent) <= _INLINE_SPEAKERS else {}


def collect_speakers(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return what is said after each label of a speaker; the labels of header lines and forms are left out."""
    labels = SpeakerLabels(Source(name="crawl"))
    texts = list(texts)
    speakers = collect_labelled(texts)
    roles = {name: labels.find_role(name) for name in speakers}
    is_named = {"user", "assistant"} <= set(roles.values())
    return {
        name: said
        for name, said in speakers.items()
        if roles[name] is not None or not (_is_header(name, said) or (is_named and len(said) <= len(texts)))
    }


def _is_header(name: str, said: Sequence[str]) -> bool:
    if any(find_names([name], field) for field in _NO_SPEAKERS) or guess_field(name) is not None:
        return True
    return sum(not _LETTERS.search(text) for text in said) > 0.5 * len(said)
