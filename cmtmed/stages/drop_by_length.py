"""Drop dialogues that are too short to be useful or too long to be one consultation."""

from __future__ import annotations

from typing import ClassVar, Self

import polars as pl
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from cmtmed.stage import Stage, columns


class DropByLength(Stage):
    """Drop dialogues with too few or too many turns or characters.

    Reasons: ``too_few_turns``, ``too_many_turns``, ``too_short``, ``too_long``. Characters are code points over
    all turns of a dialogue.
    """

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("drop_reason")

    min_turns: NonNegativeInt = Field(default=2, description="Minimum number of turns, patient's and doctor's.")
    max_turns: PositiveInt = Field(default=100, description="Maximum number of turns.")
    min_chars: NonNegativeInt = Field(default=20, description="Minimum number of characters in all turns.")
    max_chars: PositiveInt = Field(default=20_000, description="Maximum number of characters in all turns.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.min_turns > self.max_turns:
            raise ValueError(f"min_turns ({self.min_turns}) exceeds max_turns ({self.max_turns})")
        if self.min_chars > self.max_chars:
            raise ValueError(f"min_chars ({self.min_chars}) exceeds max_chars ({self.max_chars})")
        return self

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Set ``drop_reason`` where a bound is violated; the first of the four in the order above wins."""
        turns = pl.col("messages").list.len()
        lengths = pl.element().struct.field("content").str.len_chars()
        chars = pl.col("messages").list.eval(lengths).list.sum()
        return batch.select(
            pl.when(turns < self.min_turns)
            .then(pl.lit("too_few_turns"))
            .when(turns > self.max_turns)
            .then(pl.lit("too_many_turns"))
            .when(chars < self.min_chars)
            .then(pl.lit("too_short"))
            .when(chars > self.max_chars)
            .then(pl.lit("too_long"))
            .otherwise(pl.lit(None, dtype=pl.String))
            .alias("drop_reason")
        )
