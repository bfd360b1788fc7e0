"""Which side a speaker is on, judged by what is said under each name or code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cmtmed.inspection.voice import mean_voice
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.schema import Role
from cmtmed.source import Source

_CANNED_COUNT: Final = 4
_CANNED_SHARE: Final = 0.4
_CLEAR: Final = 2.0
"""Difference of voices from which two speakers are told apart without doubt."""


@dataclass(frozen=True)
class Speaker:
    """A speaker: the name or code, the number of turns, their mean voice, and the role that it was given.

    Attributes:
        role: None if the speaker's turns are to be left out.
        is_known: whether the role follows from the name.
        is_sure: whether the voice leaves little doubt.
    """

    name: str
    turns: int
    voice: float
    role: Role | None
    is_known: bool
    is_sure: bool


def assign_roles(texts: Mapping[str, Sequence[str]]) -> list[Speaker]:
    """Give every speaker a role: by name where it is known, otherwise by voice.

    Args:
        texts: by speaker, what was said.
    """
    labels = SpeakerLabels(Source(name="crawl"))
    voices = {name: mean_voice(said) for name, said in texts.items()}
    # One letter or digit is no name: A may be the doctor who answers or the first of two who speak.
    known = {name: labels.name_role(name) if len(name.strip()) > 1 else None for name in texts}
    sides: dict[Role, list[float]] = {"user": [], "assistant": []}
    for name, role in known.items():
        if role in sides:
            sides[role].append(voices[name])
    unknown = sorted((name for name, role in known.items() if role is None), key=lambda name: voices[name])
    assigned = _assign_unknown(unknown, voices, texts, sides)
    return [
        Speaker(
            name,
            len(said),
            round(voices[name], 2),
            known[name] or assigned.get(name),
            known[name] is not None,
            known[name] is not None or _is_clear(name, voices, assigned),
        )
        for name, said in texts.items()
    ]


def _assign_unknown(
    unknown: Sequence[str],
    voices: Mapping[str, float],
    texts: Mapping[str, Sequence[str]],
    sides: Mapping[Role, Sequence[float]],
) -> dict[str, Role | None]:
    assigned: dict[str, Role | None] = {}
    remaining = []
    for name in unknown:
        if _is_canned(texts[name]) and len(unknown) + sum(map(bool, sides.values())) > 2:
            assigned[name] = None
        else:
            remaining.append(name)
    if not sides["user"] and not sides["assistant"]:
        middle = (voices[remaining[0]] + voices[remaining[-1]]) / 2 if remaining else 0.0
    elif not sides["assistant"]:
        # The one side that is missing is the most doctor-like of those whose names say nothing.
        middle = voices[remaining[-1]] - 1e-9 if remaining else 0.0
    elif not sides["user"]:
        middle = voices[remaining[0]] + 1e-9 if remaining else 0.0
    else:
        means = [sum(side) / len(side) for side in sides.values()]
        middle = sum(means) / 2
    for name in remaining:
        assigned[name] = "assistant" if voices[name] > middle else "user"
    return assigned


def _is_canned(said: Sequence[str]) -> bool:
    """Return whether a speaker always says the same, as a platform's robot does."""
    return len(said) >= _CANNED_COUNT and len(set(said)) <= _CANNED_SHARE * len(said)


def _is_clear(name: str, voices: Mapping[str, float], assigned: Mapping[str, Role | None]) -> bool:
    others = [voices[other] for other, role in assigned.items() if role != assigned.get(name) and role is not None]
    return all(abs(voices[name] - other) >= _CLEAR for other in others)


def declare_variants(source: Source, speakers: Sequence[Speaker]) -> Iterator[Source]:
    """Yield a source that names the speakers, and where it is not sure who is who the same with the sides swapped."""
    yield declare_roles(source, speakers)
    if not all(speaker.is_known or speaker.is_sure or speaker.role is None for speaker in speakers):
        swapped = [
            speaker if speaker.is_known else replace(speaker, role=_SWAPPED.get(speaker.role)) for speaker in speakers
        ]
        yield declare_roles(source, swapped)


_SWAPPED: Final[Mapping[Role | None, Role]] = {"user": "assistant", "assistant": "user"}


def declare_roles(source: Source, speakers: Sequence[Speaker]) -> Source:
    """Return a source that names the speakers whose roles do not follow from their names."""
    roles: dict[Role, tuple[str, ...]] = {}
    for role in ("user", "assistant"):
        names = tuple(
            speaker.name
            for speaker in speakers
            if speaker.role == role and not speaker.is_known and speaker.name.strip()
        )
        if names:
            roles[role] = names
    ignored = tuple(speaker.name for speaker in speakers if speaker.role is None and speaker.name.strip())
    return source.model_copy(update={"roles": roles, "ignore_speakers": ignored})
