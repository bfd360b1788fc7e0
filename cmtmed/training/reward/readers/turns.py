"""Parse the turns of a preference: the prompt, its history, and answers."""

from __future__ import annotations

from collections.abc import Sequence

from cmtmed.training.reward.rankings import Message
from cmtmed.training.run.chat_roles import CHAT_ROLES

Turns = list[dict[str, str]]


class UnreadableRowError(Exception):
    """A row that cannot be used.

    Attributes:
        reason: short and without text of the row, because reasons are counted.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_prompt(value: object) -> Turns:
    """Return the turns of a prompt: a text, or messages that end with the patient."""
    if not value:
        raise UnreadableRowError("no prompt")
    turns = [make_turn("user", value)] if isinstance(value, str) else parse_turns(value)
    if turns[-1]["role"] != "user":
        raise UnreadableRowError("the prompt does not end with the patient")
    return turns


def parse_turns(value: object) -> Turns:
    """Return messages, whatever the names of their fields and roles."""
    if not isinstance(value, list) or not value:
        raise UnreadableRowError("not a list of turns")
    return [parse_turn(message, role=None) for message in value]


def parse_turn(value: object, role: str | None = "assistant") -> dict[str, str]:
    """Return one message: a text by ``role``, or an object that names its role."""
    if not isinstance(value, dict):
        if role is None:
            raise UnreadableRowError("a turn is not an object")
        return make_turn(role, value)
    known_role = CHAT_ROLES.get(str(value.get("role", value.get("from"))))
    if known_role is None:
        raise UnreadableRowError("a turn has no known role")
    return make_turn(known_role, value.get("content", value.get("value")))


def make_turn(role: str, text: object) -> dict[str, str]:
    """Return a message.

    Raises:
        UnreadableRowError: it has no text.
    """
    if not isinstance(text, str) or not text.strip():
        raise UnreadableRowError("an answer has no text" if role == "assistant" else "a turn of the prompt has no text")
    return {"role": role, "content": text}


def parse_history(value: object) -> Turns:
    """Return the turns of ``[[patient, doctor], …]``.

    Raises:
        UnreadableRowError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
        raise UnreadableRowError("history is not a list of pairs")
    return [make_turn(role, text) for pair in value for role, text in zip(("user", "assistant"), pair, strict=True)]


def find_common_turns(dialogues: Sequence[Sequence[Message]]) -> Turns:
    """Return the turns that all dialogues begin with, up to the patient's last; at least one is left over."""
    shared: Turns = []
    for turns in zip(*(dialogue[:-1] for dialogue in dialogues), strict=False):
        if any(turn != turns[0] for turn in turns):
            break
        shared.append(dict(turns[0]))
    while shared and shared[-1]["role"] != "user":
        shared.pop()
    return shared
