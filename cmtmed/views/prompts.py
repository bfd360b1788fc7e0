"""The prompts view: conversations cut right before a doctor's turn, for the policy to continue (RL)."""

from __future__ import annotations

import hashlib

import polars as pl

from cmtmed.messages import flatten
from cmtmed.pipeline import Views


def create_prompts_view(rows: pl.DataFrame, options: Views) -> pl.DataFrame:
    """Return ``id``, ``message`` (index of the doctor's turn cut off) and ``prompt`` (the messages before it).

    In most dialogues the last patient turn is a thank-you, so prompts cut only at the last turn would train and
    reward politeness. By default each dialogue is cut at one of its doctor turns, chosen by a hash of its id.

    Args:
        rows: a complete dialogue table.
        options: ``prompt_at`` selects where to cut.

    Returns:
        One row per cut, in the order of the dialogues. A dialogue whose doctor never answers a patient gives none, nor
        does one without an inquiry if ``prompt_at`` is ``inquiry``.
    """
    turns = flatten(rows["messages"])
    table = pl.DataFrame([turns.dialogue, turns.message, turns.role])
    answers = table.filter(
        (pl.col("role") == "assistant") & (pl.col("role").shift(1).over("dialogue") == "user")
    ).select("dialogue", "message")
    if options.prompt_at == "first":
        answers = answers.group_by("dialogue", maintain_order=True).first()
    elif options.prompt_at == "inquiry":
        asking = rows.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("dialogue"),
            pl.col("inquiries").list.eval(pl.element().struct.field("message").unique()).alias("message"),
        ).explode("message", empty_as_null=False)
        answers = answers.join(asking, on=["dialogue", "message"], how="semi", maintain_order="left")
        answers = answers.group_by("dialogue", maintain_order=True).first()
    elif options.prompt_at == "last":
        answers = answers.group_by("dialogue", maintain_order=True).last()
    elif options.prompt_at == "one":
        choices = answers.group_by("dialogue", maintain_order=True).agg("message")
        draws = [_draw(key) for key in rows["id"].gather(choices["dialogue"])]
        position = pl.Series(draws, dtype=pl.UInt64) % choices["message"].list.len()
        answers = choices.select("dialogue", pl.col("message").list.get(pl.lit(position)))
    prompts = rows.select("id", "messages")[answers["dialogue"]].with_columns(answers["message"])
    return prompts.select("id", "message", pl.col("messages").list.head(pl.col("message")).alias("prompt"))


def _draw(key: str) -> int:
    """Return a uniform 64-bit number that depends on the id alone, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8, person=b"prompts").digest(), "big")
