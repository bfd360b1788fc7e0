"""Who speaks when: golden cases."""

from __future__ import annotations

import pytest

from cmtmed import lineage
from cmtmed.stages.merge_turns import MergeTurns
from tests.support.dialogues import doctor, table, turns, user

SYSTEM = {"role": "system", "content": "你是医生"}

CASES = {
    "already right": (
        [user("头痛"), doctor("多久了？"), user("三天"), doctor("量血压了吗？")],
        [("u", "头痛"), ("a", "多久了？"), ("u", "三天"), ("a", "量血压了吗？")],
    ),
    "runs of one role become one turn": (
        [user("头痛"), user("还恶心"), doctor("多久了？"), doctor("吐过吗？")],
        [("u", "头痛\n还恶心"), ("a", "多久了？\n吐过吗？")],
    ),
    "empty turns go, and what they parted is joined": (
        [user("头痛"), doctor(" "), user("三天了"), doctor(None), doctor("吃药了吗？")],
        [("u", "头痛\n三天了"), ("a", "吃药了吗？")],
    ),
    "the doctor's opening goes": (
        [doctor("您好，请讲"), user("头痛"), doctor("多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "an unanswered ending goes": (
        [user("头痛"), doctor("多久了？"), user("谢谢")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "system messages that meet become one": (
        [SYSTEM, doctor("您好"), SYSTEM, user("头痛"), doctor("多久了？")],
        [("s", "你是医生\n你是医生"), ("u", "头痛"), ("a", "多久了？")],
    ),
    "a system message stays in front": (
        [SYSTEM, doctor("您好"), user("头痛"), doctor("多久了？")],
        [("s", "你是医生"), ("u", "头痛"), ("a", "多久了？")],
    ),
    "a label that says what is known goes": (
        [user("患者：头痛"), doctor("医生：多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a label with particulars goes": (
        [user("患者（女，35岁）：头痛"), doctor("医生回答： 多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a transcript in one turn is taken apart": (
        [user("患者：头痛\n两天了\n医生：发烧吗？\n患者：没有"), doctor("医生：多喝水。")],
        [("u", "头痛\n两天了"), ("a", "发烧吗？"), ("u", "没有"), ("a", "多喝水。")],
    ),
    "roles follow the labels of a dialogue that labels both sides": (
        [doctor("患者：头痛"), user("医生：多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a patient who addresses the doctor is no doctor": (
        [user("医生：我头痛三天了"), doctor("发烧吗？")],
        [("u", "医生：我头痛三天了"), ("a", "发烧吗？")],
    ),
    "a colon inside a sentence is no label": (
        [user("上次的医生：张大夫说没事"), doctor("回答：先观察")],
        [("u", "上次的医生：张大夫说没事"), ("a", "先观察")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_repair(case):
    before, expected = CASES[case]
    after, _ = lineage.apply_stage(MergeTurns(), table(before))
    assert turns(after) == [expected]
    assert after["drop_reason"].to_list() == [None]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "empty"),
        ([user(""), doctor(" \n")], "empty"),
        ([SYSTEM], "empty"),
        ([user("头痛"), user("在吗")], "one_speaker"),
        ([doctor("多喝水")], "one_speaker"),
        ([doctor("您好"), user("头痛")], "unanswered"),
    ],
)
def test_what_cannot_be_repaired_is_dropped_as_it_was(messages, reason):
    rows = table(messages)
    after, stats = lineage.apply_stage(MergeTurns(), rows)
    assert after["drop_reason"].to_list() == [reason]
    assert after["messages"].to_list() == rows["messages"].to_list()
    assert dict(stats.dropped) == {reason: 1}


def test_options():
    rows = table([doctor("您好"), user("头痛"), user("三天"), doctor("好"), user("谢谢")])
    stage = MergeTurns(separator=" ", leading_doctor="keep", trailing_patient="keep")
    after, _ = lineage.apply_stage(stage, rows)
    assert turns(after) == [[("a", "您好"), ("u", "头痛 三天"), ("a", "好"), ("u", "谢谢")]]


def test_dialogues_do_not_touch_each_other():
    rows = table([user("一"), doctor("二")], [], [doctor("三"), user("四"), doctor("五")], [user("六")])
    after, _ = lineage.apply_stage(MergeTurns(), rows)
    assert turns(after) == [[("u", "一"), ("a", "二")], [], [("u", "四"), ("a", "五")], [("u", "六")]]
    assert after["drop_reason"].to_list() == [None, "empty", None, "one_speaker"]


def test_a_system_turn_does_not_keep_the_trim_from_what_stands_before_it():
    system = {"role": "system", "content": "会话已结束"}
    rows = table(
        [doctor("请说"), system, doctor("在吗"), user("头痛"), doctor("多久了"), user("好"), system, user("谢谢")]
    )
    after = MergeTurns().apply(rows.select("messages"))
    contents = [turn["content"] for turn in after["messages"][0]]
    assert contents == ["会话已结束", "头痛", "多久了", "会话已结束"]
