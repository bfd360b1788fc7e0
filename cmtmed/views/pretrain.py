"""The pretrain view: each dialogue as one plain text, for continued pretraining."""

from __future__ import annotations

import polars as pl

from cmtmed.pipeline import Views


def create_pretrain_view(rows: pl.DataFrame, options: Views) -> pl.DataFrame:
    """Return ``id`` and ``text``: one line per turn, each prefixed with its speaker.

    Args:
        rows: a complete dialogue table.
        options: ``patient`` and ``doctor`` are the prefixes.

    Returns:
        One row per dialogue, in the same order.
    """
    role, content = pl.element().struct.field("role"), pl.element().struct.field("content")
    speaker = (
        pl.when(role == "user")
        .then(pl.lit(options.patient))
        .when(role == "assistant")
        .then(pl.lit(options.doctor))
        .otherwise(pl.lit(""))
    )
    line = pl.concat_str(speaker, content)
    return rows.select("id", pl.col("messages").list.eval(line).list.join("\n").alias("text"))
