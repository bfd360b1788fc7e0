"""A scan of the columns beside the text: licences, sources in the training data, labels that identify somebody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cmtmed.anonymize import find_identifiers
from cmtmed.builds import Build
from cmtmed.text.han import HAN

_LABEL_COLUMNS: Final = ("id", "source_id", "department", "subdepartment")
_ID_COLUMNS: Final = ("id", "source_id")
_MAX_DEPARTMENT_CHARS: Final = 20
"""Characters of the longest name of a department; anything longer is a sentence that somebody wrote."""
_RUNS: Final = re.compile(rf"[{HAN}·]{{2,}}|[0-9]{{17}}[0-9Xx]|[0-9]{{5,}}")


@dataclass(frozen=True)
class LabelScan:
    """What the columns beside the text hold.

    Attributes:
        licenses: dialogues by source and licence; an empty licence is none.
        train_sources: dialogues outside the split ``test``, by source.
        identifying: values that look like identifiers, by column.
        sentences: departments and subdepartments too long to be one.
        rows: number of dialogues.
    """

    licenses: Mapping[tuple[str, str], int]
    train_sources: Mapping[str, int]
    identifying: Mapping[str, int]
    sentences: int
    rows: int

    @property
    def known_licenses(self) -> list[str]:
        """Every licence of a dialogue, sorted."""
        return sorted({license_ for _, license_ in self.licenses if license_})

    @property
    def unlicensed(self) -> dict[str, int]:
        """Dialogues without a licence, by source."""
        return {source: count for (source, license_), count in sorted(self.licenses.items()) if not license_}


def scan_labels(build: Build, *, hashed_ids: bool) -> LabelScan:
    """Scan the published dialogues of a build.

    Args:
        build: the build.
        hashed_ids: whether ids are published as keyed hashes, so that their content does not matter.

    Raises:
        DatasetError: a file is damaged.
    """
    licenses: Counter[tuple[str, str]] = Counter()
    train_sources: Counter[str] = Counter()
    identifying: Counter[str] = Counter()
    sentences = height = 0
    columns = [name for name in _LABEL_COLUMNS if not (hashed_ids and name in _ID_COLUMNS)]
    for batch in build.iter_batches(columns=["source", "license", "split", *_LABEL_COLUMNS]):
        licenses.update(zip(batch["source"], batch["license"].fill_null("").str.strip_chars(), strict=True))
        train_sources.update(batch["source"].filter(batch["split"].fill_null("train") != "test").to_list())
        for name in columns:
            values = batch[name].drop_nulls().unique(maintain_order=True).to_list()
            identifying[name] += len(find_identifying_labels(values))
            if name not in _ID_COLUMNS:
                sentences += sum(len(value) > _MAX_DEPARTMENT_CHARS for value in values)
        height += batch.height
    return LabelScan(licenses, train_sources, +identifying, sentences, height)


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
