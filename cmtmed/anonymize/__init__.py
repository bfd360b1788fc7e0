"""Find what could tell who a person is, and replace it: twenty types of identifier in Chinese consultation text."""

from __future__ import annotations

from cmtmed.anonymize.evaluate import evaluate
from cmtmed.anonymize.find import find, find_identifiers
from cmtmed.anonymize.identifier import TYPES, Identifier
from cmtmed.anonymize.replace import LABELS, replace
from cmtmed.anonymize.scores import Counts, Evaluation, Share, TypeScores

__all__ = [
    "LABELS",
    "TYPES",
    "Counts",
    "Evaluation",
    "Identifier",
    "Share",
    "TypeScores",
    "evaluate",
    "find",
    "find_identifiers",
    "replace",
]
