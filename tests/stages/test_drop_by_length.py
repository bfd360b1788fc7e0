"""Bounds on the length of a dialogue, at both ends."""

from __future__ import annotations

import pytest

from cmtmed import lineage
from cmtmed.stages.drop_by_length import DropByLength
from tests.support.dialogues import doctor, table, user


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([user("头" * 10), doctor("痛" * 10)], None),
        ([user("头" * 30)], "too_few_turns"),
        ([user("头痛"), doctor("多久")] * 3, "too_many_turns"),
        ([user("头" * 9), doctor("痛" * 10)], "too_short"),
        ([user("头" * 21), doctor("痛" * 20)], "too_long"),
        ([user("头" * 20), doctor("𠮷" * 20)], None),
    ],
)
def test_bounds_on_both_ends(messages, reason):
    stage = DropByLength(min_turns=2, max_turns=4, min_chars=20, max_chars=40)
    after, _ = lineage.apply_stage(stage, table(messages))
    assert after["drop_reason"].to_list() == [reason]
