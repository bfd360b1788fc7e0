"""Replace what identifies a person by a tag that says what stood there."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from cmtmed.anonymize import LABELS, find, replace
from cmtmed.messages import flatten, nest, nested
from cmtmed.schema import IDENTIFIERS
from cmtmed.stage import Stage, columns


class RedactIdentifiers(Stage):
    """Find identifiers of twenty types and replace each by its tag, as in [电话].

    ``identifiers`` records type, place and action of each, never the original. A name found once in a dialogue
    is found everywhere in it. Rows that an earlier stage dropped are redacted too: they are kept on disk.
    """

    reads: ClassVar = columns("messages", "identifiers")
    writes: ClassVar = columns("messages", "identifiers")
    covers_dropped: ClassVar = True

    keep: tuple[str, ...] = Field(default=(), description="Identifier types to leave in the text, such as HOSPITAL.")

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Redact all turns of the batch."""
        turns = flatten(batch["messages"])
        found = find(turns.content, turns.dialogue)
        if self.keep:
            found = found.filter(~pl.col("type").is_in(self.keep))
        if found.is_empty():
            return batch.select("messages", "identifiers")
        texts, places = replace(turns.content, found, LABELS)
        shifted = _shift(batch["identifiers"], turns.first, found, places)
        return pl.DataFrame(
            [
                nest(turns.with_content(texts)),
                _merged(batch.height, turns.dialogue, turns.message, places, shifted),
            ]
        )


def _merged(height: int, dialogue: pl.Series, message: pl.Series, places: pl.DataFrame, old: pl.DataFrame) -> pl.Series:
    """Join the new spans with the ones recorded before, in reading order, one list a dialogue."""
    new = places.select("text", "start", "end", "type", pl.lit("tag").alias("action"))
    spans = pl.concat([old, new], how="vertical_relaxed").sort("text", "start")
    count = np.bincount(dialogue.gather(spans["text"]).to_numpy(), minlength=height).astype(np.int64)
    rows = spans.select(message.gather(spans["text"]), "start", "end", "type", "action")
    return nested(rows, count).cast(IDENTIFIERS).rename("identifiers")


def _shift(recorded: pl.Series, first: np.ndarray, found: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Move spans that an earlier redaction recorded to where they stand after this one.

    Args:
        recorded: the ``identifiers`` column as it was.
        first: position of each dialogue's first turn among all turns.
        found: spans in the old texts, sorted by text and start.
        places: the same spans, row by row, in the new texts.
    """
    count = recorded.list.len().to_numpy()
    old = recorded.explode(empty_as_null=False).struct.unnest()
    text = pl.Series("text", np.repeat(first, count).astype(np.uint32)) + old["message"]
    grown = (
        found.select("text", "end")
        .with_columns(
            ((places["end"].cast(pl.Int64) - places["start"]) - (found["end"].cast(pl.Int64) - found["start"])).alias(
                "by"
            )
        )
        .with_columns(pl.col("by").cum_sum().over("text"))
    )
    moved = (
        old.with_columns(text)
        .sort("text", "start")
        .join_asof(grown, left_on="start", right_on="end", by="text", strategy="backward", check_sortedness=False)
    )
    by = pl.col("by").fill_null(0)
    return moved.select(
        "text",
        (pl.col("start").cast(pl.Int64) + by).cast(pl.UInt32).alias("start"),
        (pl.col("end").cast(pl.Int64) + by).cast(pl.UInt32).alias("end"),
        "type",
        "action",
    )
