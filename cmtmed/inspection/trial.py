"""Trial readings: what a source makes of the samples, and how good that is.

A proposal is chosen among candidates by reading the samples with each, by the code that a build reads with. So a
proposal that reads its samples right does the same in a build.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from pydantic import ValidationError

from cmtmed.errors import PipelineError
from cmtmed.inspection.measures import (
    are_spoken,
    has_both_speakers,
    measure_alternation,
    measure_labels,
    measure_openings,
    measure_voice,
)
from cmtmed.inspection.profiles import FieldProfile, is_aside, is_speech, lists_turns
from cmtmed.inspection.samples import Sample
from cmtmed.io.column_content import name_by_content
from cmtmed.io.grouping import group_turns
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.record_fields import is_empty
from cmtmed.io.record_flattening import flatten
from cmtmed.io.record_values import BrokenRecordError, count_leaves
from cmtmed.io.records import Record
from cmtmed.io.shapes import Dialogue, RecordParser
from cmtmed.source import Source
from cmtmed.source_checks import check_sources
from cmtmed.text.characters import count_characters

_LOST: Final = frozenset({"preamble", "ignored_speaker", "outside_turns", "title", "other_wording"})
"""Reasons under which text of a dialogue may be lost; the rest is labels, markup, metadata and repetition."""


@dataclass(frozen=True)
class Reading:
    """A record and the dialogues that were read from it."""

    record: Record
    dialogues: list[Dialogue]


@dataclass
class Trial:
    """What a source makes of the samples.

    Attributes:
        source: the source.
        readings: the records that could be read, in order.
        failures: records that could not, by reason.
        failed_characters: characters of those.
        speech: characters of what may be said on the samples' pages; 0 if that is not known.
    """

    source: Source
    readings: list[Reading] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    failed_characters: int = 0
    speech: int = 0

    @cached_property
    def dialogues(self) -> list[Dialogue]:
        """All dialogues."""
        return [dialogue for reading in self.readings for dialogue in reading.dialogues]

    @cached_property
    def characters(self) -> int:
        """Characters in turns of the patient and the doctor."""
        return sum(count_characters(text) for dialogue in self.dialogues for _, text in dialogue.turns)

    @cached_property
    def mean_turns(self) -> float:
        """Turns of a dialogue on average."""
        return sum(len(dialogue.turns) for dialogue in self.dialogues) / max(1, len(self.dialogues))

    @cached_property
    def left_out(self) -> Counter[str]:
        """Characters that stand in no turn, by reason."""
        total: Counter[str] = Counter()
        for dialogue in self.dialogues:
            total.update(dialogue.left_out)
        return total

    @cached_property
    def ignored(self) -> Counter[str]:
        """Characters of the fields that were not read, by field."""
        total: Counter[str] = Counter()
        for dialogue in self.dialogues:
            total.update(dialogue.ignored)
        return total

    @cached_property
    def completeness(self) -> float:
        """Share of the records that became a dialogue in which both speak."""
        complete = sum(any(map(has_both_speakers, reading.dialogues)) for reading in self.readings)
        records = len(self.readings) + sum(
            count for reason, count in self.failures.items() if reason not in _NO_RECORDS
        )
        return complete / records if records else 0.0

    @cached_property
    def voice(self) -> float:
        """Mean share of the pairs of a doctor's and a patient's turn in which the doctor sounds more so."""
        return measure_voice(self.dialogues)

    @cached_property
    def sides(self) -> float:
        """How sure it is who is who, from 0 to 1: by what is said, by who begins, and by names that say it.

        A few turns say little of who speaks: then names count, and without names it is a guess.
        """
        heard = min(1.0, max(0.0, self.voice + _OPENING_WEIGHT * measure_openings(self.dialogues)))
        pairs = sum(len(dialogue.turns) for dialogue in self.dialogues) / 2
        weight = pairs / (pairs + _PRIOR_PAIRS)
        return weight * heard + (1 - weight) * (1.0 if self.is_by_names else 0.5)

    @property
    def is_by_names(self) -> bool:
        """Whether names say who is who, if only for one side: the other follows."""
        fields, source = self.source.fields, self.source
        is_declared = {"user", "assistant"} <= set(source.roles) or source.first_speaker is not None
        are_fields = fields.question is not None or fields.answer is not None
        return not is_declared and not are_fields and source.shape != "alternating"

    @cached_property
    def fidelity(self) -> float:
        """Share of the text that stands in turns, of what may be a dialogue's text."""
        if self.speech:
            # Of pages most text is furniture: a reading is good if it holds as much as may be said there.
            return min(self.characters, self.speech) / max(self.characters, self.speech)
        lost = sum(max(0, count) for reason, count in self.left_out.items() if reason in _LOST)
        lost += sum(count for name, count in self.ignored.items() if self._is_speech(name))
        total = self.characters + lost + self.failed_characters
        return self.characters / total if total else 0.0

    def _is_speech(self, name: str) -> bool:
        """Return whether a field that is not read holds what somebody says, so that its text is lost."""
        if is_aside(name):
            return False
        values = [reading.record.value for reading in self.readings if isinstance(reading.record.value, dict)]
        rows = [flatten(value) for value in values[:_PROFILED]]
        profile = FieldProfile(name, len(rows), [row[name] for row in rows if not is_empty(row.get(name))])
        return is_speech(profile) or lists_turns(profile)

    @cached_property
    def contamination(self) -> float:
        """Share of the turns that hold what nobody says: a label, a time, a rule."""
        turns = max(1, sum(len(dialogue.turns) for dialogue in self.dialogues))
        repeated = sum(map(_count_repeated_labels, self.readings)) / turns
        return min(1.0, measure_labels(self.dialogues) + repeated)

    @cached_property
    def score(self) -> float:
        """How good the reading is, from 0 to 1: complete dialogues, right speakers, little text lost, clean turns."""
        sides = self.completeness * (0.2 + 0.8 * self.sides) * (1 if are_spoken(self.dialogues) else _UNSPOKEN)
        alternation = 0.7 + 0.3 * measure_alternation(self.dialogues)
        return sides * (0.5 + 0.5 * self.fidelity) * alternation * (1 - 0.5 * self.contamination)

    def is_same_as(self, other: Trial) -> bool:
        """Return whether both read the same dialogues."""
        return self.failures == other.failures and [_to_key(d) for d in self.dialogues] == [
            _to_key(d) for d in other.dialogues
        ]


