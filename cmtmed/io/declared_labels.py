"""Labels that a source declares by a regular expression, and roles of speakers whose names say nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, cast

from cmtmed.schema import Role
from cmtmed.text.characters import count_characters
from cmtmed.text.speaker_labels import LabelledTurn, Transcript

_SIDES: Final[tuple[Role, Role]] = ("user", "assistant")
_ROLES: Final = frozenset({"user", "assistant", "system"})


def split_by_pattern(
    text: str,
    pattern: re.Pattern[str],
    find_role: Callable[[str], Role | None],
    is_ignored: Callable[[str], bool],
    first_speaker: Role | None,
) -> Transcript:
    """Divide a text at the labels that a pattern matches.

    Args:
        text: the text.
        pattern: its group ``speaker`` names who speaks, or the group ``user``, ``assistant`` or ``system`` that
            matches is the role. Without any of them the speakers alternate.
        find_role: returns the role of a name, None if it is unknown.
        is_ignored: returns whether the turns of a name are left out.
        first_speaker: role of the first speaker where names say nothing.
    """
    matches = list(pattern.finditer(text))
    transcript = Transcript()
    if not matches:
        transcript.preamble = text
        return transcript
    transcript.preamble = text[: matches[0].start()]
    names = [match["speaker"] or "" if "speaker" in pattern.groupindex else "" for match in matches]
    if pattern.groupindex:
        kept = [name for name in names if not is_ignored(name)]
        assigned = assign_opening_roles(kept, [find_role(name) for name in kept], first_speaker)
        roles = [_find_group_role(match) or assigned.get(name) for match, name in zip(matches, names, strict=True)]
    else:
        opener = first_speaker or "user"
        other = _get_other(opener)
        roles = [(opener, other)[number % 2] for number in range(len(matches))]
    ends = [match.start() for match in matches[1:]] + [len(text)]
    for match, end, role, name in zip(matches, ends, roles, names, strict=True):
        content = text[match.end() : end]
        transcript.left_out["speaker"] += count_characters(match.group())
        if role is None:
            transcript.left_out["ignored_speaker"] += count_characters(content)
        else:
            transcript.turns.append(LabelledTurn(role, name, content.strip()))
    return transcript


def assign_opening_roles(
    names: Sequence[str], roles: Sequence[Role | None], first_speaker: Role | None
) -> dict[str, Role | None]:
    """Return the role of every name of one dialogue, given in order of speaking.

    One unknown name beside one known side is the other side. Where all are unknown, the first has the role
    ``first_speaker`` and the others are the other side; without it they stay unknown.

    >>> assign_opening_roles(["木木", "晨曦", "木木"], [None, None, None], "user")
    {'木木': 'user', '晨曦': 'assistant'}
    """
    known = dict(zip(names, roles, strict=True))
    unknown = [name for name, role in known.items() if role is None]
    sides = {role for role in known.values() if role in _SIDES}
    if len(sides) == 1 and unknown and (len(unknown) == 1 or first_speaker is not None):
        missing = next(side for side in _SIDES if side not in sides)
        return known | dict.fromkeys(unknown, missing)
    if not sides and first_speaker is not None and len(unknown) > 1:
        other = _get_other(first_speaker)
        return known | {name: other if number else first_speaker for number, name in enumerate(unknown)}
    return known


def _get_other(side: Role) -> Role:
    return "assistant" if side == "user" else "user"


def _find_group_role(match: re.Match[str]) -> Role | None:
    role = next((name for name, value in match.groupdict().items() if name in _ROLES and value is not None), None)
    return cast("Role | None", role)
