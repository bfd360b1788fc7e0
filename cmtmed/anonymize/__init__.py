"""Find and replace personal identifiers of twenty types in Chinese consultation text."""

from __future__ import annotations

from cmtmed.anonymize.detect.find import find, find_identifiers
from cmtmed.anonymize.evaluate.matching import evaluate_identifiers
from cmtmed.anonymize.evaluate.scores import Counts, Evaluation, Share, TypeScores
from cmtmed.anonymize.identifier import LABELS, TYPES, Identifier
from cmtmed.anonymize.replace.substitution import replace_identifiers

__all__ = [
    "LABELS",
    "TYPES",
    "Counts",
    "Evaluation",
    "Identifier",
    "Share",
    "TypeScores",
    "evaluate_identifiers",
    "find",
    "find_identifiers",
    "replace_identifiers",
]
