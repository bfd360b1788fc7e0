"""The labels of a source's speakers."""

from __future__ import annotations

from cmtmed.source import Source
from cmtmed.text.speaker_labels import LabelGrammar, LabelledTurn, Transcript

__all__ = ["LabelledTurn", "SpeakerLabels", "Transcript"]


class SpeakerLabels(LabelGrammar):
    """The speakers' names that a source declares, beside the usual ones, and the labels that they form."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.role_table(), source.ignore_speakers)
