"""The inquiry type and its slots."""

from __future__ import annotations

from typing import Final, NamedTuple

SLOTS: Final = (
    "symptom", "duration", "history", "medication", "exam", "allergy", "lifestyle", "demographics", "other",
)  # fmt: skip
"""The categories of information that a doctor asks for."""


class Inquiry(NamedTuple):
    """A sentence whose function is to obtain patient-specific clinical information in reply.

    Attributes:
        start: first code point of the sentence.
        end: position after its last.
        slot: one of `SLOTS`.
    """

    start: int
    end: int
    slot: str
