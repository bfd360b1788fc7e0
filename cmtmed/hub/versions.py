"""Published versions, read back from the Hub to be compared: ``ORG/NAME@TAG``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmed.builds.comparison import Comparison, Side, build_side, compare_sides, rows_of
from cmtmed.errors import DatasetError, UsageError
from cmtmed.hub.client import hushed, repeated, told
from cmtmed.hub.record import FILE, decode
from cmtmed.schema import DIALOGUE

_VERSION: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True)
class _Opened:
    side: Side
    key: str
    """Tells apart keys of hashed ids; empty where ids are as they are."""


def compare(old: str | Path, new: str | Path) -> Comparison:
    """Compare two builds, two published versions, or one of each.

    Of a published version only what was published is known: a dialogue that one build dropped is not there.

    Args:
        old: directory of a build, or ``ORG/NAME@TAG``.
        new: the other.

    Raises:
        UsageError: one is neither, or the ids of the two are hashed with different keys.
        DatasetError: a directory holds no finished build, or a version has no config ``dialogues``.
        PublishError: the Hub refused, or could not be reached.
    """
    before, after = _open(old), _open(new)
    if before.key != after.key:
        raise UsageError(
            f"the ids of {before.side.name!r} and {after.side.name!r} were hashed with different keys, or only one "
            "was, so that no dialogue can be found in the other; compare versions published with the same key"
        )
    return compare_sides(before.side, after.side)


def _open(name: str | Path) -> _Opened:
    if Path(name).is_dir():
        return _Opened(build_side(Path(name)), "")
    found = _VERSION.fullmatch(str(name))
    if found is None:
        raise UsageError(f"{str(name)!r} is no directory; a version on the Hub is named ORG/NAME@TAG")
    return _published(str(name), *found.groups())


def _published(name: str, repo: str, tag: str) -> _Opened:
    from huggingface_hub import snapshot_download

    with hushed(), told(f"reading {name!r}"):
        folder = Path(
            repeated(
                lambda: snapshot_download(
                    repo, repo_type="dataset", revision=tag, allow_patterns=[FILE, "dialogues/*.parquet"]
                )
            )
        )
    record = folder / FILE
    if not record.is_file():
        raise DatasetError(f"{name!r} was not published by cmtmed: it has no {FILE}; give another version")
    content = decode(record.read_bytes(), repr(name))
    files = sorted(folder.glob("dialogues/*.parquet"))
    if not files:
        raise DatasetError(f"{name!r} has no config dialogues, which comparing needs; give a version that has")
    try:
        rows = pl.concat([rows_of(part, kept=True) for file in files for part in _parts(file)])
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"the table of dialogues of {name!r} cannot be read ({type(error).__name__}); publish it again"
        ) from None
    side = Side(name, content["pipeline"], content["counts"], content["versions"], content["after"], rows.lazy())
    return _Opened(side, content["ids"]["key"])


def _parts(file: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows of a table of dialogues, some thousand at a time, so that their text is never held as a whole.

    Raises:
        pl.exceptions.PolarsError: a column is missing, or holds something else.
        pa.ArrowInvalid: it is no Parquet file.
    """
    table = pq.ParquetFile(file)
    yield _typed(table.schema_arrow.empty_table())
    for batch in table.iter_batches(4096):
        yield _typed(pa.Table.from_batches([batch]))


def _typed(table: pa.Table) -> pl.DataFrame:
    # Another writer may have given the same columns other widths, which hash differently.
    return pl.DataFrame(table).select(list(DIALOGUE)).cast(pl.Schema(DIALOGUE))
