"""Normalize all text without changing its meaning."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from cmtmed.messages import Turns, flatten, nest, nest_left_out
from cmtmed.schema import ROLES
from cmtmed.stage import Stage, columns
from cmtmed.text.losses import count_removals, find_losses
from cmtmed.text.normalize import normalize_series
from cmtmed.text.suspects import find_suspects

_MAX_LOST_SHARE: Final = 0.02
_MAX_LOST_OF_TURN: Final = 0.1
_MIN_LOST_OF_TURN: Final = 3


class NormalizeText(Stage):
    """Normalize width, markup, control characters, punctuation, white space and script of every turn and department.

    Explicit tables, never NFKC: 10⁹/L, ①5mg and ½ keep their meaning, and no digit changes its value. The script of a
    turn is decided by its characters, its side and its dialogue. Text read in the wrong encoding is decoded again where
    that is certain. Reason: ``mojibake``, where more than 2 % of a dialogue is lost (U+FFFD, 锟斤拷), 10 % of a turn,
    or what may have been a digit. What is removed is reported as ``control``, ``markup`` or ``mojibake``.
    """

    reads: ClassVar = columns("messages", "department", "subdepartment")
    writes: ClassVar = columns("messages", "department", "subdepartment", "drop_reason", "left_out")

    script: Literal["simplified", "traditional", "keep"] = Field(
        default="simplified", description="The script that all text is converted to."
    )

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Normalize all turns of the batch, and drop dialogues of which too much is lost."""
        turns = flatten(batch["messages"])
        suspects = find_suspects(turns.content, self.script)
        unreadable = _find_unreadable(turns, suspects.garbled)
        content = normalize_series(turns.content, self.script, (_number_sides(turns), turns.dialogue), suspects)
        if unreadable.any():
            # A dropped dialogue keeps its text, so that somebody can see what it was dropped for.
            content = turns.content.zip_with(unreadable.gather(turns.dialogue), content)
        changed = content.ne_missing(turns.content).arg_true()
        removals = count_removals(turns.content.gather(changed))
        dialogues = turns.dialogue.gather(changed).gather(removals["text"])
        reasons = pl.DataFrame({"dropped": unreadable}).select(pl.when("dropped").then(pl.lit("mojibake")))
        return pl.DataFrame(
            [
                nest(turns.with_content(content)),
                *(normalize_series(batch[name], self.script) for name in ("department", "subdepartment")),
                reasons.to_series().rename("drop_reason"),
                nest_left_out(removals.with_columns(dialogue=dialogues), batch.height),
            ]
        )


def _find_unreadable(turns: Turns, garbled: npt.NDArray[np.bool_]) -> pl.Series:
    """Return for each dialogue whether it has lost too much text to be read; ``garbled`` turns may have."""
    losses = find_losses(turns.content, garbled)
    if losses.is_empty():
        return pl.Series("dropped", np.zeros(len(turns.count), dtype=np.bool_))
    dialogue = turns.dialogue.gather(losses["text"])
    length = np.bincount(turns.dialogue, weights=turns.content.str.len_chars().fill_null(0), minlength=len(turns.count))
    lost = np.bincount(dialogue, weights=losses["lost"], minlength=len(turns.count))
    turn_lost = (losses["lost"] >= _MIN_LOST_OF_TURN) & (losses["lost"] > _MAX_LOST_OF_TURN * losses["length"])
    unreadable = lost > _MAX_LOST_SHARE * length
    unreadable[dialogue.filter(turn_lost | losses["number"]).to_numpy()] = True
    return pl.Series("dropped", unreadable, dtype=pl.Boolean)


def _number_sides(turns: Turns) -> pl.Series:
    """Number the sides of all dialogues: turns of one role in one dialogue share a number."""
    numbers = {role: number for number, role in enumerate(ROLES)}
    side = turns.role.replace_strict(numbers, default=0, return_dtype=pl.Int64)
    return turns.dialogue.cast(pl.Int64) * len(ROLES) + side
