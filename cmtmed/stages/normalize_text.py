"""Normalize all text without changing its meaning."""

from __future__ import annotations

from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from cmtmed.messages import flatten, nest
from cmtmed.stage import Stage, columns
from cmtmed.text.normalize import normalize_series, normalize_turns


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
        turns = normalize_turns(flatten(batch["messages"]), self.script)
        departments = [normalize_series(batch[name], self.script) for name in ("department", "subdepartment")]
        return pl.DataFrame([nest(turns), *departments])
