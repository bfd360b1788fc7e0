"""Sections of the records of a text file: titles that recur in every record, and what stands below them.

Platforms print a record as sections: a number, a complaint, the talk, a conclusion. What a section holds follows from
the words of its title. Above the talk only complaints are the patient's words; what stands below it is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from cmtmed.io.lines import Line
from cmtmed.io.speaker_labels import SIDES, SpeakerLabels
from cmtmed.io.speaker_words import find_role_by_words
from cmtmed.text.characters import count_characters
from cmtmed.text.han import HAN

_BRACKETED: Final = re.compile(
    r"\s*[〔【\[《「『<](?P<title>[^〔〕【】\[\]《》「」『』<>\n]{1,16})[〕】\]》」』>]\s*[:：]?\s*(?P<rest>.*)"
)
_BARE: Final = re.compile(
    r"\s*#{0,6}\s*(?:[一二三四五六七八九十]{1,2}[、.．]\s*)?"
    rf"(?P<title>[A-Za-z][A-Za-z &]{{2,30}}|[{HAN}]{{2,10}})\s*[:：]?\s*"
)
_LABELLED: Final = re.compile(rf"\s*(?P<title>[{HAN}]{{2,8}}|[A-Za-z][A-Za-z ]{{2,20}})[ ]*[:：\t]\s*(?P<rest>\S.*)")
_OUTCOMES: Final = re.compile(
    r"诊断|处方|医嘱|总结|小结|满意|评价|评分|标注|标签|备注|随访|结论|状态|diagnosis|prescription|summary|rating|label|status",
    re.IGNORECASE,
)
"""Words of labels below a talk, which a platform prints."""
_PERSON: Final = re.compile(r"[者人方友生师]$")
"""How the name of one who speaks ends."""
_SHARE: Final = 0.6
_TURNS: Final = 1.5
COLUMNS: Final = (
    ("id", re.compile(r"编号|序号|单号|^号$|\bid\b|\bno\b|number", re.IGNORECASE)),
    ("department", re.compile(r"科室|科别|科別|clinic|department|dept", re.IGNORECASE)),
    (
        "opening",
        re.compile(
            r"描述|主诉|主訴|自述|不适|症状|病情|提问|咨询|问题|description|complaint|question|symptom|inquiry",
            re.IGNORECASE,
        ),
    ),
)


class SectionTitles:
    """The titles that recur in most records of a file.

    Args:
        blocks: the lines of its first records.
        labels: speakers' names, which are no titles.
    """

    def __init__(self, blocks: Sequence[Sequence[Line]], labels: SpeakerLabels) -> None:
        self._titles: set[str] = set()
        counts: Counter[str] = Counter()
        lines: Counter[str] = Counter()
        for block in blocks:
            texts = [line.text or "" for line in block]
            titled = [(text, key) for text in texts if labels.line.match(text) is None and (key := _get_title(text))]
            counts.update({key for _, key in titled})
            lines.update(key for text, key in titled if _BARE.fullmatch(text))
        if len(blocks) > 1:
            # What stands in a record again and again is the name of one who speaks.
            known = {
                key
                for key in counts
                if labels.find_role(key)
                or (_PERSON.search(key) and find_role_by_words(key) in SIDES)
                or lines[key] >= _TURNS * counts[key]
            }
            self._titles = {key for key, count in counts.items() if count >= max(2, _SHARE * len(blocks))} - known

    @property
    def titles(self) -> frozenset[str]:
        """The titles."""
        return frozenset(self._titles)

    def matches(self, text: str) -> bool:
        """Return whether a line is, or begins with, one of the titles."""
        return bool(self._titles) and _get_title(text) in self._titles


class SectionReader:
    """Collects the sections of one record."""

    def __init__(self, titles: SectionTitles) -> None:
        self._titles = titles
        self._sections: list[tuple[str, list[str]]] = []
        self._is_open = False

    def open(self, text: str) -> int:
        """Begin the section of a title line; return the characters of its title."""
        bracketed = _BRACKETED.fullmatch(text)
        labelled = bracketed or (None if _BARE.fullmatch(text) else _LABELLED.fullmatch(text))
        rest = labelled["rest"] if labelled else ""
        self._sections.append((_get_title(text) or "", [rest] if rest.strip() else []))
        self._is_open = True
        return count_characters(text) - count_characters(rest)

    def close(self) -> None:
        """End the section: what follows belongs to none."""
        self._is_open = False

    def add(self, text: str) -> bool:
        """Add a line to the open section; False if there is none."""
        if self._is_open:
            self._sections[-1][1].append(text)
        return self._is_open

    def finish(self, fields: dict[str, object], left_out: Counter[str]) -> None:
        """Write the sections into the record's fields; count the others as left out."""
        openings = []
        for title, lines in self._sections:
            text = "\n".join(line for line in lines if line.strip()).strip()
            column = next((name for name, words in COLUMNS if words.search(title)), None)
            if column == "opening" and text:
                openings.append(text)
            elif column is not None and text and column not in fields:
                fields[column] = text
            else:
                left_out["preamble"] += count_characters(text)
        if openings:
            fields["opening"] = "\n".join(openings)


def _get_title(text: str) -> str | None:
    match = _BRACKETED.fullmatch(text) or _BARE.fullmatch(text)
    if match is None and (match := _LABELLED.fullmatch(text)) is not None and not _OUTCOMES.search(match["title"]):
        return None
    title = match["title"].strip() if match else ""
    return title if title and not title.isdigit() else None
