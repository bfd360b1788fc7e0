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

from cmtmed.inspection.samples import Sample
from cmtmed.inspection.voice import score_voice
from cmtmed.io.grouping import group_turns
from cmtmed.io.parsed import Turn
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.record_values import BrokenRecordError, count_leaves
from cmtmed.io.records import Record
from cmtmed.io.shapes import Dialogue, RecordParser
from cmtmed.source import Source
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
        speech: fields whose text somebody says; if they are not read, it is lost.
        readings: the records that could be read, in order.
        failures: records that could not, by reason.
        failed_characters: characters of those.
    """

    source: Source
    speech: frozenset[str] = frozenset()
    readings: list[Reading] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    failed_characters: int = 0

    @cached_property
    def dialogues(self) -> list[Dialogue]:
        """All dialogues."""
        return [dialogue for reading in self.readings for dialogue in reading.dialogues]

    @cached_property
    def characters(self) -> int:
        """Characters in turns of the patient and the doctor."""
        return sum(count_characters(text) for dialogue in self.dialogues for _, text in dialogue.turns)

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
        complete = sum(any(map(_has_both_speakers, reading.dialogues)) for reading in self.readings)
        records = len(self.readings) + sum(
            count for reason, count in self.failures.items() if reason not in _NO_RECORDS
        )
        return complete / records if records else 0.0

    @cached_property
    def voice(self) -> float:
        """Share of the dialogues whose doctor sounds more like one than their patient; even ones count half."""
        points, weight = 0.0, 0
        for dialogue in self.dialogues:
            difference = _compare_voices(dialogue.turns)
            if difference is not None:
                points += 1.0 if difference > _EVEN else 0.0 if difference < -_EVEN else 0.5
                weight += 1
        return points / weight if weight else 0.0

    @cached_property
    def fidelity(self) -> float:
        """Share of the text that stands in turns, of what may be a dialogue's text."""
        lost = sum(max(0, count) for reason, count in self.left_out.items() if reason in _LOST)
        lost += sum(count for name, count in self.ignored.items() if name in self.speech)
        total = self.characters + lost + self.failed_characters
        return self.characters / total if total else 0.0

    @cached_property
    def score(self) -> float:
        """How good the reading is, from 0 to 1: complete dialogues, the right speakers, little text lost."""
        return self.completeness * (0.2 + 0.8 * self.voice) * (0.5 + 0.5 * self.fidelity)

    def is_same_as(self, other: Trial) -> bool:
        """Return whether both read the same dialogues."""
        return self.failures == other.failures and [_to_key(d) for d in self.dialogues] == [
            _to_key(d) for d in other.dialogues
        ]


_EVEN: Final = 0.5
_NO_RECORDS: Final = frozenset({Reason.EMPTY_FILE, Reason.TRUNCATED_STREAM, Reason.DAMAGED_FILE})


def read_samples(samples: Sequence[Sample], source: Source, speech: frozenset[str] = frozenset()) -> Trial:
    """Read samples with a source, as a build reads the files; ``speech`` names the fields that somebody says."""
    trial = Trial(source, speech)
    parser = RecordParser(source)
    for sample in samples:
        records = sample.read_records(source)
        for record in group_turns(iter(records), source, parser.turns):
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


def _has_both_speakers(dialogue: Dialogue) -> bool:
    return {"user", "assistant"} <= {role for role, text in dialogue.turns if text.strip()}


def _compare_voices(turns: Sequence[Turn]) -> float | None:
    """Return how much more the doctor's turns sound like a doctor's than the patient's do; None if one is missing."""
    scores: dict[str, list[float]] = {"user": [], "assistant": []}
    for role, text in turns:
        if role in scores and text.strip():
            scores[role].append(score_voice(text))
    if not scores["user"] or not scores["assistant"]:
        return None
    return sum(scores["assistant"]) / len(scores["assistant"]) - sum(scores["user"]) / len(scores["user"])


def _to_key(dialogue: Dialogue) -> tuple[object, ...]:
    return (dialogue.source_id, dialogue.department, dialogue.subdepartment, tuple(dialogue.turns))
