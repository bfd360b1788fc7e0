"""Every decision leaves an entry, and nothing else does."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import polars as pl
import pytest

from cmtmed import lineage
from cmtmed.errors import StageError
from cmtmed.messages import flatten, nest, nest_left_out
from cmtmed.stage import Stage, columns
from cmtmed.stages.drop_by_length import DropByLength
from cmtmed.stages.merge_turns import MergeTurns
from cmtmed.stages.normalize_text import NormalizeText
from cmtmed.stats import StageStats
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
        [{"stage": "normalize_text", "action": "edited", "reason": "messages", "characters": 0}],
        [{"stage": "drop_by_length", "action": "dropped", "reason": "too_short", "characters": 0}],
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


class CutGreetings(Stage):
    """Removes greetings and says so; adds a full stop and does not."""

    reads: ClassVar = columns("messages")
    writes: ClassVar = columns("messages", "left_out")

    def apply(self, batch):
        turns = flatten(batch["messages"])
        cut = turns.content.str.replace("您好！", "", literal=True)
        removals = pl.DataFrame(
            {
                "dialogue": turns.dialogue,
                "reason": "greeting",
                "characters": turns.content.str.len_chars() - cut.str.len_chars(),
            }
        )
        return pl.DataFrame(
            [nest(turns.with_content(cut.replace("头痛", "头痛。"))), nest_left_out(removals, batch.height)]
        )


def test_what_a_stage_leaves_out_is_recorded_by_reason_and_the_rest_is_an_edit():
    rows = table(
        [user("头痛"), doctor("您好！几天了？")],
        [user("咳嗽"), doctor("您好！发烧吗？"), user("您好！没有。")],
        [user("牙痛")],
    )
    after, stats = lineage.apply_stage(CutGreetings(), rows)
    assert after["trace"].to_list() == [
        [
            {"stage": "cut_greetings", "action": "edited", "reason": "messages", "characters": -1},
            {"stage": "cut_greetings", "action": "left_out", "reason": "greeting", "characters": 3},
        ],
        [
            {"stage": "cut_greetings", "action": "edited", "reason": "messages", "characters": 0},
            {"stage": "cut_greetings", "action": "left_out", "reason": "greeting", "characters": 6},
        ],
        [],
    ]
    assert dict(stats.left_out) == {"greeting": 9, "edited": -1}


class ClaimRemoval(CutGreetings):
    """Reports a removal that did not happen."""

    def apply(self, batch):
        removals = pl.DataFrame({"dialogue": [0], "reason": ["greeting"], "characters": [3]})
        return pl.DataFrame([batch["messages"], nest_left_out(removals, batch.height)])


def test_a_stage_cannot_report_text_left_out_of_a_dialogue_that_it_did_not_change():
    with pytest.raises(StageError, match="'claim_removal' reports text left out of a dialogue"):
        lineage.apply_stage(ClaimRemoval(), table([user("您好！头痛")]))


def test_counts_that_turn_negative_are_not_lost_when_statistics_are_added():
    stats = StageStats("s", left_out=Counter(edited=-3)) + StageStats("s", left_out=Counter(edited=1, advert=2))
    assert dict(stats.left_out) == {"edited": -2, "advert": 2}
