"""Raise the share of asking turns by leaving out dialogues that do not ask."""

from __future__ import annotations

import hashlib
from typing import ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from cmtmed.inquiry.proactivity import count_inquiries
from cmtmed.stage import CorpusStage, columns


class SampleProactive(CorpusStage):
    """Drop dialogues without any inquiry (``sampled_out``) until a share of the doctor's turns asks.

    Which ones are dropped depends on a seeded hash of their id, not on their order. Runs after `tag_inquiries`, and
    after `drop_duplicates` so that what it keeps stays. Dialogues in which the doctor asks are never dropped: if
    they alone do not reach ``rate``, all others are dropped, and the share stays below it.
    """

    reads: ClassVar = columns("id", "messages", "inquiries")
    writes: ClassVar = columns("drop_reason")

    rate: float = Field(
        default=0.3, gt=0, le=1, description="Minimum share of the doctor's turns that ask, afterwards."
    )
    seed: int = Field(default=0, description="Seed of the sample.")

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the counts of each dialogue: ``id``, ``doctor_turns``, ``asking_turns``."""
        counts = count_inquiries(pl.col("messages"), pl.col("inquiries"))
        return batch.select(
            "id", *(count for count in counts if count.meta.output_name() in {"doctor_turns", "asking_turns"})
        )

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return ``id`` and ``drop_reason`` of the dialogues that are left out."""
        rows = sketches.collect()
        silent = rows.filter(pl.col("asking_turns") == 0)
        asks = rows.filter(pl.col("asking_turns") > 0)
        # The number of silent turns that may stay beside those that ask.
        max_silent_turns = int(int(asks["asking_turns"].sum()) / self.rate + 1e-9) - int(asks["doctor_turns"].sum())
        shuffled = silent.with_columns(
            pl.Series("draw", [_hash_id(name, self.seed) for name in silent["id"]], dtype=pl.UInt64)
        ).sort("draw", "id")
        dropped = np.cumsum(shuffled["doctor_turns"].to_numpy().astype(np.int64)) > max(max_silent_turns, 0)
        return shuffled.filter(pl.Series(dropped, dtype=pl.Boolean)).select(
            "id", pl.lit("sampled_out").alias("drop_reason")
        )


def _hash_id(name: str, seed: int) -> int:
    """Map an id to a uniform 64-bit number, the same on every machine."""
    digest = hashlib.blake2b(
        name.encode(), digest_size=8, key=seed.to_bytes(8, "big", signed=True), person=b"proactive"
    )
    return int.from_bytes(digest.digest(), "big")
