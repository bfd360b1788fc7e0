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
from pydantic import BaseModel, ValidationError

from cmtmed.artifacts import hash_file
from cmtmed.builds.build import Build
from cmtmed.builds.comparison import Comparison, Side, build_side, compare_sides, summarize_rows
from cmtmed.builds.manifest import RecordCounts, StageOptions, merge_stages
from cmtmed.errors import DatasetError, UsageError
from cmtmed.hub.client import quiet_hub_client, retry, translate_hub_errors
from cmtmed.hub.record import RECORD_FILE, decode_record
from cmtmed.hub.staging import compute_checksum
from cmtmed.schema import DIALOGUE

_VERSION_NAME: Final = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9._-]*)"
)


_TABLES: Final = "dialogues/*.parquet"


class _Ids(BaseModel):
    key: str


class _PipelineStages(BaseModel):
    stages: list[dict[str, StageOptions]]


class _FileEntry(BaseModel):
    path: str
    sha256: str
    config: str = ""


class _Record(BaseModel):
    """What a comparison needs of the record of a version."""

    checksum: str
    ids: _Ids
    pipeline: _PipelineStages
    counts: RecordCounts
    versions: dict[str, str]
    after: dict[str, int | dict[str, int]]
    files: list[_FileEntry]


@dataclass(frozen=True)
class _LoadedSide:
    side: Side
    key_mark: str
    """Distinguishes the keys of hashed ids; empty if ids are unchanged."""


def compare(old: str | Path, new: str | Path, *, verify: bool = False) -> Comparison:
    """Compare two builds, two published versions, or one of each.

    Of a published version only its published rows are known: dialogues that its build dropped are not.

    Args:
        old: directory of a build, or ``ORG/NAME@TAG``.
        new: the other.
        verify: compare the checksums of a build's tables with those that it recorded first; those of a published
            version always are.

    Raises:
        UsageError: one is neither, or the ids of the two are hashed with different keys.
        DatasetError: a directory holds no finished build, a version has no config ``dialogues``, or its files are not
            those that were published.
        PublishError: the Hub refused, or could not be reached.
    """
    before, after = (_load_side(name, verify=verify) for name in (old, new))
    if before.key_mark != after.key_mark:
        raise UsageError(
            f"the ids of {before.side.name!r} and {after.side.name!r} were hashed with different keys, or only one "
            "was, so dialogues cannot be matched; compare versions published with the same key"
        )
    return compare_sides(before.side, after.side)


def _load_side(name: str | Path, *, verify: bool) -> _LoadedSide:
    if Path(name).is_dir():
        hashed = Build.open(name).manifest.ids
        return _LoadedSide(build_side(Path(name), verify=verify), hashed.key if hashed else "")
    match = _VERSION_NAME.fullmatch(str(name))
    if match is None:
        raise UsageError(f"{str(name)!r} is not a directory; a version on the Hub is named ORG/NAME@TAG")
    return _download_side(str(name), *match.groups())


def _download_side(name: str, repo: str, tag: str) -> _LoadedSide:
    folder = _download_version(name, repo, tag)
    try:
        record = _read_record(folder, name)
        _verify_tables(folder, record, name)
    except DatasetError:
        # The client trusts what an earlier call stored, whatever has happened to it since.
        folder = _download_version(name, repo, tag, force=True)
        record = _read_record(folder, name)
        _verify_tables(folder, record, name)
    files = sorted(folder.glob(_TABLES))
    try:
        rows = pl.concat([summarize_rows(batch, kept=True) for file in files for batch in _iter_dialogues(file)])
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"the table of dialogues of {name!r} cannot be read ({type(error).__name__}); publish it again"
        ) from None
    stages = merge_stages(record.pipeline.stages)
    side = Side(name, stages, record.counts, record.versions, record.after, rows.lazy())
    return _LoadedSide(side, record.ids.key)


def _download_version(name: str, repo: str, tag: str, *, force: bool = False) -> Path:
    """Return the directory of the client's cache with the record and the table of dialogues of a version."""
    from huggingface_hub import snapshot_download

    patterns = [RECORD_FILE, _TABLES]
    with quiet_hub_client(), translate_hub_errors(f"reading {name!r}"):
        return Path(
            retry(
                lambda: snapshot_download(
                    repo, repo_type="dataset", revision=tag, allow_patterns=patterns, force_download=force
                )
            )
        )


def _read_record(folder: Path, name: str) -> _Record:
    path = folder / RECORD_FILE
    if not path.is_file():
        raise DatasetError(f"{name!r} was not published by cmtmed: it has no {RECORD_FILE}; give another version")
    content = decode_record(path.read_bytes(), repr(name))
    try:
        record = _Record.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        location = ".".join(map(str, problem["loc"]))
        raise DatasetError(
            f"{RECORD_FILE} of {name!r} is damaged: {location}: {problem['msg']}; publish the dataset again"
        ) from None
    if compute_checksum([file for file in record.files if file.config]) != record.checksum:
        raise DatasetError(
            f"{RECORD_FILE} of {name!r} is damaged: its files do not have its checksum; publish the dataset again"
        )
    return record


def _verify_tables(folder: Path, record: _Record, name: str) -> None:
    """Make sure that the table of dialogues has exactly the files of the version, byte for byte."""
    expected = {file.path: file.sha256 for file in record.files if file.config == "dialogues"}
    if not expected:
        raise DatasetError(f"{name!r} has no config dialogues, which a comparison needs; give a version that has")
    actual = {path.relative_to(folder).as_posix(): hash_file(path) for path in sorted(folder.glob(_TABLES))}
    for path in sorted({*expected, *actual}):
        if actual.get(path) != expected.get(path):
            problem = (
                "is missing" if path not in actual
                else "does not belong to the version" if path not in expected
                else f"has the SHA-256 {actual[path]}, but was published with {expected[path]}"
            )  # fmt: skip
            raise DatasetError(f"{path} of {name!r} {problem}; look at the repository, or publish the version again")


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
