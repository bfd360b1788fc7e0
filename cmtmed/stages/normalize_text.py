"""Normalize all text without changing its meaning."""

from __future__ import annotations

from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from cmtmed.messages import Turns, flatten, nest
from cmtmed.schema import ROLES
from cmtmed.stage import Stage, columns
from cmtmed.text.normalize import normalize_series


class NormalizeText(Stage):
    """Normalize width, markup, control characters, punctuation, white space and script of every turn and department.

    Explicit tables, never NFKC: 10⁹/L, ①5mg and ½ keep their meaning, and no digit changes its value.
    """

    reads: ClassVar = columns("messages", "department", "subdepartment")
    writes: ClassVar = columns("messages", "department", "subdepartment")

    script: Literal["simplified", "traditional", "keep"] = Field(
        default="simplified", description="The script that all text is converted to."
    )

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Normalize all turns of the batch."""
        turns = flatten(batch["messages"])
        content = normalize_series(turns.content, self.script, (_number_sides(turns), turns.dialogue))
        departments = [normalize_series(batch[name], self.script) for name in ("department", "subdepartment")]
        return pl.DataFrame([nest(turns.with_content(content)), *departments])


def _number_sides(turns: Turns) -> pl.Series:
    """Number the sides of all dialogues: turns of one role in one dialogue share a number."""
    numbers = {role: number for number, role in enumerate(ROLES)}
    side = turns.role.replace_strict(numbers, default=0, return_dtype=pl.Int64)
    return turns.dialogue.cast(pl.Int64) * len(ROLES) + side
