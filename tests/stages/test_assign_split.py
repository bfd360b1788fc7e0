"""Splits: their shares, clusters that stay together, and rows that do not move when others come."""

from __future__ import annotations

from collections import Counter

import polars as pl

from cmtmed import lineage
from cmtmed.stages.assign_split import AssignSplit
from tests.support.dialogues import doctor, table, user


def repeat_dialogue(height=4000, **columns):
    return table(*[[user("头痛"), doctor("多久")]] * height, **columns)


def splits(stage, rows):
    return lineage.apply_stage(stage, rows)[0]["split"].to_list()


def test_shares_are_about_what_was_asked_for():
    counts = Counter(splits(AssignSplit(validation=0.1, test=0.2), repeat_dialogue()))
    assert 0.08 < counts["validation"] / 4000 < 0.12
    assert 0.17 < counts["test"] / 4000 < 0.23


def test_a_cluster_is_never_cut():
    clusters = [f"t/{number // 5}" for number in range(4000)]
    rows = repeat_dialogue(cluster=clusters).with_columns(
        pl.Series("split", splits(AssignSplit(validation=0.3, test=0.3), repeat_dialogue(cluster=clusters)))
    )
    assert rows.group_by("cluster").agg(pl.col("split").n_unique())["split"].max() == 1


def test_the_kept_row_goes_where_its_cluster_goes():
    """A cluster is named after its kept row, so the row alone and the row with its cluster go the same way."""
    unclustered = splits(AssignSplit(validation=0.3, test=0.3), repeat_dialogue(100))
    clustered = splits(
        AssignSplit(validation=0.3, test=0.3), repeat_dialogue(100, cluster=[f"t/{number}" for number in range(100)])
    )
    assert unclustered == clustered


def test_more_rows_move_nobody():
    stage = AssignSplit(validation=0.3, test=0.3)
    assert splits(stage, repeat_dialogue(50)) == splits(stage, repeat_dialogue(500))[:50]
    assert splits(stage, repeat_dialogue(50)) != splits(
        AssignSplit(validation=0.3, test=0.3, seed=1), repeat_dialogue(50)
    )


def test_test_sources_are_the_test_split():
    sources = ["exam", "crawl"] * 50
    assigned = splits(AssignSplit(validation=0, test=0, test_sources=("exam",)), repeat_dialogue(100, source=sources))
    assert assigned == ["test", "train"] * 50
