"""Identifiers in labels: ids, departments, names of sources and of files, which stand beside the text of a dialogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from cmtmed.anonymize.detect.find import find_identifiers
from cmtmed.text.han import HAN

MAX_DEPARTMENT_CHARACTERS: Final = 20
"""Length of the longest name of a department; anything longer is a sentence that somebody wrote."""
_RUNS: Final = re.compile(rf"[{HAN}·]{{2,}}|[0-9]{{17}}[0-9Xx]|[0-9]{{5,}}")

_RECORD_NUMBER: Final = r"(?P<name>\.[A-Za-z0-9]{1,8}):[0-9]{1,7}(?:#[0-9]+)?$"


def find_identifying_labels(labels: Sequence[str]) -> list[str]:
    """Return the labels that contain an identifier, as a whole or in a segment.

    A name or number in a label lacks the words by which it is recognized in a sentence, so each run of Chinese
    characters and each run of digits is also searched by itself.

    >>> find_identifying_labels(["0101-李志明", "clinic/4711", "user=13800138000x"])
    ['0101-李志明', 'user=13800138000x']
    """
    segments = [[label, *_RUNS.findall(label)] for label in labels]
    spans = iter(find_identifiers([segment for group in segments for segment in group]))
    return [label for label, group in zip(labels, segments, strict=True) if sum(bool(next(spans)) for _ in group)]


def count_identifying_labels(labels: pl.Series) -> int:
    """Count the labels that contain an identifier; nulls do not.

    Of a label that consists of the name of a file and the number of a record, as readers give it to records without an
    id of their own, only the name is searched, and every name once.

    Args:
        labels: String, any number.
    """
    names = labels.drop_nulls().str.replace(_RECORD_NUMBER, "$name")
    counts = names.value_counts(name="count")
    identifying = set(find_identifying_labels(counts[names.name].to_list()))
    return sum(count for name, count in counts.iter_rows() if name in identifying)
