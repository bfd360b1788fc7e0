"""What each speaker says under the name that the files give: names, labels and codes, as they stand there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from cmtmed.inspection.inspection import SpeakerFinding
from cmtmed.inspection.trial import Trial
from cmtmed.inspection.voice import mean_voice
from cmtmed.io.record_flattening import flatten
from cmtmed.io.record_values import parse_nested
from cmtmed.io.records import Value
from cmtmed.io.shapes import RecordParser
from cmtmed.io.turn_values import TurnParser
from cmtmed.schema import Role
from cmtmed.source import Source

_RECORDS: Final = 300
_NAMES: Final = 12
"""Names that are listed for each role; the others are folded."""


def list_speakers(trial: Trial) -> list[SpeakerFinding]:
    """Return the speakers by the names in the files, those with most turns first.

    Names of one dialogue alone are folded into one entry a role: they tell nothing, and may be a person's.
    """
    parser = RecordParser(trial.source)
    said: dict[str, list[str]] = defaultdict(list)
    roles: dict[str, Role] = {}
    spread: Counter[str] = Counter()
    for reading in trial.readings[:_RECORDS]:
        turns = list(_iter_named(reading.record.value, parser.turns))
        spread.update({name for name, _, _ in turns})
        for name, side, text in turns:
            said[name].append(text)
            if side is not None:
                roles[name] = side
    findings: list[SpeakerFinding] = []
    folded: dict[str, list[str]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for name in sorted(said, key=lambda name: (-len(said[name]), name)):
        role = "left out" if name in trial.source.ignore_speakers else roles.get(name, "unknown")
        if (spread[name] > 1 or len(trial.readings) == 1) and counts[role] < _NAMES:
            counts[role] += 1
            findings.append(_describe(name, said[name], role, trial.source))
        else:
            folded[role].append(name)
    for role, names in folded.items():
        texts = [text for name in names for text in said[name]]
        label = f"{len(names)} more names" if len(names) > 1 else "one more name"
        findings.append(SpeakerFinding(label, len(texts), round(mean_voice(texts), 2), role, "of few dialogues"))
    return findings


def _describe(name: str, texts: list[str], role: str, source: Source) -> SpeakerFinding:
    is_declared = any(name in names for names in source.roles.values())
    by = "by what is said" if is_declared else "says always the same" if name in source.ignore_speakers else "by name"
    return SpeakerFinding(name, len(texts), round(mean_voice(texts), 2), role, by)


def _iter_named(value: Value, turns: TurnParser) -> Iterator[tuple[str, Role | None, str]]:
    """Yield name, role and text of the turns in a record that name a speaker."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        nested = parse_nested(value)
        value = value if nested is None else nested
    if isinstance(value, str):
        transcript = turns.labels.split(value)
        if len(transcript.roles) > 1:
            yield from ((turn.label, turn.role, turn.content) for turn in transcript.turns)
    elif isinstance(value, Mapping):
        plan = turns.find_plan(value)
        if plan is not None:
            name = value[plan[0]]
            yield str(name), turns.find_role(name), str(value.get(plan[1]) or "")
            return
        for field in flatten(value).values():
            yield from _iter_named(field, turns)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        for item in value:
            yield from ((turn.label, turn.role, turn.content) for turn in turns.labels.split(item).turns)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, Mapping | list):
                yield from _iter_named(item, turns)
