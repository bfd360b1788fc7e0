"""Parsing of records into dialogues: which field holds what, and in which of the layouts that crawls use.

Fields are found by declaration or by the names that are common in crawls (`cmtmed.io.field_names`). Every character of
a record ends in a turn or is counted under a reason in `Dialogue.left_out`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cmtmed.io.fast_shapes import FastReader, make_fast_reader
from cmtmed.io.field_names import find_names
from cmtmed.io.numbered_fields import pair_declared
from cmtmed.io.parsed import Parsed, Turn
from cmtmed.io.quarantine import Reason
from cmtmed.io.record_fields import DIALOGUE_FIELDS, METADATA, FieldPlan, plan_fields, to_text_or_none
from cmtmed.io.record_flattening import flatten
from cmtmed.io.record_reading import RecordReading
from cmtmed.io.record_values import BrokenRecordError
from cmtmed.io.records import Record, Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.io.speaker_words import are_alternating
from cmtmed.io.turn_values import TurnParser
from cmtmed.source import Fields, Source
from cmtmed.text.characters import count_characters


@dataclass(slots=True)
class Dialogue:
    """A record as a dialogue.

    Attributes:
        source_id: the record's own id, if it has one.
        department: as given by the record; None if it is missing or a null value of the source.
        subdepartment: likewise.
        turns: role and text of each turn, in order.
        left_out: characters of the record that stand in no turn, by reason.
        ignored: characters of fields that were not read, by the field's dotted path.
    """

    source_id: str | None
    department: str | None
    subdepartment: str | None
    turns: list[Turn]
    left_out: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)


class RecordParser:
    """Parses the records of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.labels = SpeakerLabels(source)
        self.turns = TurnParser(
            self.labels, source.fields.role, source.fields.content, preamble=source.transcript.preamble
        )
        self._nulls = frozenset(source.null_values)
        self._plans: dict[tuple[str, ...], FieldPlan] = {}
        self._readers: dict[tuple[str, ...], FastReader | None] = {}

    def belongs(self, value: Value) -> bool:
        """Return whether a record has the fields that its source demands."""
        if not self.source.having:
            return True
        fields = flatten(value) if isinstance(value, Mapping) else {}
        return all(name in fields or (isinstance(value, Mapping) and name in value) for name in self.source.having)

    def parse(self, record: Record) -> list[Dialogue]:
        """Parse a record into its dialogues: several where it lists several, or where a question has several answers.

        Raises:
            BrokenRecordError: it holds no readable dialogue.
        """
        value = record.value
        if type(value) is dict:
            keys = tuple(value)
            if keys not in self._readers:
                self._add_reader(keys)
            reader = self._readers[keys]
            if reader is not None and (result := reader(value)) is not None:
                dialogue = self._to_dialogue(*result)
                return [_add_left_out(dialogue, record.left_out) if record.left_out else dialogue]
        dialogues = self._parse_value(value)
        _add_left_out(dialogues[0], record.left_out)
        return dialogues

    def _add_reader(self, keys: tuple[str, ...]) -> None:
        if len(self._readers) > _PLANS:
            self._readers.clear()
        declared = self.source.fields
        is_simple = not any(isinstance(getattr(declared, name), tuple) for name in (*METADATA, *DIALOGUE_FIELDS))
        is_simple = is_simple and not _has_declared_rounds(keys, declared)
        plan = plan_fields(keys, self.source.fields)
        self._readers[keys] = make_fast_reader(keys, plan.keys, self.source.shape, self.turns) if is_simple else None

    def _to_dialogue(
        self,
        identifier: str | None,
        department: str | None,
        subdepartment: str | None,
        turns: list[Turn],
        left_out: dict[str, int],
        ignored: dict[str, int],
    ) -> Dialogue:
        nulls = self._nulls
        return Dialogue(
            identifier or None,
            None if department in nulls else department,
            None if subdepartment in nulls else subdepartment,
            turns,
            left_out,
            ignored,
        )

    def _parse_value(self, value: Value) -> list[Dialogue]:
        if isinstance(value, Mapping):
            return self._parse_fields(flatten(value))
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            parsed = self.turns.parse(value, path="")
            if parsed and len(parsed[0].turns) > 1 and not _are_pairs(value):
                return [_to_dialogue(dialogue) for dialogue in parsed]
            return [dialogue for item in value for dialogue in self._parse_value(item)]
        parsed = self.turns.parse(value, path="", alternating=_may_alternate(value, self.source))
        if not parsed:
            has_text = isinstance(value, list) and any(map(_has_text, value))
            raise BrokenRecordError(Reason.NO_DIALOGUE if has_text else Reason.NOT_A_RECORD)
        return [_to_dialogue(dialogue) for dialogue in parsed]

    def _parse_fields(self, fields: Mapping[str, Value]) -> list[Dialogue]:
        plan = self._find_plan(fields)
        reading = RecordReading(fields, plan, self.source, self.labels, self.turns)
        dialogues = [parsed for parsed in reading.read() if parsed is not None]
        first = dialogues[0]
        metadata = {name: reading.read_label(name) for name in METADATA}
        for name in metadata:
            if key := reading.used_labels.get(name):
                first.left_out["metadata"] += sum(
                    count_characters(str(to_text_or_none(fields.get(k)) or "")) for k in key
                )
        reading.ignore_rest(first)
        nulls = self._nulls
        identifier = metadata["id"]
        return [
            Dialogue(
                (identifier if number == 1 else f"{identifier}#{number}") if identifier else None,
                None if metadata["department"] in nulls else metadata["department"],
                None if metadata["subdepartment"] in nulls else metadata["subdepartment"],
                parsed.turns,
                parsed.left_out,
                parsed.ignored,
            )
            for number, parsed in enumerate(dialogues, start=1)
        ]

    def _find_plan(self, fields: Mapping[str, Value]) -> FieldPlan:
        keys = tuple(fields)
        plan = self._plans.get(keys)
        if plan is None:
            if len(self._plans) > _PLANS:
                self._plans.clear()
            plan = self._plans[keys] = plan_fields(keys, self.source.fields)
        return plan


_PLANS: Final = 1000
"""Combinations of fields that are kept; records with ever new fields do not fill the memory."""


def _add_left_out(dialogue: Dialogue, left_out: Mapping[str, int]) -> Dialogue:
    for reason, characters in left_out.items():
        dialogue.left_out[reason] = dialogue.left_out.get(reason, 0) + characters
    return dialogue


def _to_dialogue(parsed: Parsed) -> Dialogue:
    return Dialogue(None, None, None, parsed.turns, parsed.left_out, parsed.ignored)


def _has_declared_rounds(keys: Sequence[str], fields: Fields) -> bool:
    return (
        isinstance(fields.question, str)
        and isinstance(fields.answer, str)
        and bool(pair_declared(fields.question, fields.answer, keys))
    )


def _are_pairs(items: Sequence[Mapping[str, Value]]) -> bool:
    """Return whether the objects of a list are questions with their answers, each a record of its own."""
    return all(find_names(item, "question") and find_names(item, "answer") for item in items)


def _may_alternate(value: Value, source: Source) -> bool:
    return source.shape == "alternating" or (
        source.shape == "auto" and isinstance(value, list) and are_alternating(value)
    )


def _has_text(value: Value) -> bool:
    return isinstance(value, str | list | Mapping)
