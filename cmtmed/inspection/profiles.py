"""Profiles of the fields of records: how often they are filled, how long they are, and what they hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from cmtmed.inspection.voice import mean_voice
from cmtmed.io.record_fields import is_empty
from cmtmed.io.record_flattening import flatten
from cmtmed.io.record_values import parse_nested
from cmtmed.io.records import Record, Value
from cmtmed.text.characters import count_characters

Content = Literal["turns", "text", "label", "code", "number", "date", "address", "other", "empty"]
"""What a field holds: a list of turns, free text, one of few values, an identifier, ..."""

_DATE: Final = re.compile(
    r"\s*(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?)?[ T]*"
    r"(?:\d{1,2}[:：]\d{2}(?:[:：]\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:?\d{2})?\s*"
)
_NUMBER: Final = re.compile(r"\s*[-+]?\d+(?:\.\d+)?%?\s*")
_CODE: Final = re.compile(r"\s*[A-Za-z0-9_.:/#-]{1,64}\s*")
_ADDRESS: Final = re.compile(r"\s*(?:https?://|www\.)\S+\s*")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_DEPARTMENT: Final = re.compile(r"[^\s，。？！,.?!]{1,10}(?:科|门诊|中心)(?:[-/ >][^\s，。？！]{1,10})?")
_LABEL_VALUES: Final = 60
_LABEL_CHARACTERS: Final = 24
_FEW_TEXTS: Final = 6
_SHORT_CHARACTERS: Final = 8
_NAMES_SHARE: Final = 0.8
"""Characters up to which a value is a label where too few values are there to repeat."""

_ASIDE: Final = re.compile(
    r"intro|profile|expert|skill|hospital|简介|擅长|医院|knowledge|知识|reference|参考|act|标注|summary|abstract|reason|think|cot|"
    r"reject|negative|worst",
    re.IGNORECASE,
)
"""Names of texts that nobody says to anybody."""
_FILL: Final = 0.15
_SPEECH_CHARACTERS: Final = 4


@dataclass
class FieldProfile:
    """What is known of a field.

    Attributes:
        name: its dotted name.
        records: number of records looked at.
        values: its values where it is not empty, in order.
    """

    name: str
    records: int
    values: list[Value] = field(default_factory=list)

    @cached_property
    def fill(self) -> float:
        """Share of the records in which the field is not empty."""
        return len(self.values) / self.records if self.records else 0.0

    @cached_property
    def texts(self) -> list[str]:
        """The values that are texts, numbers or truth values, as texts."""
        return [_to_label(value) for value in self.values if isinstance(value, str | int | float)]

    @cached_property
    def counts(self) -> Counter[str]:
        """Number of records for each text."""
        return Counter(text.strip() for text in self.texts)

    @cached_property
    def mean_length(self) -> float:
        """Mean number of characters of the texts."""
        return sum(map(count_characters, self.texts)) / len(self.texts) if self.texts else 0.0

    @cached_property
    def max_length(self) -> int:
        """Number of characters of the longest text."""
        return max(map(count_characters, self.texts), default=0)

    @cached_property
    def distinct(self) -> float:
        """Number of different texts per text."""
        return len(self.counts) / len(self.texts) if self.texts else 0.0

    @cached_property
    def voice(self) -> float:
        """Mean of `score_voice`: above 0 a doctor's, below 0 a patient's."""
        return mean_voice(self.texts)

    @cached_property
    def content(self) -> Content:
        """What the field holds."""
        if not self.values:
            return "empty"
        lists = [value for value in self.values if isinstance(_unfold(value), list | Mapping)]
        if 2 * len(lists) > len(self.values):
            return "turns"
        if not self.texts:
            return "other"
        return self._classify_texts()

    @cached_property
    def is_department(self) -> bool:
        """Whether most texts are names of departments."""
        named = sum(_DEPARTMENT.fullmatch(text.strip()) is not None for text in self.texts)
        return bool(self.texts) and named >= 0.7 * len(self.texts)

    def _classify_texts(self) -> Content:
        def covers(pattern: re.Pattern[str]) -> bool:
            return sum(pattern.fullmatch(text) is not None for text in self.texts) >= 0.9 * len(self.texts)

        if covers(_ADDRESS):
            return "address"
        if covers(_NUMBER):
            return "label" if self._is_label() else "number"
        if covers(_DATE):
            return "date"
        if self._is_label():
            return "label"
        if covers(_CODE):
            return "code"
        return "text" if sum(_HAN.search(text) is not None for text in self.texts) * 2 > len(self.texts) else "other"

    def _is_label(self) -> bool:
        """Return whether the field has few different short values, as often as not repeated."""
        if self.is_department:
            return True
        if len(self.texts) < _FEW_TEXTS:
            return self.max_length <= _SHORT_CHARACTERS
        if self.max_length <= _SHORT_CHARACTERS and self.distinct < _NAMES_SHARE:
            return True
        is_short = self.mean_length <= _LABEL_CHARACTERS
        return is_short and len(self.counts) <= min(_LABEL_VALUES, len(self.texts) // 2)


def profile_records(records: Iterable[Record]) -> dict[str, FieldProfile]:
    """Return the profiles of all fields of records that are objects, by dotted name, in order of appearance."""
    rows = [flatten(record.value) for record in records if isinstance(record.value, Mapping)]
    return profile_rows(rows)


def profile_rows(rows: Sequence[Mapping[str, Value]]) -> dict[str, FieldProfile]:
    """Return the profiles of all fields of flat objects."""
    profiles: dict[str, FieldProfile] = {}
    for row in rows:
        for key, value in row.items():
            profile = profiles.get(key)
            if profile is None:
                profile = profiles[key] = FieldProfile(key, len(rows))
            if not is_empty(value):
                profile.values.append(value)
    return profiles


def list_items(profile: FieldProfile) -> list[list[Value]]:
    """Return the lists that a field holds; an object counts as a list of one."""
    nested = (_unfold(value) for value in profile.values)
    return [value if isinstance(value, list) else [value] for value in nested if isinstance(value, list | Mapping)]


def _unfold(value: Value) -> Value:
    return parse_nested(value) if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") else value


def _to_label(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_speech(profile: FieldProfile) -> bool:
    """Return whether a field holds texts that somebody may have said."""
    if profile.fill < _FILL:
        return False
    if profile.content == "text":
        return profile.distinct > 0.2 and profile.mean_length >= _SPEECH_CHARACTERS
    return profile.content == "turns" and all(
        isinstance(item, str) or (isinstance(item, list) and all(isinstance(part, str) for part in item))
        for items in list_items(profile)
        for item in items
    )


def lists_turns(profile: FieldProfile) -> bool:
    """Return whether a field lists objects with texts that differ, as the turns of a dialogue do."""
    if profile.fill < _FILL or profile.content != "turns":
        return False
    messages = [item for items in list_items(profile) for item in items if isinstance(item, Mapping)]
    inner = profile_rows(messages).values()
    is_repeated = len(messages) > len(profile.values)
    return is_repeated and any(is_speech(field) and not is_aside(field.name) for field in inner)


def is_aside(name: str) -> bool:
    """Return whether a field's name says that nobody says its text: an introduction, a reference, an act."""
    return _ASIDE.search(name) is not None
