"""Every decision leaves an entry, and nothing else does."""

from __future__ import annotations

import polars as pl

from cmtmed import lineage
from cmtmed.stages.drop_by_length import DropByLength
from cmtmed.stages.merge_turns import MergeTurns
from cmtmed.stages.normalize_text import NormalizeText
from tests.support.dialogues import doctor, table, turns, user


def test_a_row_that_nothing_happened_to_has_no_entry():
    rows = table([user("头痛三天了，吃了布洛芬。"), doctor("发烧吗？体温多少？")])
    after, stats = lineage.apply_stage(NormalizeText(), rows)
    assert after["trace"].to_list() == [[]]
    assert (stats.rows, stats.edited, stats.dropped.total()) == (1, 0, 0)


def test_edits_and_drops_are_told_apart():
    rows = table([user("头痛１２３"), doctor("好")], [user("嗯"), doctor("好")])
    rows, edits = lineage.apply_stage(NormalizeText(), rows)
    rows, drops = lineage.apply_stage(DropByLength(min_chars=4), rows)
    assert rows["trace"].to_list() == [
        [{"stage": "normalize_text", "action": "edited", "reason": "messages"}],
        [{"stage": "drop_by_length", "action": "dropped", "reason": "too_short"}],
    ]
    assert (edits.edited, drops.edited, dict(drops.dropped)) == (1, 0, {"too_short": 1})


def test_dropped_rows_are_passed_by_and_keep_their_place():
    rows = table([user("一")], [user("头痛"), doctor("多久了")], [doctor("二")], [user("咳嗽"), doctor("几天")])
    rows, _ = lineage.apply_stage(MergeTurns(), rows)
    rows, stats = lineage.apply_stage(DropByLength(min_chars=1), rows)
    assert stats.rows == 2
    assert rows["id"].to_list() == ["t/0", "t/1", "t/2", "t/3"]
    assert rows["drop_reason"].to_list() == ["one_speaker", None, "one_speaker", None]
    assert turns(rows)[1] == [("u", "头痛"), ("a", "多久了")]


def test_the_first_reason_wins():
    rows = table([user("一")]).with_columns(pl.lit("earlier").alias("drop_reason"))
    after, stats = lineage.apply_stage(MergeTurns(), rows)
    assert after["drop_reason"].to_list() == ["earlier"]
    assert stats.rows == 0
