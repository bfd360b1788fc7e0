"""Published versions of datasets, ``ORG/NAME@TAG``, read back from the Hub for comparison."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmed.builds.comparison import Comparison, Side, build_side, compare_sides, summarize_rows
from cmtmed.builds.manifest import merge_stages
from cmtmed.errors import DatasetError, UsageError
from cmtmed.hub.client import quiet_hub_client, retry, translate_hub_errors
from cmtmed.hub.record import RECORD_FILE, decode_record
from cmtmed.schema import DIALOGUE

_VERSION_NAME: Final = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9._-]*)"
)


@dataclass(frozen=True)
class _LoadedSide:
    side: Side
    key_mark: str
    """Distinguishes the keys of hashed ids; empty if ids are unchanged."""


def compare(old: str | Path, new: str | Path) -> Comparison:
    """Compare two builds, two published versions, or one of each.

    Of a published version only its published rows are known: dialogues that its build dropped are not.

    Args:
        old: directory of a build, or ``ORG/NAME@TAG``.
        new: the other.

    Raises:
        UsageError: one is neither, or the ids of the two are hashed with different keys.
        DatasetError: a directory holds no finished build, or a version has no config ``dialogues``.
        PublishError: the Hub refused, or could not be reached.
    """
    before, after = _load_side(old), _load_side(new)
    if before.key_mark != after.key_mark:
        raise UsageError(
            f"the ids of {before.side.name!r} and {after.side.name!r} were hashed with different keys, or only one "
            "was, so dialogues cannot be matched; compare versions published with the same key"
        )
    return compare_sides(before.side, after.side)


def _load_side(name: str | Path) -> _LoadedSide:
    if Path(name).is_dir():
        return _LoadedSide(build_side(Path(name)), "")
    match = _VERSION_NAME.fullmatch(str(name))
    if match is None:
        raise UsageError(f"{str(name)!r} is not a directory; a version on the Hub is named ORG/NAME@TAG")
    return _download_side(str(name), *match.groups())


def _download_side(name: str, repo: str, tag: str) -> _LoadedSide:
    from huggingface_hub import snapshot_download

    patterns = [RECORD_FILE, "dialogues/*.parquet"]
    with quiet_hub_client(), translate_hub_errors(f"reading {name!r}"):
        folder = Path(
            retry(lambda: snapshot_download(repo, repo_type="dataset", revision=tag, allow_patterns=patterns))
        )
    path = folder / RECORD_FILE
    if not path.is_file():
        raise DatasetError(f"{name!r} was not published by cmtmed: it has no {RECORD_FILE}; give another version")
    record = decode_record(path.read_bytes(), repr(name))
    files = sorted(folder.glob("dialogues/*.parquet"))
    if not files:
        raise DatasetError(f"{name!r} has no config dialogues, which a comparison needs; give a version that has")
    try:
        rows = pl.concat([summarize_rows(batch, kept=True) for file in files for batch in _iter_dialogues(file)])
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"the table of dialogues of {name!r} cannot be read ({type(error).__name__}); publish it again"
        ) from None
    stages = merge_stages(record["pipeline"]["stages"])
    side = Side(name, stages, record["counts"], record["versions"], record["after"], rows.lazy())
    return _LoadedSide(side, record["ids"]["key"])


def _iter_dialogues(file: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows of a table of dialogues, some thousand at a time, so that memory stays bounded.

    Raises:
        pl.exceptions.PolarsError: a column is missing, or has another type.
        pa.ArrowInvalid: it is not a Parquet file.
    """
    table = pq.ParquetFile(file)
    yield _cast_columns(table.schema_arrow.empty_table())
    for batch in table.iter_batches(4096):
        yield _cast_columns(pa.Table.from_batches([batch]))


def _cast_columns(table: pa.Table) -> pl.DataFrame:
    # Another writer may have stored the same columns with other widths, which hash differently.
    return pl.DataFrame(table).select(list(DIALOGUE)).cast(pl.Schema(DIALOGUE))
