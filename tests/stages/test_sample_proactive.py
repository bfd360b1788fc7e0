"""Dialogues are sampled until enough of the doctors' turns ask."""

from __future__ import annotations

import polars as pl
import pytest

from cmtmed.inquiry.proactivity import count_inquiries
from cmtmed.stages.sample_proactive import SampleProactive
from tests.support.inquiries import ASKS, TELLS, tag_table
from tests.support.stages import run_stage


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
