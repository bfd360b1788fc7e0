"""Turns come apart and together."""

from __future__ import annotations

from hypothesis import given
from polars.testing import assert_series_equal

from cmtmed.messages import flatten, nest
from tests.support.dialogues import tables


@given(tables())
def test_turns_come_apart_and_together(rows):
    turns = flatten(rows["messages"])
    assert_series_equal(nest(turns), rows["messages"])
    assert len(turns.content) == sum(turns.count)
    assert turns.message.to_list() == [index for count in turns.count for index in range(count)]
