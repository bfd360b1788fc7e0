"""Comparison of a build with test sets that were not part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from cmtmed.builds import Build
from cmtmed.errors import InputError
from cmtmed.io.crawl_files import match_files
from cmtmed.io.read import read_file
from cmtmed.schema import complete
from cmtmed.source import Source
from cmtmed.stages.drop_benchmark_overlap import DropBenchmarkOverlap

_TEST_SOURCE: Final = "test"
_OVERLAP: Final = DropBenchmarkOverlap(test_sources=(_TEST_SOURCE,))


def count_overlaps(build: Build, path: Path) -> int:
    """Count the dialogues outside the split ``test`` that contain text of a test set, as the stage measures it.

    Args:
        build: the build.
        path: a test set, in any format that a crawl may have.

    Raises:
        InputError: the file is missing or holds no dialogue.
        DatasetError: the build is damaged.
    """
    if not path.is_file():
        raise InputError(f"{str(path)!r} is not a file; give a test set")
    sources = [Source(name=_TEST_SOURCE)]
    batches = [batch.dialogues for file in match_files([path], sources) for batch in read_file(file, sources)]
    tests = complete(pl.concat(batches)) if batches else pl.DataFrame()
    if tests.is_empty():
        raise InputError(f"{str(path)!r} holds no dialogue that can be read; give a test set of dialogues")
    shingles = _OVERLAP.decide(_OVERLAP.sketch(tests).lazy())
    count = 0
    for batch in build.iter_batches(columns=["id", "source", "messages", "identifiers", "split"]):
        training = batch.filter(pl.col("split").fill_null("train") != "test").with_columns(pl.lit("").alias("source"))
        count += training.height - _OVERLAP.apply(training, shingles)["drop_reason"].null_count()
    return count
