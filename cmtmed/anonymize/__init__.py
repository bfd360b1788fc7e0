"""Find what could tell who a person is, and replace it: twenty types of identifier in Chinese consultation text."""

from __future__ import annotations

from cmtmed.anonymize.find import find, find_identifiers
from cmtmed.anonymize.identifier import TYPES, Identifier
from cmtmed.anonymize.replace import LABELS, replace

__all__ = ["LABELS", "TYPES", "Identifier", "find", "find_identifiers", "replace"]
