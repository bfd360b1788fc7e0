"""Write the finished build: the dialogue table, the views, what was dropped and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from cmtmed.artifacts import HashedFile
from cmtmed.pipeline import Pipeline, Views
from cmtmed.schema import DIALOGUE, QUARANTINE, empty_table
from cmtmed.stats import TableStats
from cmtmed.views import VIEWS
from cmtmed.views.dataset import DatasetWriter


@dataclass
class Emitted:
    """What was written.

    Attributes:
        rows: rows by split, for each table.
        drops: dropped dialogues by reason.
        quarantine: quarantined records by reason.
        kept: statistics of the kept dialogues.
        files: every Arrow file, in order of path.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    drops: Counter[str] = field(default_factory=Counter)
    quarantine: Counter[str] = field(default_factory=Counter)
    kept: TableStats = field(default_factory=TableStats)
    files: list[HashedFile] = field(default_factory=list)


def emit(
    pipeline: Pipeline,
    shards: Iterable[pl.DataFrame],
    quarantined: Iterable[pl.DataFrame],
    result: Path,
    fingerprint: str,
) -> Emitted:
    """Write all datasets of a build below ``result``, one shard at a time.

    Args:
        pipeline: says which views are written.
        shards: complete dialogue tables, in corpus order.
        quarantined: tables of records that could not be read.
        result: directory that is to hold the build; made here.
        fingerprint: identifies inputs and pipeline; enters the datasets' own fingerprints.

    Returns:
        The counts for manifest and report.
    """
    result.mkdir()
    done = Emitted()
    with ExitStack() as stack:

        def writer(name: str, columns: dict[str, pl.DataType], *, splits: bool) -> DatasetWriter:
            return stack.enter_context(DatasetWriter(result / name, columns, fingerprint, splits=splits))

        dialogues = writer("dialogues", dict(DIALOGUE), splits=True)
        dropped = writer("dropped", dict(DIALOGUE), splits=False)
        quarantine = writer("quarantine", dict(QUARANTINE), splits=False)
        views: dict[str, DatasetWriter] = {
            name: writer(name, dict(VIEWS[name](empty_table(), pipeline.views).schema), splits=True)
            for name in pipeline.views.names
        }
        for rows in shards:
            kept = rows.filter(pl.col("drop_reason").is_null())
            gone = rows.filter(pl.col("drop_reason").is_not_null())
            dropped.write(gone)
            done.drops.update(gone["drop_reason"].to_list())
            done.kept += TableStats.from_rows(kept)
            for (split,), part in kept.group_by(pl.col("split").fill_null("train"), maintain_order=True):
                dialogues.write(part, str(split))
                _write_views(views, part, pipeline.views, str(split))
        for records in quarantined:
            quarantine.write(records)
            done.quarantine.update(records["reason"].to_list())
        done.rows = {"dialogues": dialogues.rows(), **{name: view.rows() for name, view in views.items()}}
    written = [file for table in (dialogues, dropped, quarantine, *views.values()) for file in table.files]
    done.files = sorted(written, key=lambda file: file.path)
    return done


def _write_views(writers: dict[str, DatasetWriter], rows: pl.DataFrame, options: Views, split: str) -> None:
    for name, writer in writers.items():
        writer.write(VIEWS[name](rows, options), split)
