"""Repair the sequence of turns: speaker labels, empty turns, runs of one role, and wrong starts and ends."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar, Final, Literal

import numpy as np
import polars as pl
from pydantic import Field

from cmtmed.inquiry.detect import detect
from cmtmed.inquiry.unasked import find_unasked_answers
from cmtmed.messages import Turns, flatten, nest, nest_left_out
from cmtmed.schema import Role
from cmtmed.stage import Stage, columns
from cmtmed.text.characters import count_expr
from cmtmed.text.empty_turns import BLANK, DENIAL, MISSING, REPLY
from cmtmed.text.speaker_labels import LabelGrammar
from cmtmed.text.speaker_names import create_role_table
from cmtmed.text.turn_labels import divide_turn

RoleNames = Mapping[Role, tuple[str, ...]]

_CONTENT: Final = pl.col("content")
_IS_SYSTEM: Final = pl.col("role") == "system"


class MergeTurns(Stage):
    """Bring every dialogue into the sequence patient, doctor, patient, doctor, ….

    Labels inside turns that repeat the speaker are removed, and a turn that holds both speakers is divided; a label
    that contradicts the record's role is an address and stays. System turns and empty turns are left out, runs of one
    role become one turn, and the doctor's turns before the patient's first (unless they ask) and the patient's turns
    after the doctor's last are removed. A patient's 无 or 没有 is an answer where the doctor asks before it, and empty
    elsewhere; 1, 嗯 or 谢谢 is empty as a patient's first words. What is removed is reported as ``speaker``,
    ``system_turn``, ``empty_turn``, ``leading_turn`` or ``trailing_turn``. Drops ``empty`` dialogues, those of
    ``one_speaker``, and ``unanswered`` ones, in which no patient turn is followed by a doctor's.
    """

    reads: ClassVar = columns("source", "messages")
    writes: ClassVar = columns("messages", "drop_reason", "left_out")

    separator: str = Field(default="\n", description="Separator between the turns of a run that become one turn.")
    leading_doctor: Literal["keep_asking", "keep", "remove"] = Field(
        default="keep_asking",
        description="What happens to a doctor's turn before the patient's first; ``keep_asking`` keeps it if it asks.",
    )
    trailing_patient: Literal["remove", "keep"] = Field(
        default="remove", description="What happens to a patient's turn after the doctor's last."
    )
    system: Literal["remove", "keep"] = Field(
        default="remove",
        description="What happens to system turns; ``keep`` keeps one that begins the dialogue, as a prompt does.",
    )
    roles: Mapping[str, RoleNames] = Field(
        default={},
        description="Speakers' names in labels, besides the usual ones, by source and role; by default, those that the "
        "sources of the pipeline declare.",
    )

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Repair all dialogues of the batch."""
        turns = flatten(batch["messages"])
        rows = pl.DataFrame([turns.dialogue, turns.role, turns.content.fill_null("")])
        repair = _Repair(self, batch["source"])
        rows = repair.divide_labelled_turns(rows)
        rows = repair.remove(rows, _CONTENT.str.contains(BLANK) | _CONTENT.str.contains(MISSING), "empty_turn")
        rows = repair.remove_system_turns(rows)
        rows = repair.remove_first_turns(rows)
        verdict = _find_drop_reasons(rows, repair.list_dialogues("leading_turn"), batch.height)
        if self.trailing_patient == "remove":
            rows = repair.remove(rows, _find_trailing_turns(rows), "trailing_turn")
        rows = self._merge(rows.filter(verdict.is_null().gather(rows["dialogue"])))
        repaired = nest(_to_turns(rows, batch.height))
        # A rejected dialogue stays as it was, so that its reason can be checked against what the crawl held.
        messages = pl.select(pl.when(verdict.is_null()).then(repaired).otherwise(batch["messages"]).alias("messages"))
        return pl.DataFrame(
            [messages.to_series() if batch.height else batch["messages"], verdict, repair.nest_removals(verdict)]
        )

    def _merge(self, rows: pl.DataFrame) -> pl.DataFrame:
        run = pl.struct("dialogue", "role").rle_id()
        if rows.height == 0 or rows.select(run.max() + 1).item() == rows.height:
            return rows
        return (
            rows.group_by(run.alias("run"), maintain_order=True)
            .agg(pl.col("dialogue").first(), pl.col("role").first(), pl.col("content").str.join(self.separator))
            .drop("run")
        )


