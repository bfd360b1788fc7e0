"""How much the doctor asks: figures of a dialogue, and the stages and views that use them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings

import cmtmed
from cmtmed.errors import UsageError
from cmtmed.inquiry.proactivity import count_inquiries
from cmtmed.stages.tag_inquiries import TagInquiries
from cmtmed.stats import TableStats
from tests.support.dialogues import doctor, tables, user
from tests.support.inquiries import ASKS, LATE, TELLS, tag_table


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (ASKS, cmtmed.Proactivity(3, 1, 2, ("duration", "symptom"), 2)),
        (TELLS, cmtmed.Proactivity(2, 0, 0, (), 0)),
        (LATE, cmtmed.Proactivity(2, 2, 2, ("symptom",), 0)),
        ([], cmtmed.Proactivity(0, 0, 0, (), 0)),
        ([user("在吗"), doctor(None)], cmtmed.Proactivity(1, 0, 0, (), 0)),
    ],
)
def test_figures_of_a_dialogue(messages, expected):
    assert cmtmed.proactivity(messages) == expected


def test_share_is_of_the_doctors_turns():
    assert cmtmed.proactivity(ASKS).share == pytest.approx(1 / 3)
    assert cmtmed.proactivity([]).share == 0.0


def test_a_question_in_advice_is_no_advice_and_no_inquiry():
    figures = cmtmed.proactivity([user("发烧"), doctor("平时吃药吗？建议注意观察有没有皮疹。多少度？")])
    assert figures.inquiries == 2
    assert figures.before_advice == 1


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (
            [{"role": "doctor", "content": "多久了？"}],
            r"messages\[0\] has an unknown role; use one of system, user, assistant",
        ),
        ([user("头疼"), {"role": "assistant"}], r"messages\[1\] lacks role or content"),
        ([user("头疼"), {"role": "assistant", "content": 3}], r"messages\[1\] has content of type int"),
        (["多久了？"], r"messages\[0\] lacks role or content"),
    ],
)
def test_bad_messages_are_refused_by_place(messages, message):
    with pytest.raises(UsageError, match=message):
        cmtmed.proactivity(messages)


@settings(max_examples=40)
@given(tables())
def test_the_columns_count_what_the_function_counts(rows):
    rows = rows.with_columns(TagInquiries().apply(rows.select("messages"))["inquiries"])
    counted = rows.select(*count_inquiries(pl.col("messages"), pl.col("inquiries"))).to_dicts()
    for messages, columns in zip(rows["messages"].to_list(), counted, strict=True):
        figures = cmtmed.proactivity(messages)
        assert columns == {
            "doctor_turns": figures.doctor_turns,
            "asking_turns": figures.asking_turns,
            "asked": figures.inquiries,
            "slots": len(figures.slots),
        }


def test_statistics_by_source_and_department():
    rows = tag_table(ASKS, TELLS, LATE, source=["a", "a", "b"], department=["内科", None, "内科"])
    stats = TableStats.from_rows(rows)
    assert stats.source_turns == {"a": 5, "b": 2}
    assert stats.source_asking == {"a": 1, "b": 2}
    assert stats.department_turns == {"内科": 5, "": 2}
    assert stats.department_asking == {"内科": 3}
