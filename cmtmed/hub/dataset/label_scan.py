"""A scan of the columns beside the text: licences, sources in the training data, labels that identify somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cmtmed.anonymize.labels import MAX_DEPARTMENT_CHARACTERS, find_identifying_labels
from cmtmed.builds import Build

_LABEL_COLUMNS: Final = ("id", "source_id", "department", "subdepartment")
_ID_COLUMNS: Final = ("id", "source_id")


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
                sentences += sum(len(value) > MAX_DEPARTMENT_CHARACTERS for value in values)
        height += batch.height
    return LabelScan(licenses, train_sources, +identifying, sentences, height)
