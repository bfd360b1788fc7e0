"""Dialogues in which the doctor asks too little are dropped."""

from __future__ import annotations

import pytest

from cmtmed.stages.keep_proactive import KeepProactive
from tests.support.inquiries import ASKS, LATE, TELLS, tag_table
from tests.support.stages import run_stage


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
