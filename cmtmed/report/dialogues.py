"""Dialogues as JSON for the page's script: turns split into plain, asking and redacted segments.

Offsets in the table are code points and browsers count UTF-16 units, so texts are split here. Segments are plain text:
the script inserts them as text nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from cmtmed.schema import DialogueRow, IdentifierSpan, InquirySpan

MAX_CHARACTERS: Final = 4000
"""Number of characters of a dialogue that are shown."""
_ROLES: Final = {"user": "patient", "assistant": "doctor"}


def to_json_dialogue(row: DialogueRow, length: int = MAX_CHARACTERS) -> dict[str, object]:
    """Convert a row of the dialogue table to plain JSON values.

    Args:
        row: the row.
        length: number of characters after which the dialogue is cut.
    """
    turns, remaining, characters = [], length, 0
    for index, message in enumerate(row["messages"]):
        text = message["content"] or ""
        characters += len(text)
        if remaining > 0:
            inquiries = [span for span in row["inquiries"] if span["message"] == index]
            redactions = [span for span in row["identifiers"] if span["message"] == index]
            segments = split_spans(text[:remaining], inquiries, redactions)
            turns.append({"role": _ROLES.get(message["role"], "system"), "segments": segments})
            remaining -= len(text)
    return {
        "id": row["id"],
        "source": row["source"],
        "department": row["department"],
        "split": row["split"],
        "cluster": row["cluster"],
        "reason": row["drop_reason"],
        "turns": turns,
        "totalTurns": len(row["messages"]),
        "characters": characters,
        "cut": min(characters, length) if characters > length else None,
        "slots": list(dict.fromkeys(span["slot"] for span in row["inquiries"])),
        "types": list(dict.fromkeys(span["type"] for span in row["identifiers"])),
        "trace": [[entry["stage"], entry["action"], entry["reason"], entry["characters"]] for entry in row["trace"]],
    }


def split_spans(
    text: str, inquiries: Sequence[InquirySpan], redactions: Sequence[IdentifierSpan]
) -> list[str | dict[str, str]]:
    """Split a turn at the boundaries of its spans.

    Args:
        text: the turn.
        inquiries: its inquiries.
        redactions: its redactions.

    Returns:
        Plain segments as strings; others as ``{"text", "slot"?, "type"?, "action"?}``.

    >>> split_spans("您好，多久了？", [{"message": 1, "start": 3, "end": 7, "slot": "duration"}], [])
    ['您好，', {'text': '多久了？', 'slot': 'duration'}]
    """
    labelled = [(span["start"], span["end"], {"slot": span["slot"]}) for span in inquiries]
    labelled += [(span["start"], span["end"], {"type": span["type"], "action": span["action"]}) for span in redactions]
    cuts = sorted(
        {0, len(text), *(min(boundary, len(text)) for start, end, _ in labelled for boundary in (start, end))}
    )
    segments: list[str | dict[str, str]] = []
    for start, end in pairwise(cuts):
        attributes: dict[str, str] = {}
        for span_start, span_end, labels in labelled:
            if span_start <= start and end <= span_end:
                attributes.update(labels)
        segments.append({"text": text[start:end], **attributes} if attributes else text[start:end])
    return segments
