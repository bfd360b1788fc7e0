"""Repair the sequence of turns: speaker labels, empty turns, runs of one role, and wrong starts and ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal

import numpy as np
import polars as pl
from pydantic import Field

from cmtmed.messages import Turns, flatten, nest
from cmtmed.stage import Stage, columns

# A label begins a line and ends in a colon: 医生：, 患者(女，35岁):
LABELS: Final[Mapping[str, str]] = {
    "user": r"患者提问|患者咨询|患者家属|患者|病人|家属|提问者|咨询者|问题描述|提问|问",
    "assistant": r"医生回答|医生回复|医生建议|医生|大夫|医师|专家回复|专家|回答|答",
}
_LABEL: Final = re.compile(
    r"[ \t]*(?:" + "|".join(f"(?P<{role}>{names})" for role, names in LABELS.items()) + r")"
    r"(?:[（(][^（()）\n]{1,12}[）)])?[ \t]*[:：][ \t]*"
)
_ANY_LABEL: Final = r"(?m)^[ \t]*(?:" + "|".join(LABELS.values()) + r")(?:[（(][^（()）\n]{1,12}[）)])?[ \t]*[:：]"

Turn = tuple[str, str]


class MergeTurns(Stage):
    """Bring every dialogue into the sequence patient, doctor, patient, doctor, ….

    Speaker labels left in the text are removed, and decide the role where a dialogue labels both sides; empty turns are
    removed; runs of one role become one turn; the doctor's turns before the patient's first and the patient's
    turns after the doctor's last are removed. Drops ``empty`` dialogues, those of ``one_speaker``, and ``unanswered``
    ones, in which no patient turn is followed by a doctor's.
    """

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("messages", "drop_reason")

    separator: str = Field(default="\n", description="Separator between the turns of a run that become one turn.")
    leading_doctor: Literal["remove", "keep"] = Field(
        default="remove", description="What happens to a doctor's turn before the patient's first."
    )
    trailing_patient: Literal["remove", "keep"] = Field(
        default="remove", description="What happens to a patient's turn after the doctor's last."
    )

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Repair all dialogues of the batch."""
        original = flatten(batch["messages"])
        turns = obey_labels(original.with_content(original.content.fill_null("")))
        rows = pl.DataFrame([turns.dialogue, turns.role, turns.content])
        rows = self._merge(rows.filter(pl.col("content").str.strip_chars() != ""))
        verdict = _find_drop_reasons(rows, batch.height)
        # Two system turns meet where the doctor's turn between them goes.
        rows = self._merge(self._trim(rows.filter(verdict.is_null().gather(rows["dialogue"]))))
        repaired = nest(_to_turns(rows, batch.height))
        # A rejected dialogue stays as it was, so that its reason can be checked against what the crawl held.
        return pl.DataFrame(
            [
                pl.select(
                    pl.when(verdict.is_null()).then(repaired).otherwise(batch["messages"]).alias("messages")
                ).to_series()
                if batch.height
                else batch["messages"],
                verdict,
            ]
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

    def _trim(self, rows: pl.DataFrame) -> pl.DataFrame:
        position = pl.int_range(pl.len()).over("dialogue")
        patient, doctor = pl.col("role") == "user", pl.col("role") == "assistant"
        removed = pl.lit(value=False)
        # All of them: a system turn may stand between two of one side.
        if self.leading_doctor == "remove":
            removed |= doctor & (position < pl.when(patient).then(position).min().over("dialogue"))
        if self.trailing_patient == "remove":
            removed |= patient & (position > pl.when(doctor).then(position).max().over("dialogue"))
        return rows.filter(~removed)


def _find_drop_reasons(rows: pl.DataFrame, height: int) -> pl.Series:
    """Return the drop reason of each dialogue, or null."""
    is_answered = (pl.col("role") == "user") & (pl.col("role").shift(-1).over("dialogue") == "assistant")
    speakers = rows.group_by("dialogue").agg(
        pl.col("role").filter(pl.col("role") != "system").n_unique().alias("speakers"),
        is_answered.any().alias("answered") if rows.height else pl.lit(value=False).alias("answered"),
    )
    dialogues = pl.DataFrame({"dialogue": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return (
        dialogues.join(speakers, on="dialogue", how="left", maintain_order="left")
        .select(
            pl.when(pl.col("speakers").fill_null(0) == 0)
            .then(pl.lit("empty"))
            .when(pl.col("speakers") == 1)
            .then(pl.lit("one_speaker"))
            .when(~pl.col("answered"))
            .then(pl.lit("unanswered"))
            .otherwise(pl.lit(None, dtype=pl.String))
            .alias("drop_reason")
        )
        .to_series()
    )


def _to_turns(rows: pl.DataFrame, height: int) -> Turns:
    count = np.bincount(rows["dialogue"].to_numpy(), minlength=height).astype(np.int64)
    return Turns(rows["role"], rows["content"], count)


def obey_labels(turns: Turns) -> Turns:
    """Remove speaker labels at line starts; split and re-attribute turns where a dialogue labels both sides.

    A patient who writes 医生：我头痛 addresses the doctor, so a label that contradicts its turn's role counts only
    in a dialogue that also labels the other side.
    """
    labelled = turns.dialogue.filter(turns.content.str.contains(_ANY_LABEL)).unique()
    if labelled.is_empty():
        return turns
    rows = pl.DataFrame([turns.dialogue, turns.role, turns.content])
    repaired = [
        (dialogue, role, content)
        for (dialogue,), group in rows.filter(pl.col("dialogue").is_in(labelled.implode())).group_by(
            "dialogue", maintain_order=True
        )
        for role, content in _obey_dialogue(list(group.select("role", "content").iter_rows()))
    ]
    unlabelled = rows.filter(~pl.col("dialogue").is_in(labelled.implode()))
    repaired_rows = pl.DataFrame(repaired, schema=rows.schema, orient="row")
    return _to_turns(pl.concat([unlabelled, repaired_rows]).sort("dialogue", maintain_order=True), len(turns.count))


def _obey_dialogue(dialogue: list[Turn]) -> list[Turn]:
    labels = {
        match.lastgroup for _, content in dialogue for line in content.split("\n") if (match := _LABEL.match(line))
    }
    return [turn for role, content in dialogue for turn in _relabel(role, content, trusted=len(labels) > 1)]


def _relabel(role: str, content: str, *, trusted: bool) -> Iterator[Turn]:
    lines: list[str] = []
    for line in content.split("\n"):
        text = line
        while match := _LABEL.match(text):
            if match.lastgroup != role:
                if not trusted:
                    break
                yield role, "\n".join(lines)
                role, lines = str(match.lastgroup), []
            text = text[match.end() :]
        lines.append(text)
    yield role, "\n".join(lines)
