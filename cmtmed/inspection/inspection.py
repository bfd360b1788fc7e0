"""The result of an inspection: what was found in the files, as plain values, and the proposed sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cmtmed.source import Source


@dataclass(frozen=True)
class FieldFinding:
    """A field of the records: what it holds, how full and how long it is, and what it is read as."""

    name: str
    content: str
    fill: float
    mean_length: float
    max_length: int
    distinct: float
    voice: float
    read_as: str


@dataclass(frozen=True)
class SpeakerFinding:
    """A speaker: the name or code, the number of turns, what the speaker sounds like, and the role given."""

    name: str
    turns: int
    voice: float
    role: str
    by: str


@dataclass(frozen=True)
class Example:
    """A record beside the dialogue that was read from it. **Both are text of patients**."""

    position: str
    raw: str
    turns: list[tuple[str, str]]


@dataclass
class GroupFinding:
    """What was found in files that are alike.

    Attributes:
        source: the proposed source.
        files: names of the files.
        bytes: their size.
        facts: container, encoding, format, … with the evidence, in order.
        fields: the fields of the records.
        speakers: the speakers.
        phrases: sentences that many dialogues share, with the share of the dialogues.
        left_out: characters of the samples that stand in no turn, by reason.
        ignored: characters of fields that are not read, by field.
        unreadable: records of the samples that cannot be read, by reason.
        doubts: what a person should check.
        examples: records beside what was read from them. **They are text of patients**.
        records: number of records looked at.
        dialogues: number of dialogues read from them.
        completeness: share of the records in which both sides speak.
        voice: share of the dialogues whose doctor sounds more like one than the patient.
    """

    source: Source
    files: list[str]
    bytes: int
    facts: dict[str, str] = field(default_factory=dict)
    fields: list[FieldFinding] = field(default_factory=list)
    speakers: list[SpeakerFinding] = field(default_factory=list)
    phrases: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    records: int = 0
    dialogues: int = 0
    completeness: float = 0.0
    voice: float = 0.0


@dataclass(frozen=True)
class Inspection:
    """What `cmtmed.inspect` found.

    Attributes:
        groups: for each form of files what was found, in the order of the sources.
        pipeline: the text of a pipeline file that reads the files, with comments.
    """

    groups: Sequence[GroupFinding]
    pipeline: str

    @property
    def sources(self) -> list[Source]:
        """The proposed sources."""
        return [group.source for group in self.groups]

    def to_dict(self, *, examples: bool = False) -> dict[str, Any]:
        """Return the inspection as values of JSON; with text of dialogues only if ``examples`` is true."""
        groups = []
        for group in self.groups:
            content = asdict(group)
            content["source"] = group.source.model_dump(mode="json", exclude_defaults=True)
            if not examples:
                del content["examples"]
            groups.append(content)
        return {"groups": groups, "pipeline": self.pipeline}
