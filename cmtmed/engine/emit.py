"""Write the tables of a build: the dialogues, their views, the dropped dialogues, and the quarantined records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.artifacts import HashedFile
from cmtmed.messages import count_dialogue_characters
from cmtmed.pipeline import Pipeline, Views
from cmtmed.private_files import make_private_folder
from cmtmed.schema import DIALOGUE, QUARANTINE, empty_table
from cmtmed.stats import TableStats
from cmtmed.views import VIEWS
from cmtmed.views.dataset import DatasetWriter

_LABEL_COLUMNS: Final = ("source_id", "department", "subdepartment")
"""Columns beside the text that hold values of the crawl; the first is hashed with the ids."""


@dataclass
class Emission:
    """Counts and files of the tables written.

    Attributes:
        rows: rows by split, for each table with splits.
        drops: dropped dialogues by reason.
        quarantine: quarantined records by reason.
        kept: statistics of the kept dialogues.
        dropped_characters: characters of the dropped dialogues that are no white space.
        files: every Arrow file, ordered by path.
        identifying_labels: dialogues whose value of a column beside the text looks like an identifier, by column.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    drops: Counter[str] = field(default_factory=Counter)
    quarantine: Counter[str] = field(default_factory=Counter)
    kept: TableStats = field(default_factory=TableStats)
    dropped_characters: int = 0
    files: list[HashedFile] = field(default_factory=list)
    identifying_labels: Counter[str] = field(default_factory=Counter)


def emit_tables(
    pipeline: Pipeline,
    shards: Iterable[pl.DataFrame],
    quarantined: Iterable[pl.DataFrame],
    result: Path,
    fingerprint: str,
    key: bytes | None = None,
) -> Emission:
    """Write all tables of a build to ``result``, one shard at a time.

    Args:
        pipeline: selects the views and their options.
        shards: complete dialogue tables, in corpus order.
        quarantined: tables of records that could not be read.
        result: directory of the build; created here.
        fingerprint: identifies inputs and pipeline; the fingerprints of the datasets are derived from it.
        key: secret key of hashed ids; None keeps ids as they are.

    Returns:
        The counts for manifest and report.
    """
    # The rules are imported when the crawl has been read: a build does not wait for them to begin.
    from cmtmed.anonymize.labels import count_identifying_labels

    # Without redaction, every table holds the text as it was crawled.
    is_redacted = any(stage.name() == "redact_identifiers" for stage in pipeline.stages)
    if is_redacted:
        result.mkdir()
    else:
        make_private_folder(result)
    emission = Emission()
    with ExitStack() as stack:

        def open_writer(
            name: str, columns: Mapping[str, pl.DataType], *, splits: bool, private: bool = not is_redacted
        ) -> DatasetWriter:
            writer = DatasetWriter(result / name, columns, fingerprint, splits=splits, private=private)
            return stack.enter_context(writer)

        dialogues = open_writer("dialogues", DIALOGUE, splits=True)
        dropped = open_writer("dropped", DIALOGUE, splits=False)
        quarantine = open_writer("quarantine", QUARANTINE, splits=False, private=True)
        views: dict[str, DatasetWriter] = {
            name: open_writer(name, dict(VIEWS[name](empty_table(), pipeline.views).schema), splits=True)
            for name in pipeline.views.names
        }
        for shard in shards:
            rows = shard if key is None else _replace_ids(shard, key)
            for name in _LABEL_COLUMNS if key is None else _LABEL_COLUMNS[1:]:
                emission.identifying_labels[name] += count_identifying_labels(rows[name])
            kept = rows.filter(pl.col("drop_reason").is_null())
            dropped_rows = rows.filter(pl.col("drop_reason").is_not_null())
            dropped.write(dropped_rows)
            emission.drops.update(dropped_rows["drop_reason"].to_list())
            emission.dropped_characters += int(count_dialogue_characters(dropped_rows["messages"]).sum())
            emission.kept += TableStats.from_rows(kept)
            for (split,), split_rows in kept.group_by(pl.col("split").fill_null("train"), maintain_order=True):
                dialogues.write(split_rows, str(split))
                _write_views(views, split_rows, pipeline.views, str(split))
        for records in quarantined:
            quarantine.write(records)
            emission.quarantine.update(records["reason"].to_list())
        emission.rows = {"dialogues": dialogues.rows(), **{name: view.rows() for name, view in views.items()}}
    files = [file for table in (dialogues, dropped, quarantine, *views.values()) for file in table.files]
    emission.files = sorted(files, key=lambda file: file.path)
    return emission


def _replace_ids(rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
    from cmtmed.anonymize.replace.hashed_ids import ID_COLUMNS, hash_ids

    return rows.with_columns(pl.Series(name, hash_ids(rows[name], key), dtype=pl.String) for name in ID_COLUMNS)


def _write_views(writers: dict[str, DatasetWriter], rows: pl.DataFrame, options: Views, split: str) -> None:
    for name, writer in writers.items():
        writer.write(VIEWS[name](rows, options), split)
