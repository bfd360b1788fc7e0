"""One look at what is to be published: licences, where sources ended up, labels that identify somebody."""

from __future__ import annotations

import re
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
_LONGEST: Final = 20
"""Characters of the longest name of a department; what is longer is a sentence, and somebody said it."""
_RUNS: Final = re.compile(r"[\u3400-\u9fff·]{2,}|[0-9]{17}[0-9Xx]|[0-9]{5,}")


@dataclass(frozen=True)
class Survey:
    """What the columns beside the text hold.

    Attributes:
        licenses: dialogues by source and licence; an empty licence is none.
        placed: dialogues by source that are not in the split ``test``.
        identifying: values that look like identifiers, by column.
        sentences: departments and subdepartments that are too long to be one.
        rows: dialogues in all.
    """

    licenses: Mapping[tuple[str, str], int]
    placed: Mapping[str, int]
    identifying: Mapping[str, int]
    sentences: int
    rows: int

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
    sentences = height = 0
    looked = [name for name in _LABELS if not (hashed_ids and name in _NUMBERS)]
    for rows in dialogues(out, ["source", "license", "split", *_LABELS]):
        bare = rows["license"].fill_null("").str.strip_chars()
        licenses.update(zip(rows["source"], bare, strict=True))
        placed.update(rows["source"].filter(rows["split"].fill_null("train") != "test").to_list())
        for name in looked:
            values = rows[name].drop_nulls().unique(maintain_order=True).to_list()
            identifying[name] += len(identified(values))
            if name not in _NUMBERS:
                sentences += sum(len(value) > _LONGEST for value in values)
        height += rows.height
    return Survey(licenses, placed, +identifying, sentences, height)


def identified(labels: Sequence[str]) -> list[str]:
    """Return the labels that hold an identifier, as a whole or in a piece of them.

    A name or number of a label stands without the words by which it is known in a sentence: so each run of Chinese
    characters, and each of digits, is looked at by itself too.

    >>> identified(["0101-李志明", "clinic/4711", "user=13800138000x"])
    ['0101-李志明', 'user=13800138000x']
    """
    pieces = [[label, *_RUNS.findall(label)] for label in labels]
    found = iter(find_identifiers([piece for some in pieces for piece in some]))
    return [label for label, some in zip(labels, pieces, strict=True) if sum(bool(next(found)) for _ in some)]


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
