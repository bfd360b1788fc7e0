"""The first question of a dialogue: what no two splits may share.

Two answers to one question, and one consultation that was crawled twice and went on in between, begin with the same
question. Who trains on one of them has seen the other. So dialogues are compared by their first question, folded:
script, width, case, white space and punctuation do not count, neither do greetings before it, and what stands in the
place of an identifier does not either, because a surrogate or a shifted date differs between copies of one sentence.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.texts import Positions
from cmtmed.messages import Turns, flatten
from cmtmed.text.folding import fold
from cmtmed.text.small_talk import count_content, strip_greetings

MIN_CONTENT: Final = 2
"""Characters besides small talk of a patient's turn that says something: 头痛 does, 在吗 does not."""


def find_first_questions(messages: pl.Series, identifiers: pl.Series) -> pl.Series:
    """Return the first question of each dialogue.

    It is the first turn of the patient that says something, whatever the doctor said before it. A greeting asks
    nothing: if greetings counted, they would join dialogues that have nothing else in common. Where no turn of the
    patient says anything, it is the whole dialogue, which can only equal that of a copy.

    Args:
        messages: the column ``messages``.
        identifiers: the column ``identifiers``, with offsets into ``messages``; redacted spans do not count.

    Returns:
        ``question`` (String): the folded question; null if the dialogue has neither letter nor digit.
    """
    turns = flatten(messages)
    spans = _locate_spans(identifiers, turns)
    patient = np.flatnonzero((turns.role == "user").to_numpy())
    owners = turns.dialogue.to_numpy()[patient]
    order = np.arange(len(patient)) - np.searchsorted(owners, owners)
    questions = pl.Series("question", [None], dtype=pl.String).new_from_index(0, len(messages))
    pending = np.ones(len(messages), dtype=bool)
    # Turn by turn: nearly every dialogue is settled by the first turn of the patient.
    for number in range(int(order.max(initial=-1)) + 1):
        selected = (order == number) & pending[owners]
        if not selected.any():
            continue
        folded = fold(_blank_spans(turns.content, patient[selected], spans))
        speaks = (count_content(folded).fill_null(0) >= MIN_CONTENT).to_numpy()
        settled = owners[selected][speaks]
        questions.scatter(settled, strip_greetings(folded.filter(pl.Series(speaks))))
        pending[settled] = False
    silent = pending & (turns.count > 0)
    if silent.any():
        questions.scatter(np.flatnonzero(silent), _fold_dialogues(turns, silent, spans))
    return questions.replace("", None)


def _locate_spans(identifiers: pl.Series, turns: Turns) -> pl.DataFrame:
    """Return ``turn`` (number among all turns), ``start`` and ``end`` of the spans, in reading order."""
    count = identifiers.list.len().fill_null(0).to_numpy()
    spans = identifiers.explode(empty_as_null=False).struct.unnest()
    turn = np.repeat(turns.first, count) + spans["message"].to_numpy()
    return spans.select(pl.Series("turn", turn, dtype=pl.Int64), pl.col("start", "end").cast(pl.Int64)).sort(
        "turn", "start"
    )


def _blank_spans(content: pl.Series, rows: Positions, spans: pl.DataFrame) -> pl.Series:
    """Return the texts of turns without the characters in the spans."""
    texts = content.gather(rows).fill_null("")
    index = pl.DataFrame({"turn": rows, "row": np.arange(len(rows))}, schema={"turn": pl.Int64, "row": pl.Int64})
    placed_spans = spans.join(index, on="turn", maintain_order="left")
    if placed_spans.is_empty():
        return texts
    # The text between the spans: before each of them, and after the last one.
    gaps = pl.concat(
        [
            placed_spans.select(
                "row",
                pl.col("end").shift(1, fill_value=0).over("row").alias("from"),
                pl.col("start").alias("to"),
            ),
            placed_spans.group_by("row")
            .agg(pl.col("end").max().alias("from"))
            .with_columns(to=pl.lit(None, dtype=pl.Int64)),
        ]
    ).sort("row", "from", maintain_order=True)
    length = (pl.col("to") - pl.col("from")).clip(0)
    joined = (
        gaps.with_columns(texts.gather(gaps["row"]).alias("text"))
        .with_columns(pl.col("text").str.slice(pl.col("from"), length))
        .group_by("row", maintain_order=True)
        .agg(pl.col("text").str.join(""))
    )
    return texts.scatter(joined["row"], joined["text"])


def _fold_dialogues(turns: Turns, selected: npt.NDArray[np.bool_], spans: pl.DataFrame) -> pl.Series:
    """Return all turns of the selected dialogues, folded, one string per dialogue."""
    rows = np.flatnonzero(selected[turns.dialogue.to_numpy()])
    table = pl.DataFrame([turns.dialogue.gather(rows), fold(_blank_spans(turns.content, rows, spans)).alias("text")])
    return table.group_by("dialogue", maintain_order=True).agg(pl.col("text").str.join("\n").str.strip_chars("\n"))[
        "text"
    ]
