"""Assign each dialogue to train, validation or test, a whole duplicate cluster at a time."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Self

import polars as pl
from pydantic import Field, model_validator

from cmtmed.stage import Stage, columns


class AssignSplit(Stage):
    """Assign splits by a seeded hash of the duplicate cluster, so that no near-duplicate crosses a split.

    The assignment of a dialogue depends on its cluster (its own id where it has none) and the seed alone:
    adding rows to a crawl moves no dialogue from one split to another.
    """

    reads: ClassVar = columns("id", "source", "cluster")
    writes: ClassVar = columns("split")

    validation: float = Field(default=0.01, ge=0, le=1, description="Share of the validation split.")
    test: float = Field(default=0.01, ge=0, le=1, description="Share of the test split.")
    seed: int = Field(default=0, description="Seed of the assignment.")
    test_sources: tuple[str, ...] = Field(default=(), description="Sources whose dialogues all go into the test split.")

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if self.validation + self.test > 1:
            raise ValueError(f"validation ({self.validation}) and test ({self.test}) add up to more than 1")
        return self

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the split of each dialogue."""
        keys = batch.select(pl.coalesce("cluster", "id")).to_series().to_list()
        point = pl.Series([_point(key, self.seed) for key in keys], dtype=pl.Float64)
        return batch.select(
            pl.when(pl.col("source").is_in(self.test_sources) | (point < self.test))
            .then(pl.lit("test"))
            .when(point < self.test + self.validation)
            .then(pl.lit("validation"))
            .otherwise(pl.lit("train"))
            .alias("split")
        )


def _point(key: str, seed: int) -> float:
    """Map a key to [0, 1), uniformly and the same on every machine."""
    digest = hashlib.blake2b(key.encode(), digest_size=8, key=seed.to_bytes(8, "big", signed=True)).digest()
    return int.from_bytes(digest, "big") / 2**64