class _Repair:
    """Removes turns and labels from the rows ``dialogue``, ``role``, ``content``, and records what went, and why."""

    def __init__(self, stage: MergeTurns, sources: pl.Series) -> None:
        self._stage, self._sources = stage, sources
        self._removals: list[pl.DataFrame] = []

    def remove(self, rows: pl.DataFrame, is_removed: pl.Expr | pl.Series, reason: str) -> pl.DataFrame:
        """Remove the rows for which an expression is true."""
        mask = rows.select(is_removed).to_series() if isinstance(is_removed, pl.Expr) else is_removed
        if not mask.any():
            return rows
        self._record(rows.filter(mask).select("dialogue", characters=count_expr(pl.col("content"))), reason)
        return rows.filter(~mask)

    def _record(self, removals: pl.DataFrame, reason: str) -> None:
        self._removals.append(
            removals.select("dialogue", pl.lit(reason).alias("reason"), pl.col("characters").cast(pl.Int64))
        )

    def list_dialogues(self, reason: str) -> pl.Series:
        """Return the dialogues from which something was removed for a reason."""
        removals = [table["dialogue"] for table in self._removals if table["reason"].first() == reason]
        return pl.concat([pl.Series([], dtype=pl.UInt32), *removals])

    def nest_removals(self, verdict: pl.Series) -> pl.Series:
        """Return the column ``left_out``; dropped dialogues keep their text."""
        schema = {"dialogue": pl.UInt32, "reason": pl.String, "characters": pl.Int64}
        removals = pl.concat([pl.DataFrame(schema=schema), *self._removals])
        return nest_left_out(removals.filter(verdict.is_null().gather(removals["dialogue"])), len(verdict))

    def divide_labelled_turns(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Remove redundant speakers' labels, and divide turns that hold both speakers."""
        row_number = rows.with_row_index("row")
        divided: list[tuple[int, int, str, str]] = []
        for source in self._sources.unique(maintain_order=True).to_list():
            names = self._stage.roles.get(source, {})
            grammar = _get_grammar(tuple((role, tuple(names[role])) for role in sorted(names)))
            suspects = row_number.filter(
                pl.col("content").str.contains(grammar.opening_hint),
                pl.lit(self._sources == source).gather(pl.col("dialogue")) if len(self._sources) else True,
                ~_IS_SYSTEM,
            )
            for row, dialogue, role, content in suspects.iter_rows():
                turns = divide_turn(grammar, role, content)
                if turns != [(role, content)]:
                    divided += [(row, dialogue, *turn) for turn in turns]
        if not divided:
            return rows
        replacements = pl.DataFrame(divided, schema=row_number.schema, orient="row")
        replaced = row_number.join(replacements, on="row", how="semi")
        characters = count_expr(pl.col("content"))
        lost = pl.concat(
            [
                replaced.select("dialogue", characters=characters),
                replacements.select("dialogue", characters=-characters.cast(pl.Int64)),
            ],
            how="vertical_relaxed",
        )
        self._record(lost, "speaker")
        others = row_number.join(replacements, on="row", how="anti", maintain_order="left")
        return pl.concat([others, replacements]).sort("row", maintain_order=True).drop("row")

    def remove_system_turns(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Remove the system's turns, or all but the one with which a dialogue begins."""
        is_removed = _IS_SYSTEM
        if self._stage.system == "keep":
            is_removed &= pl.int_range(pl.len()).over("dialogue") > 0
        return self.remove(rows, is_removed, "system_turn") if (rows["role"] == "system").any() else rows

    def remove_first_turns(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Remove answers to no question, and the doctor's turns before the patient's first.

        One may leave the other at the start of the dialogue, so that both are repeated until nothing changes; only
        dialogues with a turn that may be an answer to no question need that.
        """
        may_be_empty = rows.filter(_CONTENT.str.contains(DENIAL) | _CONTENT.str.contains(REPLY))
        is_repeated = pl.col("dialogue").is_in(may_be_empty["dialogue"].unique().implode())
        others, repeated = rows.filter(~is_repeated), rows.filter(is_repeated)
        others = self._remove_leading_turns(others)
        height = -1
        while repeated.height != height:
            height = repeated.height
            repeated = self.remove(repeated, find_unasked_answers(repeated, self._stage.separator), "empty_turn")
            repeated = self._remove_leading_turns(repeated)
        return pl.concat([others, repeated]).sort("dialogue", maintain_order=True)

    def _remove_leading_turns(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self._stage.leading_doctor == "keep" or rows.is_empty():
            return rows
        is_leading = _find_leading_turns(rows)
        if not is_leading.any():
            return rows
        if self._stage.leading_doctor == "keep_asking":
            leading = rows.filter(is_leading).group_by("dialogue", maintain_order=True)
            texts = leading.agg(pl.col("content").str.join(self._stage.separator))
            asking = texts["dialogue"].gather(detect(texts["content"])["turn"].unique())
            is_leading &= ~rows["dialogue"].is_in(asking.implode())
        return self.remove(rows, is_leading, "leading_turn")


@cache
def _get_grammar(names: tuple[tuple[Role, tuple[str, ...]], ...]) -> LabelGrammar:
    return LabelGrammar(create_role_table(dict(names)))


def _find_leading_turns(rows: pl.DataFrame) -> pl.Series:
    """Return which turns are the doctor's before the patient's first."""
    patient, dialogue = (rows["role"] == "user").to_numpy(), rows["dialogue"].to_numpy()
    owners, firsts = np.unique(dialogue[patient], return_index=True)
    first_of = np.zeros(int(dialogue.max(initial=0)) + 1, dtype=np.int64)
    first_of[owners] = np.flatnonzero(patient)[firsts]
    return pl.Series(np.arange(rows.height) < first_of[dialogue]) & (rows["role"] == "assistant")


def _find_trailing_turns(rows: pl.DataFrame) -> pl.Series:
    """Return which turns are the patient's after the doctor's last."""
    doctor, dialogue = np.flatnonzero((rows["role"] == "assistant").to_numpy()), rows["dialogue"].to_numpy()
    last_of = np.full(int(dialogue.max(initial=0)) + 1, rows.height, dtype=np.int64)
    # Of several values for one place the last one stays.
    last_of[dialogue[doctor]] = doctor
    return pl.Series(np.arange(rows.height) > last_of[dialogue]) & (rows["role"] == "user")


def _find_drop_reasons(rows: pl.DataFrame, shortened: pl.Series, height: int) -> pl.Series:
    """Return the drop reason of each dialogue, or null; in those that were shortened both sides spoke."""
    patient, doctor = (rows["role"] == "user").to_numpy(), (rows["role"] == "assistant").to_numpy()
    dialogue = rows["dialogue"].to_numpy()
    answered = patient[:-1] & doctor[1:] & (dialogue[:-1] == dialogue[1:])
    flags = np.zeros((4, height), dtype=np.bool_)
    for flag, owners in zip(
        flags, (dialogue[patient], dialogue[doctor], dialogue[:-1][answered], shortened), strict=True
    ):
        flag[owners] = True
    has_patient, has_doctor, is_answered, was_shortened = map(pl.Series, flags)
    return pl.select(
        pl.when(~has_patient & ~has_doctor)
        .then(pl.lit("empty"))
        .when((has_patient ^ has_doctor) & ~was_shortened)
        .then(pl.lit("one_speaker"))
        .when(~is_answered)
        .then(pl.lit("unanswered"))
        .alias("drop_reason")
    ).to_series()


def _to_turns(rows: pl.DataFrame, height: int) -> Turns:
    count = np.bincount(rows["dialogue"].to_numpy(), minlength=height).astype(np.int64)
    return Turns(rows["role"], rows["content"], count)
