"""Answers to no question: 无 and 没有 where nobody asks, 嗯 and 1 as the first words of a dialogue."""

from __future__ import annotations

import polars as pl

from cmtmed.inquiry.detect import detect
from cmtmed.text.empty_turns import ASKS, DENIAL, REPLY, YES_OR_NO


def find_unasked_answers(rows: pl.DataFrame, separator: str) -> pl.Series:
    """Find turns that would be answers, if there were a question.

    A denial is an answer if the other side asks right before it, in one of the turns since this side last spoke; the
    doctor's only if that question can be answered with yes or no. A patient's acknowledgement needs a doctor's turn
    before it.

    Args:
        rows: ``dialogue``, ``role`` and ``content`` of all turns of some dialogues, in order.
        separator: what stands between turns of one side when they are joined.

    Returns:
        One Boolean per row.
    """
    content, is_patient = pl.col("content"), pl.col("role") == "user"
    denies = content.str.contains(DENIAL)
    numbered = rows.select(
        pl.struct("dialogue", "role").rle_id().alias("run"),
        "dialogue",
        "role",
        "content",
        denies.alias("denies"),
        (is_patient & content.str.contains(REPLY)).alias("replies"),
    )
    runs = numbered.group_by("run", maintain_order=True).agg(
        pl.col("dialogue", "role").first(), content.str.join(separator), pl.col("denies").any()
    )
    # A system turn, which may begin a dialogue, asks nothing.
    before = pl.when(pl.col("role").shift(1) != "system").then(content.shift(1)).over("dialogue").fill_null("")
    runs = runs.with_columns(
        before.alias("before"), (pl.col("role") == "assistant").cum_max().over("dialogue").alias("follows_doctor")
    )
    asked = runs.select(
        pl.when(is_patient)
        .then(pl.col("before").str.contains(ASKS))
        .otherwise(pl.col("before").str.contains(YES_OR_NO))
    ).to_series()
    # What no word shows, the rules for doctors' questions may.
    open_runs = runs.select(pl.col("denies") & is_patient & ~asked).to_series().arg_true()
    questions = open_runs.gather(detect(runs["before"].gather(open_runs))["turn"].unique())
    asked = asked | pl.int_range(runs.height, eager=True).is_in(questions.implode())
    context = runs.select("run", "follows_doctor", asked.alias("asked"))
    return (
        numbered.join(context, on="run", how="left", maintain_order="left")
        .select((pl.col("denies") & ~pl.col("asked")) | (pl.col("replies") & ~pl.col("follows_doctor")))
        .to_series()
    )
