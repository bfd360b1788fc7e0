"""How much the doctor asks: figures of a dialogue, and the stages and views that use them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings

import cmtmed
from cmtmed.errors import UsageError
from cmtmed.inquiry.proactivity import count_inquiries
from cmtmed.pipeline import Views
from cmtmed.stages.keep_proactive import KeepProactive
from cmtmed.stages.sample_proactive import SampleProactive
from cmtmed.stages.tag_inquiries import TagInquiries
from cmtmed.stats import TableStats
from cmtmed.views import prompts, sft
from tests.support.dialogues import doctor, table, tables, user
from tests.support.stages import run_stage

ASKS = [
    user("头疼"),
    doctor("多久了？有没有发烧？"),
    user("三天，没有"),
    doctor("建议多休息，先吃布洛芬。"),
    user("好"),
    doctor("嗯。"),
]
TELLS = [user("胃胀"), doctor("建议饭后走一走，少吃甜的。"), user("知道了"), doctor("不客气。")]
LATE = [user("咳嗽"), doctor("先喝水，注意休息。有痰吗？"), user("有"), doctor("什么颜色？")]


def tag_table(*dialogues, **columns):
    rows = table(*dialogues, **columns)
    return rows.with_columns(TagInquiries().apply(rows.select("messages"))["inquiries"])


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


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, [True, False, True]),
        ({"min_inquiries": 0}, [True, True, True]),
        ({"min_slots": 2}, [True, False, False]),
        ({"min_share": 0.5}, [False, False, True]),
        ({"min_inquiries": 0, "min_share": 1.0}, [False, False, True]),
    ],
)
def test_keep_proactive(options, kept):
    reasons = run_stage(KeepProactive(**options), tag_table(ASKS, TELLS, LATE))["drop_reason"].to_list()
    assert [reason is None for reason in reasons] == kept
    assert set(reasons) <= {None, "not_proactive"}


def asking_rate(rows):
    kept = rows.filter(pl.col("drop_reason").is_null())
    counts = kept.select(*count_inquiries(pl.col("messages"), pl.col("inquiries")))
    return counts["asking_turns"].sum() / counts["doctor_turns"].sum()


@pytest.mark.parametrize("target", [0.05, 0.1, 0.2, 0.3])
def test_sample_proactive_reaches_the_rate_and_drops_no_more_than_it_must(target):
    rows = tag_table(*[ASKS] * 20, *[TELLS] * 200)
    after = run_stage(SampleProactive(rate=target), rows)
    assert after.filter(pl.col("drop_reason").is_not_null())["inquiries"].list.len().sum() == 0
    assert asking_rate(after) >= target
    kept = after.filter(pl.col("drop_reason").is_null())
    one_more = kept.height + 1 <= rows.height
    # One more dialogue of two silent turns would bring it below.
    turns = 20 * 3 + 2 * (kept.height - 20)
    assert not one_more or 20 / (turns + 2) < target or kept.height == rows.height


def test_sample_proactive_keeps_all_that_ask_where_the_rate_is_out_of_reach():
    after = run_stage(SampleProactive(rate=0.9), tag_table(ASKS, ASKS, TELLS))
    assert after["drop_reason"].to_list() == [None, None, "sampled_out"]


def test_what_is_sampled_does_not_depend_on_order_but_on_the_seed():
    rows = tag_table(*[ASKS[:4]] * 5, *[TELLS] * 60)
    kept = set(run_stage(SampleProactive(), rows).filter(pl.col("drop_reason").is_null())["id"])
    shuffled = run_stage(SampleProactive(), rows.sample(fraction=1, shuffle=True, seed=3))
    assert set(shuffled.filter(pl.col("drop_reason").is_null())["id"]) == kept
    other_samples = [
        set(run_stage(SampleProactive(seed=seed), rows).filter(pl.col("drop_reason").is_null())["id"])
        for seed in (1, 2, 3)
    ]
    assert any(sample != kept for sample in other_samples)


def test_the_sft_view_weighs_turns_that_ask():
    rows = tag_table(ASKS, TELLS, [])
    view = sft.create_sft_view(rows, Views(inquiry_weight=2.5))
    assert view["weights"].to_list() == [[0, 2.5, 0, 1, 0, 1], [0, 1, 0, 1], []]
    assert view["weights"].list.len().to_list() == view["messages"].list.len().to_list()
    assert sft.create_sft_view(rows, Views())["weights"].to_list()[0] == [0, 1, 0, 1, 0, 1]


def test_the_prompts_view_ends_right_before_an_inquiry():
    rows = tag_table(TELLS, LATE, ASKS)
    view = prompts.create_prompts_view(rows, Views(prompt_at="inquiry"))
    assert view.select("id", "message").rows() == [("t/1", 1), ("t/2", 1)]
    assert view["prompt"].to_list() == [LATE[:1], ASKS[:1]]


def test_statistics_by_source_and_department():
    rows = tag_table(ASKS, TELLS, LATE, source=["a", "a", "b"], department=["内科", None, "内科"])
    stats = TableStats.from_rows(rows)
    assert stats.source_turns == {"a": 5, "b": 2}
    assert stats.source_asking == {"a": 1, "b": 2}
    assert stats.department_turns == {"内科": 5, "": 2}
    assert stats.department_asking == {"内科": 3}
