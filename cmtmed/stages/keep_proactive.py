"""Keep dialogues in which the doctor asks."""

from __future__ import annotations

from typing import ClassVar

import polars as pl
from pydantic import Field, NonNegativeInt

from cmtmed.inquiry.proactivity import count_inquiries
from cmtmed.stage import Stage, columns


class KeepProactive(Stage):
    """Drop dialogues in which the doctor asks too little (``not_proactive``).

    Runs after `tag_inquiries`, whose inquiries it counts. Asking before advising is what CMtMedQA was made to
    teach; a crawl of answers alone teaches the opposite.
    """

    reads: ClassVar = columns("messages", "inquiries")
    writes: ClassVar = columns("drop_reason")

    min_inquiries: NonNegativeInt = Field(default=1, description="Minimum number of inquiries in a dialogue.")
    min_slots: NonNegativeInt = Field(default=0, description="Minimum number of different slots asked for.")
    min_share: float = Field(default=0.0, ge=0, le=1, description="Minimum share of the doctor's turns that ask.")

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Set ``drop_reason`` where a bound is not reached."""
        is_proactive = (
            (pl.col("asked") >= self.min_inquiries)
            & (pl.col("slots") >= self.min_slots)
            & (pl.col("asking_turns") >= self.min_share * pl.col("doctor_turns"))
        )
        counts = batch.select(*count_inquiries(pl.col("messages"), pl.col("inquiries")))
        return counts.select(
            pl.when(is_proactive)
            .then(pl.lit(None, dtype=pl.String))
            .otherwise(pl.lit("not_proactive"))
            .alias("drop_reason")
        )
