"""One look at what is to be published: licences, where sources ended up, labels that identify somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from cmtmed.anonymize import find_identifiers
from cmtmed.errors import DatasetError

_LABELS: Final = ("id", "source_id", "department", "subdepartment")
_NUMBERS: Final = ("id", "source_id")


@dataclass(frozen=True)
class Survey:
    """What the columns beside the text hold.

    Attributes:
        licenses: dialogues by source and licence; an empty licence is none.
        placed: dialogues by source that are not in the split ``test``.
        identifying: values that look like identifiers, by column.
    """

    licenses: Mapping[tuple[str, str], int]
    placed: Mapping[str, int]
    identifying: Mapping[str, int]

    @property
    def licensed(self) -> list[str]:
        """Every licence that a dialogue has, sorted."""
        return sorted({license_ for _, license_ in self.licenses if license_})

    @property
    def unlicensed(self) -> dict[str, int]:
        """Dialogues without a licence, by source."""
        return {source: count for (source, license_), count in sorted(self.licenses.items()) if not license_}


def survey(out: Path, *, hashed_ids: bool) -> Survey:
    """Look at the published dialogues of a build.

    Args:
        out: directory of the build.
        hashed_ids: whether ids are published as keyed hashes, so that what they hold is of no matter.

    Raises:
        DatasetError: a file is damaged.
    """
    licenses: Counter[tuple[str, str]] = Counter()
    placed: Counter[str] = Counter()
    identifying: Counter[str] = Counter()
    looked = [name for name in _LABELS if not (hashed_ids and name in _NUMBERS)]
    for rows in dialogues(out, ["source", "license", "split", *_LABELS]):
        bare = rows["license"].fill_null("").str.strip_chars()
        licenses.update(zip(rows["source"], bare, strict=True))
        placed.update(rows["source"].filter(rows["split"].fill_null("train") != "test").to_list())
        for name in looked:
            values = rows[name].drop_nulls().unique(maintain_order=True).to_list()
            identifying[name] += sum(map(bool, find_identifiers(values)))
    return Survey(licenses, placed, +identifying)


def dialogues(out: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield some columns of the published dialogues, a record batch at a time.

    Raises:
        DatasetError: a file is damaged.
    """
    for file in sorted(out.glob("dialogues/*/*.arrow")):
        try:
            with pa.memory_map(str(file)) as source:
                for batch in pa.ipc.open_stream(source):
                    yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch.select(list(columns))])))
        except (pa.ArrowInvalid, KeyError):
            raise DatasetError(f"{str(file)!r} is damaged; run cmtmed build again") from None
