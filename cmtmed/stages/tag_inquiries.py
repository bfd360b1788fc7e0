"""Tag the sentences in which the doctor asks for information that only this patient can give."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl

from cmtmed.inquiry.detect import detect
from cmtmed.messages import flatten, nest_rows
from cmtmed.schema import INQUIRIES
from cmtmed.stage import Stage, columns


class TagInquiries(Stage):
    """Record the span and slot of every doctor-initiated inquiry in ``inquiries``."""

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("inquiries")

    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Tag all doctor turns of the batch."""
        turns = flatten(batch["messages"])
        rows = (turns.role == "assistant").arg_true()
        inquiries = detect(turns.content.gather(rows))
        turn = rows.gather(inquiries["turn"])
        count = np.bincount(turns.dialogue.gather(turn).to_numpy(), minlength=batch.height).astype(np.int64)
        spans = inquiries.select(turns.message.gather(turn), "start", "end", "slot")
        return nest_rows(spans, count).cast(INQUIRIES).rename("inquiries").to_frame()
