"""Stages run as an engine runs them: a corpus stage sketches and decides before it is applied."""

from __future__ import annotations

import polars as pl

from cmtmed import lineage
from cmtmed.stage import CorpusStage


def take_decision(stage, *shards):
    """Return the decision of a corpus stage over tables that are sketched one by one."""
    return stage.decide(pl.concat([stage.sketch(shard.select(list(stage.reads))) for shard in shards]).lazy())


def run_stage(stage, rows):
    """Run a stage over a table as a build does; return the table with its columns, drop reasons and trace updated."""
    decision = take_decision(stage, rows) if isinstance(stage, CorpusStage) else None
    return lineage.apply_stage(stage, rows, decision)[0]