_OPENING_WEIGHT: Final = 0.15
_PRIOR_PAIRS: Final = 4
"""Pairs of turns that say as much of the sides as names do."""
_UNSPOKEN: Final = 0.3
_PROFILED: Final = 100
_NO_RECORDS: Final = frozenset({Reason.EMPTY_FILE, Reason.TRUNCATED_STREAM, Reason.DAMAGED_FILE})


def read_samples(samples: Sequence[Sample], source: Source, *, speech: int = 0, by_content: bool = False) -> Trial:
    """Read samples with a source, as a build reads the files.

    Args:
        samples: the samples.
        source: the source.
        speech: characters of what may be said on the samples' pages; 0 if that is not known.
        by_content: also name columns by what stands in them, under names that the files do not have.
    """
    trial = Trial(source, speech=speech)
    parser = RecordParser(source)
    for sample in samples:
        records = sample.read_records(source)
        named = name_by_content(iter(records), source) if by_content else iter(records)
        for record in group_turns(named, source, parser.turns):
            if isinstance(record, Unreadable):
                trial.failures[record.reason.value] += 1
                continue
            if not parser.belongs(record.value):
                continue
            try:
                # The parser adds to what the reader left out; the sample is read many times.
                dialogues = parser.parse(Record(record.position, record.value, dict(record.left_out)))
                trial.readings.append(Reading(record, dialogues))
            except BrokenRecordError as error:
                trial.failures[error.reason.value] += 1
                trial.failed_characters += count_leaves(record.value)
            except RecursionError:
                trial.failures[Reason.WRONG_TYPE.value] += 1
    return trial


def is_valid(source: Source) -> bool:
    """Return whether a pipeline file may declare a source: its options neither contradict one another nor are idle."""
    try:
        check_sources([Source.model_validate(source.model_dump(mode="json", exclude_defaults=True))])
    except (PipelineError, ValidationError):
        return False
    return True


def _count_repeated_labels(reading: Reading) -> int:
    """Return the number of turns whose text begins with their own label."""
    value = reading.record.value
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list):
        return 0
    return sum(
        bool(label := message.get("role")) and str(message.get("content")).startswith(str(label))
        for message in messages
        if isinstance(message, dict)
    )


def _to_key(dialogue: Dialogue) -> tuple[object, ...]:
    return (dialogue.source_id, dialogue.department, dialogue.subdepartment, tuple(dialogue.turns))
