"""The sft view: each dialogue as a list of messages with weights, for supervised fine-tuning."""

from __future__ import annotations

import polars as pl

from cmtmed.pipeline import Views


def create_sft_view(rows: pl.DataFrame, options: Views) -> pl.DataFrame:
    """Return ``id``, ``messages`` (role ``system``, ``user`` or ``assistant``, and content) and ``weights``.

    Args:
        rows: a complete dialogue table.
        options: ``inquiry_weight`` is the weight of a doctor's turn with an inquiry.

    Returns:
        One row per dialogue, in the same order. ``weights`` (List of Float32) has one value per message: 0 for turns
        that are not trained on, 1 for a doctor's turn, ``inquiry_weight`` for a doctor's turn with an inquiry.
    """
    asking = rows.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("inquiries").list.eval(pl.element().struct.field("message").unique()).alias("message"),
    ).explode("message", empty_as_null=False)
    asking = asking.with_columns(pl.lit(value=True).alias("asks"))
    turns = (
        rows.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), "messages")
        .explode("messages", empty_as_null=False)
        .with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).over("row").alias("message"))
    )
    role = pl.col("messages").struct.field("role")
    # What opens a dialogue answers nothing: nobody has said yet what the question depends on.
    is_answer = (role == "assistant") & (role == "user").cum_max().over("row")
    weight = (
        pl.when(~is_answer).then(0.0).when(pl.col("asks")).then(options.inquiry_weight).otherwise(1.0).cast(pl.Float32)
    )
    turns = turns.join(asking, on=["row", "message"], how="left", maintain_order="left")
    weights = turns.group_by("row", maintain_order=True).agg(weight.alias("weights"))
    row_numbers = pl.DataFrame({"row": pl.int_range(rows.height, dtype=pl.UInt32, eager=True)})
    weights_column = row_numbers.join(weights, on="row", how="left", maintain_order="left")["weights"]
    return rows.select("id", "messages", weights_column.fill_null([]).cast(pl.List(pl.Float32)).alias("weights"))
