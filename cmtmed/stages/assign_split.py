"""Assign each dialogue to train, validation or test; dialogues with one first question go the same way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, model_validator

from cmtmed.dedup.first_question import find_first_questions
from cmtmed.dedup.shingle import hash_texts
from cmtmed.stage import CorpusStage, columns


class AssignSplit(CorpusStage):
    """Assign splits by a seeded hash of the first question, so that no question stands in two splits.

    The first question is the patient's first turn that is more than a greeting. White space, punctuation, width, script
    and whatever was put in the place of identifiers do not count. So dialogues that answer one question differently go
    into one split, and so do two crawls of one consultation that went on in between. A dialogue without a question goes
    by its whole text.

    The split depends on the question and the seed alone: adding dialogues to a crawl moves none that is there already,
    and a dialogue with a question that is there already joins its split. With ``test_sources``, a question of a test
    source belongs to the test split wherever it is asked; adding a test source moves those who ask its questions, and
    nobody else.
    """

    reads: ClassVar = columns("id", "source", "messages", "identifiers")
    writes: ClassVar = columns("split")
    optional: ClassVar = frozenset({"identifiers"})

    validation: float = Field(default=0.01, ge=0, le=1, description="Share of the validation split.")
    test: float = Field(default=0.01, ge=0, le=1, description="Share of the test split.")
    seed: int = Field(default=0, description="Seed of the assignment.")
    test_sources: tuple[str, ...] = Field(
        default=(),
        description="Sources whose dialogues all go into the test split, with all others that ask the same questions.",
    )

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if self.validation + self.test > 1:
            raise ValueError(f"validation ({self.validation}) and test ({self.test}) add up to more than 1")
        return self

    @property
    def sees_corpus(self) -> bool:
        """Whether there are test sources, whose questions have to be known before any other dialogue is assigned."""
        return bool(self.test_sources)

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the hashes of the questions of test sources: ``question``."""
        tests = batch.filter(pl.col("source").is_in(self.test_sources))
        questions = find_first_questions(tests["messages"], tests["identifiers"]).drop_nulls()
        return hash_texts(questions).to_frame() if len(questions) else pl.DataFrame(schema={"question": pl.UInt64})

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return every hash once, sorted."""
        return sketches.unique().sort("question").collect()

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Return the split of each dialogue."""
        questions = find_first_questions(batch["messages"], batch["identifiers"])
        keys = pl.select(pl.coalesce(pl.lit("question ") + questions, batch["id"])).to_series()
        point = pl.Series(_hash_to_unit(keys.to_list(), self.seed))
        in_test = batch["source"].is_in(self.test_sources)
        if decision.height and batch.height:
            in_test |= questions.is_not_null() & hash_texts(questions).is_in(decision["question"].implode())
        return batch.select(
            pl.when(in_test | (point < self.test))
            .then(pl.lit("test"))
            .when(point < self.test + self.validation)
            .then(pl.lit("validation"))
            .otherwise(pl.lit("train"))
            .alias("split")
        )


def _hash_to_unit(keys: Iterable[str], seed: int) -> npt.NDArray[np.float64]:
    """Map each key to [0, 1), uniformly and the same on every machine."""
    secret = seed.to_bytes(8, "big", signed=True)
    digests = [hashlib.blake2b(key.encode(), digest_size=8, key=secret).digest() for key in keys]
    return np.frombuffer(b"".join(digests), dtype=">u8") / 2.0**64
