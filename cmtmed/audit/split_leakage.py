"""First questions that stand in more than one split of a build: who trains on one split has seen the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from cmtmed.builds.build import Build
from cmtmed.dedup.first_question import find_first_questions
from cmtmed.dedup.shingle import hash_texts


@dataclass(frozen=True)
class SplitLeakage:
    """How many questions two splits share.

    Attributes:
        questions: different first questions of the kept dialogues.
        crossing: those that stand in more than one split.
    """

    questions: int
    crossing: int


def measure_split_leakage(build: Build) -> SplitLeakage:
    """Compare the first questions of the splits of a build, as `assign_split` compares them.

    Nine bytes per question are held in memory, and no text.

    Raises:
        DatasetError: a file of dialogues is damaged.
    """
    return count_crossing(build.iter_batches(columns=["messages", "identifiers", "split"]))


def count_crossing(batches: Iterable[pl.DataFrame]) -> SplitLeakage:
    """Count the first questions of dialogues, and those that stand in more than one split.

    Args:
        batches: ``messages``, ``identifiers`` and ``split`` of the dialogues, any number at a time.
    """
    splits = pl.Enum(["train", "validation", "test"])
    distinct = pl.DataFrame(schema={"question": pl.UInt64, "split": splits})
    pending: list[pl.DataFrame] = []
    for batch in batches:
        questions = find_first_questions(batch["messages"], batch["identifiers"])
        table = pl.DataFrame([hash_texts(questions), batch["split"].fill_null("train").cast(splits)])
        pending.append(table.filter(questions.is_not_null()))
        if sum(rows.height for rows in pending) > distinct.height + 100_000:
            distinct, pending = pl.concat([distinct, *pending]).unique(), []
    by_question = pl.concat([distinct, *pending]).unique().group_by("question").len()
    return SplitLeakage(by_question.height, by_question.filter(pl.col("len") > 1).height)
