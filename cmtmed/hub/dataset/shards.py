"""Parquet shards of a build's tables, as a dataset repository on the Hub holds them.

They are written by `datasets` itself, with the row groups, the page index and the content-defined chunks on which the
Hub's viewer and storage rely. The same build gives the same bytes, so that a repeated upload finds them on the Hub.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmtmed.anonymize.replace.hashed_ids import ID_COLUMNS, hash_ids
from cmtmed.artifacts import hash_file, read_json, replace_atomically, write_json
from cmtmed.builds import Build
from cmtmed.engine.progress import Progress
from cmtmed.errors import DatasetError, OutputError
from cmtmed.hub.staging import PublishedFile, Staging
from cmtmed.views.dataset import open_dataset

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

SHARD_BYTES: Final = 500_000_000
"""Arrow bytes of the rows of one shard at most, as the Hub recommends."""
_DONE_SUFFIX: Final = ".done.json"


def write_shards(
    build: Build, config: str, staging: Staging, *, key: bytes | None, progress: Progress
) -> list[PublishedFile]:
    """Write one table of a build as Parquet shards, named as the Hub expects: ``sft/train-00000-of-00001.parquet``.

    Splits without rows are left out: readers fail on a Parquet file without rows.

    Args:
        build: the build.
        config: a view, or ``dialogues``.
        staging: where the shards go; complete ones of an earlier call are not written again.
        key: replaces ids by keyed hashes (see `cmtmed.anonymize.replace.hashed_ids`); None keeps them.
        progress: called with phase, shards done and shards in all.

    Raises:
        DatasetError: the table is damaged.
        OutputError: the disk is full or not writable.
    """
    from datasets import disable_progress_bars, enable_progress_bars
    from datasets.utils import are_progress_bars_disabled

    tables = open_dataset(build.root / config)
    _check_origin(tables, build, config)
    sizes = {split: sum(file.stat().st_size for file in build.paths(config, split)) for split in tables}
    counts = {split: max(1, -(-sizes[split] // SHARD_BYTES)) for split, rows in tables.items() if len(rows)}
    files: list[PublishedFile] = []
    bars_disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        for split, count in counts.items():
            for index in range(count):
                progress(f"prepare {config}", len(files), sum(counts.values()))
                name = f"{config}/{split}-{index:05d}-of-{count:05d}.parquet"
                shard = tables[split].shard(num_shards=count, index=index, contiguous=True)
                path = staging.root / name
                digest = _write_shard(shard, path, key)
                files.append(PublishedFile(name, path, path.stat().st_size, digest, config, split, len(shard)))
    except OSError as error:
        raise OutputError(
            f"cannot write {str(staging.root / config)!r}: {error.strerror or type(error).__name__}; "
            "free some disk space"
        ) from None
    finally:
        if not bars_disabled:
            enable_progress_bars()
    progress(f"prepare {config}", len(files), len(files))
    return files


def _check_origin(tables: DatasetDict, build: Build, config: str) -> None:
    """Make sure that the rows come from the files of the build, and from all of them: nothing else was audited."""
    read = {Path(file["filename"]).resolve() for rows in tables.values() for file in rows.cache_files}
    if read != {path.resolve() for path in build.paths(config)}:
        raise DatasetError(
            f"{str(build.root / config)!r} lists files other than those that it contains; run cmtmed build again"
        )


def _write_shard(rows: Dataset, path: Path, key: bytes | None) -> str:
    """Write a shard unless an earlier call completed it; return its SHA-256."""
    path.parent.mkdir(exist_ok=True)
    marker = path.with_suffix(_DONE_SUFFIX)
    digest = _read_digest(path, marker)
    if not digest:
        scratch = path.with_suffix(".scratch")
        try:
            with replace_atomically(path) as partial:
                (_replace_ids(rows, key, scratch) if key is not None else rows).to_parquet(str(partial))
        finally:
            scratch.unlink(missing_ok=True)
        digest = hash_file(path)
        write_json(marker, {"sha256": digest})
    return digest


def _read_digest(path: Path, marker: Path) -> str:
    """Return the SHA-256 of a shard that an earlier call completed and nobody has changed since, else nothing."""
    try:
        digest = str(read_json(marker)["sha256"])
        return digest if digest == hash_file(path) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _replace_ids(rows: Dataset, key: bytes, scratch: Path) -> Dataset:
    columns = [name for name in ID_COLUMNS if name in rows.column_names]

    def hash_columns(batch: dict[str, list[str | None]]) -> dict[str, list[str | None]]:
        return {name: hash_ids(batch[name], key) for name in columns}

    # An explicit cache file, because the default one would grow inside the build.
    return rows.map(
        hash_columns, batched=True, input_columns=None, features=rows.features, cache_file_name=str(scratch),
        load_from_cache_file=False, new_fingerprint="0" * 16,
    )  # fmt: skip
