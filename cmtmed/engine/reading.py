"""The work of a worker process on the crawl: read some files into shards, or hash the positions of their records.

Every file must still be what it was when the build began, before and after it is read.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

import polars as pl

from cmtmed.artifacts import sync_folder
from cmtmed.engine.inputs import InputFile, report_changes
from cmtmed.engine.markers import ReadMarker
from cmtmed.engine.workspace import write_table
from cmtmed.errors import StrictError
from cmtmed.io.read import ReadBatch, read_file
from cmtmed.io.selection import Selector, SmallestHashes
from cmtmed.private_files import make_private_folder
from cmtmed.schema import complete, empty_table
from cmtmed.source import Source
from cmtmed.stats import ReadingStats, TableStats

_HASHED_ROWS: Final = 4096


def read_files(
    files: Sequence[InputFile],
    sources: Sequence[Source],
    folder: Path,
    *,
    shard_rows: int,
    strict: bool,
    sync: bool,
    selectors: Sequence[Selector] = (),
) -> None:
    """Read some files into shards ``folder/shards/NNNNN.arrow`` and ``folder/quarantine/NNNNN.arrow``.

    Args:
        files: the files, in reading order.
        sources: the pipeline's sources; they decide how each record is parsed.
        folder: where the shards go; anything an interrupted task left there is removed.
        shard_rows: dialogues per shard; the last one may have fewer.
        strict: whether to fail at the first record that cannot be read.
        sync: whether everything is on the disk before the marker is.
        selectors: what selects the records, for each file; without any, all records are read.

    Raises:
        StrictError: a record was quarantined although ``strict`` is set.
        BuildError: a file changed since it was hashed, or cannot be read any more.
    """
    path = folder / "done.json"
    if path.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for subfolder in (folder, folder / "shards", folder / "quarantine"):
        make_private_folder(subfolder)
    started = time.perf_counter()
    shards, quarantine_files, stats, reading = 0, 0, TableStats(), ReadingStats()
    pending: list[pl.DataFrame] = []
    pending_rows = 0
    for index, file in enumerate(files):
        selector = selectors[index] if selectors else None
        if selector is not None and selector.is_done:
            break
        for batch in _read_unchanged(file, sources, shard_rows, selector):
            if batch.quarantined.height:
                if strict:
                    refuse_record(batch.quarantined)
                write_table(folder / "quarantine" / f"{quarantine_files:05d}.arrow", batch.quarantined, sync=sync)
                quarantine_files += 1
            reading += batch.stats
            if not batch.dialogues.height:
                continue  # an archive may have thousands of members without a dialogue
            pending.append(batch.dialogues)
            pending_rows += batch.dialogues.height
            while pending_rows >= shard_rows:
                rows = pl.concat(pending)
                stats += _write_shard(folder, shards, rows.head(shard_rows), sync=sync)
                pending = [rows.slice(shard_rows)]
                pending_rows = pending[0].height
                shards += 1
    remaining = pl.concat(pending) if pending else empty_table()
    if remaining.height:
        stats += _write_shard(folder, shards, remaining, sync=sync)
        shards += 1
    if sync:
        for directory in (folder / "shards", folder / "quarantine", folder, folder.parent):
            sync_folder(directory)
    seconds = time.perf_counter() - started
    marker = ReadMarker(shards=shards, quarantine=quarantine_files, stats=stats, reading=reading, seconds=seconds)
    marker.write(path, sync=sync)


def _read_unchanged(
    file: InputFile, sources: Sequence[Source], batch_rows: int, selector: Selector | None = None
) -> Iterator[ReadBatch]:
    """Read a file that must be what it was when it was hashed.

    Raises:
        BuildError: it changed, or cannot be read any more.
    """
    file.check(has_been_read=False)
    with report_changes([file]):
        yield from read_file(file.path, sources, batch_rows=batch_rows, selector=selector)
    file.check(has_been_read=True)


def hash_records(
    files: Sequence[InputFile], first: int, sources: Sequence[Source], path: Path, *, seed: int, size: int, sync: bool
) -> None:
    """Write the smallest hashes of the records' positions in some files as an Arrow file.

    Args:
        files: the files, in reading order.
        first: number of the first of them in the crawl.
        sources: the pipeline's sources.
        path: the file to write.
        seed: seed of the sample.
        size: number of hashes that are kept.
        sync: whether the file is on the disk before it has its name.
    """
    if path.exists():
        return
    smallest = SmallestHashes(seed, size)
    for smallest.file, file in enumerate(files, start=first):
        for _ in _read_unchanged(file, sources, _HASHED_ROWS, smallest):
            pass
    write_table(path, pl.DataFrame({"hash": smallest.hashes}, schema={"hash": pl.Int64}), sync=sync)


def _write_shard(folder: Path, number: int, rows: pl.DataFrame, *, sync: bool) -> TableStats:
    table = complete(rows)
    write_table(folder / "shards" / f"{number:05d}.arrow", table, sync=sync)
    return TableStats.from_rows(table)


def refuse_record(quarantined: pl.DataFrame) -> NoReturn:
    """Fail because of the first record of a quarantine table.

    Raises:
        StrictError: always; it names file, position and reason.
    """
    first = quarantined.row(0, named=True)
    raise StrictError(
        f"{first['file']}: {first['position']}: {first['reason']}; "
        "fix the input, or build without --strict to quarantine such records"
    )
