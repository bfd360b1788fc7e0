"""Raise the share of asking turns by leaving dialogues out that do not ask."""

from __future__ import annotations

import hashlib
from typing import ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from cmtmed.inquiry.proactivity import asking
from cmtmed.stage import CorpusStage, columns


class SampleProactive(CorpusStage):
    """Drop dialogues without any inquiry (``sampled_out``) until a share of the doctor's turns asks.

    Which ones is drawn by a seeded hash of their id, whatever their order. Stands behind `tag_inquiries`, and behind
    `drop_duplicates` so that what it keeps stays. Dialogues in which the doctor asks are never dropped: where even they
    alone ask less often than ``rate``, all others go and the rate stays below.
    """

    reads: ClassVar = columns("id", "messages", "inquiries")
    writes: ClassVar = columns("drop_reason")

    rate: float = Field(default=0.3, gt=0, le=1, description="Least share of the doctor's turns that ask, afterwards.")
    seed: int = Field(default=0, description="Another seed draws others.")

    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the counts of each dialogue: ``id``, ``doctor_turns``, ``asking_turns``."""
        told = asking(pl.col("messages"), pl.col("inquiries"))
        return batch.select(
            "id", *(count for count in told if count.meta.output_name() in {"doctor_turns", "asking_turns"})
        )

    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return ``id`` and ``drop_reason`` of the dialogues that are left out."""
        rows = sketches.collect()
        silent = rows.filter(pl.col("asking_turns") == 0)
        asks = rows.filter(pl.col("asking_turns") > 0)
        # So many turns that do not ask may stay beside those that do.
        room = int(int(asks["asking_turns"].sum()) / self.rate + 1e-9) - int(asks["doctor_turns"].sum())
        drawn = silent.with_columns(
            pl.Series("draw", [_draw(name, self.seed) for name in silent["id"]], dtype=pl.UInt64)
        ).sort("draw", "id")
        gone = np.cumsum(drawn["doctor_turns"].to_numpy().astype(np.int64)) > max(room, 0)
        return drawn.filter(pl.Series(gone, dtype=pl.Boolean)).select("id", pl.lit("sampled_out").alias("drop_reason"))


def _draw(name: str, seed: int) -> int:
    """Map an id to a uniform 64-bit number, the same on every machine."""
    digest = hashlib.blake2b(
        name.encode(), digest_size=8, key=seed.to_bytes(8, "big", signed=True), person=b"proactive"
    )
    return int.from_bytes(digest.digest(), "big")
