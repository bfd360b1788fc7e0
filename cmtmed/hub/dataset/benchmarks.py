"""Compare what is to be published with test sets that were no part of the build."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.errors import InputError
from cmtmed.hub.dataset.label_scan import dialogues
from cmtmed.io.read import match_files, read_file
from cmtmed.source import Source
from cmtmed.stages.drop_benchmark_overlap import DropBenchmarkOverlap

_SOURCE: Final = "test"
_CHECK: Final = DropBenchmarkOverlap(test_sources=(_SOURCE,))


def overlapping(out: Path, file: Path) -> int:
    """Count the dialogues outside the split ``test`` that hold text of a test set, by the measure of the stage.

    Args:
        out: directory of a build.
        file: a test set, in any form that a crawl may have.

    Raises:
        InputError: the file is missing or holds no dialogue.
        DatasetError: the build is damaged.
    """
    if not file.is_file():
        raise InputError(f"{str(file)!r} is no file; give a test set")
    sources = [Source(name=_SOURCE)]
    tests = [batch.dialogues for path in match_files([file], sources) for batch in read_file(path, sources)]
    rows = pl.concat(tests) if tests else pl.DataFrame()
    if rows.is_empty():
        raise InputError(f"{str(file)!r} holds no dialogue that can be read; give a test set of dialogues")
    grams = _CHECK.decide(_CHECK.sketch(rows).lazy())
    found = 0
    for batch in dialogues(out, ["id", "source", "messages", "split"]):
        training = batch.filter(pl.col("split").fill_null("train") != "test").with_columns(pl.lit("").alias("source"))
        found += training.height - _CHECK.apply(training, grams)["drop_reason"].null_count()
    return found
