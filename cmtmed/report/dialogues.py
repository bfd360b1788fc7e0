"""A dialogue as the page's script shows it: turns cut into pieces, each plain, asking or redacted.

Offsets of the table are code points and a browser counts UTF-16 units, so texts are cut here. Everything stays text:
the script puts pieces into the page as text nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

LENGTH: Final = 4000
"""Characters of a dialogue that are shown."""
_ROLES: Final = {"user": "patient", "assistant": "doctor"}


def shown(row: Mapping[str, Any], length: int = LENGTH) -> dict[str, Any]:
    """Return one row of the dialogue table as plain JSON values.

    Args:
        row: of the dialogue table.
        length: characters after which the dialogue is cut.
    """
    turns, left, whole = [], length, 0
    for place, message in enumerate(row["messages"]):
        text = message["content"] or ""
        whole += len(text)
        if left > 0:
            spans = [[span for span in row[name] if span["message"] == place] for name in ("inquiries", "identifiers")]
            turns.append({"role": _ROLES.get(message["role"], "system"), "pieces": pieces(text[:left], *spans)})
            left -= len(text)
    return {
        **{name: row[name] for name in ("id", "source", "department", "split", "cluster")},
        "reason": row["drop_reason"],
        "turns": turns,
        "turnsInAll": len(row["messages"]),
        "whole": whole,
        "cut": min(whole, length) if whole > length else None,
        "slots": list(dict.fromkeys(span["slot"] for span in row["inquiries"])),
        "types": list(dict.fromkeys(span["type"] for span in row["identifiers"])),
        "trace": [[entry["stage"], entry["action"], entry["reason"]] for entry in row["trace"]],
    }


def pieces(text: str, asks: Sequence[Mapping[str, Any]], gone: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Cut a turn at the ends of its spans.

    Args:
        text: the turn.
        asks: its inquiries.
        gone: its redactions.

    Returns:
        Plain pieces as strings; others as ``{"text", "slot"?, "type"?, "action"?}``.

    >>> pieces("您好，多久了？", [{"start": 3, "end": 7, "slot": "duration"}], [])
    ['您好，', {'text': '多久了？', 'slot': 'duration'}]
    """
    spans = [*asks, *gone]
    ends = {min(span[end], len(text)) for span in spans for end in ("start", "end")}
    cuts = sorted({0, len(text), *ends})
    out: list[Any] = []
    for start, end in pairwise(cuts):
        about: dict[str, Any] = {}
        for span in spans:
            if span["start"] <= start and end <= span["end"]:
                about.update({name: span[name] for name in ("slot", "type", "action") if name in span})
        out.append({"text": text[start:end], **about} if about else text[start:end])
    return out
