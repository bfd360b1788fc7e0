"""Repair who speaks when: speaker labels, empty turns, runs of one role, dialogues that start or end wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal

import numpy as np
import polars as pl
from pydantic import Field

from cmtmed.messages import Turns, flatten, nest
from cmtmed.stage import Stage, columns

# A label stands at the start of a line and ends in a colon: 医生：, 患者(女，35岁):
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
    """Give every dialogue the form patient, doctor, patient, doctor, ….

    Speaker labels left in the text are removed, and obeyed where a dialogue labels both sides; empty turns go;
    runs of one role become one turn; what the doctor says before the patient's first word and what the patient
    says after the doctor's last go. Drops ``empty`` dialogues, those of ``one_speaker``, and ``unanswered``
    ones, in which no patient turn is followed by a doctor's.
    """

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("messages", "drop_reason")

    separator: str = Field(default="\n", description="Stands between the turns of a run that become one turn.")
    leading_doctor: Literal["remove", "keep"] = Field(
        default="remove", description="What happens to a doctor's turn before the patient's first."
    )
    trailing_patient: Literal["remove", "keep"] = Field(
        default="remove", description="What happens to a patient's turn that no doctor answers any more."
    )

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Repair all dialogues of the batch."""
        given = flatten(batch["messages"])
        turns = obey_labels(given.with_content(given.content.fill_null("")))
        rows = pl.DataFrame([turns.dialogue, turns.role, turns.content])
        rows = self._merge(rows.filter(pl.col("content").str.strip_chars() != ""))
        verdict = _verdicts(rows, batch.height)
        # Two system turns meet where the doctor's turn between them goes.
        rows = self._merge(self._trim(rows.filter(verdict.is_null().gather(rows["dialogue"]))))
        repaired = nest(_turns(rows, batch.height))
        # A rejected dialogue stays as it was: whoever asks why sees what the crawl held.
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
        place = pl.int_range(pl.len()).over("dialogue")
        patient, doctor = pl.col("role") == "user", pl.col("role") == "assistant"
        gone = pl.lit(value=False)
        # All of them: a system turn may stand between two of one side.
        if self.leading_doctor == "remove":
            gone |= doctor & (place < pl.when(patient).then(place).min().over("dialogue"))
        if self.trailing_patient == "remove":
            gone |= patient & (place > pl.when(doctor).then(place).max().over("dialogue"))
        return rows.filter(~gone)


def _verdicts(rows: pl.DataFrame, height: int) -> pl.Series:
    """Return the drop reason of each dialogue, or null."""
    answered = (pl.col("role") == "user") & (pl.col("role").shift(-1).over("dialogue") == "assistant")
    seen = rows.group_by("dialogue").agg(
        pl.col("role").filter(pl.col("role") != "system").n_unique().alias("speakers"),
        answered.any().alias("answered") if rows.height else pl.lit(value=False).alias("answered"),
    )
    every = pl.DataFrame({"dialogue": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return (
        every.join(seen, on="dialogue", how="left", maintain_order="left")
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


def _turns(rows: pl.DataFrame, height: int) -> Turns:
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
        for role, content in _obey(list(group.select("role", "content").iter_rows()))
    ]
    rest = rows.filter(~pl.col("dialogue").is_in(labelled.implode()))
    mended = pl.DataFrame(repaired, schema=rows.schema, orient="row")
    return _turns(pl.concat([rest, mended]).sort("dialogue", maintain_order=True), len(turns.count))


def _obey(dialogue: list[Turn]) -> list[Turn]:
    labels = {
        match.lastgroup for _, content in dialogue for line in content.split("\n") if (match := _LABEL.match(line))
    }
    return [turn for role, content in dialogue for turn in _relabel(role, content, trusted=len(labels) > 1)]


def _relabel(role: str, content: str, *, trusted: bool) -> Iterator[Turn]:
    lines: list[str] = []
    for line in content.split("\n"):
        rest = line
        while match := _LABEL.match(rest):
            if match.lastgroup != role:
                if not trusted:
                    break
                yield role, "\n".join(lines)
                role, lines = str(match.lastgroup), []
            rest = rest[match.end() :]
        lines.append(rest)
    yield role, "\n".join(lines)
