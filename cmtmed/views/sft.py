"""Supervised fine-tuning: each dialogue as a list of messages, as chat templates read it."""

from __future__ import annotations

import polars as pl

from cmtmed.pipeline import Views


def view(rows: pl.DataFrame, options: Views) -> pl.DataFrame:  # noqa: ARG001 (all views share one signature)
    """Return ``id`` and ``messages`` (role ``system``, ``user`` or ``assistant``, and content).

    Args:
        rows: a complete dialogue table.
        options: not used.

    Returns:
        One row a dialogue, in the same order.
    """
    return rows.select("id", "messages")
