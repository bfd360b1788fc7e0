"""Fields that may name the speaker of a turn, and sources that give the names their roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cmtmed.inspection.profiles import FieldProfile
from cmtmed.inspection.speakers import assign_roles, declare_variants
from cmtmed.io.field_names import find_names
from cmtmed.io.records import Value
from cmtmed.source import Source

MAX_SPEAKERS: Final = 12
_NAME_CHARACTERS: Final = 24
_PAIRED: Final = 0.8
_PARTNERS: Final = 3

Turn = Mapping[str, Value]
"""A turn with its fields."""


def list_role_fields(profiles: Mapping[str, FieldProfile]) -> list[FieldProfile]:
    """Return the fields that may name the speaker: two to twelve values, each in many records."""
    names = set(find_names(profiles, "role"))
    return sorted(
        (
            profile
            for profile in profiles.values()
            if profile.fill >= 0.9
            and 2 <= len(profile.counts) <= MAX_SPEAKERS
            and (profile.content == "label" or profile.name in names)
        ),
        key=lambda profile: (profile.name not in names, len(profile.counts)),
    )[:3]


def to_label(value: Value) -> str:
    """Return a speaker's name as it is compared with declared ones."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def list_partner_fields(
    profiles: Mapping[str, FieldProfile], dialogues: Sequence[Sequence[Turn]]
) -> list[FieldProfile]:
    """Return the fields with two or three short values in each dialogue, others in another: nicknames, accounts."""
    found = []
    several = [turns for turns in dialogues if len(turns) > _PARTNERS - 1]
    for profile in profiles.values():
        if profile.fill < 1 or len(profile.counts) <= _PARTNERS or profile.max_length > _NAME_CHARACTERS:
            continue
        values = [[to_label(turn.get(profile.name)) for turn in turns] for turns in several]
        paired = sum(2 <= len(set(names)) <= _PARTNERS and len(names) > len(set(names)) for names in values)
        if several and paired >= _PAIRED * len(several):
            found.append(profile)
    return sorted(found, key=lambda profile: (-len(profile.counts), profile.name))[:2]


def declare_names(source: Source, turns: Sequence[Turn], role: str, content: str) -> Iterator[Source]:
    """Yield a source with the fields of speaker and text, and with the roles of the few names that there are."""
    spoken: dict[str, list[str]] = defaultdict(list)
    for turn in turns:
        spoken[to_label(turn.get(role))].append(str(turn.get(content) or ""))
    yield from declare_variants(declare_fields(source, role, content), assign_roles(spoken))


def declare_openers(source: Source, role: str, content: str) -> Iterator[Source]:
    """Yield sources in which who begins is the patient, or the doctor."""
    for side in ("user", "assistant"):
        yield declare_fields(source, role, content).model_copy(update={"first_speaker": side})


def declare_fields(source: Source, role: str, content: str) -> Source:
    """Return a source with the fields of speaker and text."""
    return source.model_copy(update={"fields": source.fields.model_copy(update={"role": role, "content": content})})
