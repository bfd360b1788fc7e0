"""What can match is known before: no rule that decides is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.inquiry import Inquiry, detect, explain, find_inquiries
from cmtmed.inquiry.clauses import split_run_ons
from cmtmed.inquiry.cues import SUSPECT
from cmtmed.text.sentences import split
from tests.support.dialogues import SHARED, needs_real_data

SUSPECTS = re.compile(SUSPECT.replace("$", r"\Z"))
PIECES = (
    "您", "有没有", "发烧", "咳嗽", "多久了", "吗", "呢", "？", "，", "。", "：", "；", " ", "吃过", "什么", "药", "疼不疼",
    "是不是", "要", "检查", "请描述一下", "症状", "还有", "需要", "帮您", "如果", "的话", "哪里", "不舒服", "几天", "比如",
    "头晕", "、", "等", "没有", "以前", "得过", "病", "高血压", "或者", "孩子", "多大", "体温", "拍张照片", "发给我", "吧",
    "最好", "看看", "建议", "过敏", "史", "除了", "之外", "情况", "了", "好吗", "\n", "明白", "提供", "不",
)  # fmt: skip


def find_one_by_one(turn: str) -> list[tuple[int, int, str]]:
    """Return the sentences that ask, each decided by itself with all rules."""
    found = []
    for start, end in split(turn):
        if SUSPECTS.search(turn[start:end]):
            for begin, stop in split_run_ons(turn[start:end]):
                decision = explain(turn[start + begin : start + stop])
                found += [(start + begin, start + stop, decision.slot)] if decision.asks else []
    return found


def assert_equal(turns: list[str]) -> None:
    for turn, inquiries in zip(turns, find_inquiries(turns), strict=True):
        alone = find_one_by_one(turn)
        # Examples behind a question are not decided by themselves.
        assert set(alone) <= set(map(tuple, inquiries))
        others = {tuple(inquiry) for inquiry in inquiries} - set(alone)
        assert all(turn[start:].startswith(("比如", "例如", "譬如", "像")) for start, _, _ in others)


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), max_size=20))
@settings(deadline=None, max_examples=40)
def test_drawn_turns_are_decided_as_one_by_one(turns: list[str]) -> None:
    # Enough text for the rules to be matched together.
    assert_equal([*turns, "您多喝水，注意休息。" * 6000])


@needs_real_data
def test_real_turns_are_decided_as_one_by_one() -> None:
    path = SHARED / "remedi" / "doctor_acts_dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    turns = [value for row in rows for value in row.values() if isinstance(value, str)]
    labelled = Path(__file__).parents[1] / "data" / "inquiries_dev.jsonl"
    turns += [
        value
        for line in labelled.read_text(encoding="utf-8").splitlines()
        for value in json.loads(line).values()
        if isinstance(value, str)
    ]
    assert_equal([*turns, "您多喝水，注意休息。" * 6000])


def test_few_and_many_turns_give_the_same() -> None:
    turns = ["咳嗽多久了？比如白天、晚上等。", "头疼不疼", "您好，有痰吗有没有发烧", ""]
    padded = pl.Series([*turns, "您多喝水，注意休息。" * 6000])
    few = detect(pl.Series(turns, dtype=pl.String))
    assert detect(padded).equals(few)
    assert find_inquiries([]) == []
    assert find_inquiries(["多久了"]) == [[Inquiry(0, 3, "duration")]]
