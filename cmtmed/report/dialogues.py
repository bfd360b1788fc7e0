"""Dialogues as JSON for the page's script: turns split into plain, asking and redacted segments.

Offsets in the table are code points and browsers count UTF-16 units, so texts are split here. Segments are plain text:
the script inserts them as text nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

MAX_CHARACTERS: Final = 4000
"""Number of characters of a dialogue that are shown."""
_ROLES: Final = {"user": "patient", "assistant": "doctor"}


def to_json_dialogue(row: Mapping[str, Any], length: int = MAX_CHARACTERS) -> dict[str, Any]:
    """Convert a row of the dialogue table to plain JSON values.

    Args:
        row: of the dialogue table.
        length: number of characters after which the dialogue is cut.
    """
    turns, remaining, characters = [], length, 0
    for index, message in enumerate(row["messages"]):
        text = message["content"] or ""
        characters += len(text)
        if remaining > 0:
            spans = [[span for span in row[name] if span["message"] == index] for name in ("inquiries", "identifiers")]
            turns.append(
                {"role": _ROLES.get(message["role"], "system"), "segments": split_spans(text[:remaining], *spans)}
            )
            remaining -= len(text)
    return {
        **{name: row[name] for name in ("id", "source", "department", "split", "cluster")},
        "reason": row["drop_reason"],
        "turns": turns,
        "totalTurns": len(row["messages"]),
        "characters": characters,
        "cut": min(characters, length) if characters > length else None,
        "slots": list(dict.fromkeys(span["slot"] for span in row["inquiries"])),
        "types": list(dict.fromkeys(span["type"] for span in row["identifiers"])),
        "trace": [[entry["stage"], entry["action"], entry["reason"]] for entry in row["trace"]],
    }


def split_spans(
    text: str, inquiries: Sequence[Mapping[str, Any]], redactions: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Split a turn at the boundaries of its spans.

    Args:
        text: the turn.
        inquiries: its inquiries.
        redactions: its redactions.

    Returns:
        Plain segments as strings; others as ``{"text", "slot"?, "type"?, "action"?}``.

    >>> split_spans("您好，多久了？", [{"start": 3, "end": 7, "slot": "duration"}], [])
    ['您好，', {'text': '多久了？', 'slot': 'duration'}]
    """
    spans = [*inquiries, *redactions]
    ends = {min(span[end], len(text)) for span in spans for end in ("start", "end")}
    cuts = sorted({0, len(text), *ends})
    segments: list[Any] = []
    for start, end in pairwise(cuts):
        attributes: dict[str, Any] = {}
        for span in spans:
            if span["start"] <= start and end <= span["end"]:
                attributes.update({name: span[name] for name in ("slot", "type", "action") if name in span})
        segments.append({"text": text[start:end], **attributes} if attributes else text[start:end])
    return segments
