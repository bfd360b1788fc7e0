"""Statistics add up and count what is there."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from pydantic import TypeAdapter

from cmtmed.schema import DIALOGUE
from cmtmed.stats import LENGTH_BINS, TURN_BINS, StageStats, TableStats
from tests.support.dialogues import doctor, table, tables, user


@given(tables(), tables())
def test_statistics_add_up(first, second):
    together = TableStats.from_rows(first.vstack(second))
    assert TableStats.from_rows(first) + TableStats.from_rows(second) == together
    assert TypeAdapter(TableStats).validate_python(together.to_dict()) == together


def test_statistics_count_what_is_there():
    rows = table([user("头痛"), doctor("多久了？"), user("三天"), doctor("好")], [user("咳"), doctor("有痰吗")])
    inquiries = [
        [{"message": 1, "start": 0, "end": 4, "slot": "duration"}],
        [{"message": 1, "start": 0, "end": 3, "slot": "symptom"}],
    ]
    rows = rows.with_columns(inquiries=rows["inquiries"].__class__("inquiries", inquiries, dtype=DIALOGUE["inquiries"]))
    stats = TableStats.from_rows(rows)
    assert stats.doctor_turns == {"0": 2, "1": 1}
    assert stats.asking_turns == {"0": 2}
    assert stats.characters == {"user": 5, "assistant": 8}


@given(tables())
def test_lengths_and_slots_add_up_to_what_they_describe(rows):
    stats = TableStats.from_rows(rows)
    assert stats.dialogue_turns.total() == stats.dialogue_characters.total() == stats.dialogues
    assert stats.patient_characters.total() == stats.turns["user"]
    assert stats.doctor_characters.total() == stats.turns["assistant"]
    for name, bins in (("dialogue_turns", TURN_BINS), ("doctor_characters", LENGTH_BINS)):
        assert set(getattr(stats, name)) <= {str(lower_bound) for lower_bound in bins}


def test_lengths_fall_into_the_bins_that_hold_them():
    rows = table([user("痛" * 7), doctor("好" * 200), user("痛" * 9)], [user("痛" * 150_000)], [])
    inquiries = [{"message": 1, "start": 0, "end": 1, "slot": slot} for slot in ("symptom", "symptom", "exam")]
    rows = rows.with_columns(pl.Series("inquiries", [inquiries, [], []], dtype=DIALOGUE["inquiries"]))
    stats = TableStats.from_rows(rows)
    assert stats.dialogue_turns == {"3": 1, "1": 1, "0": 1}
    assert stats.dialogue_characters == {"200": 1, "100000": 1, "0": 1}
    assert stats.patient_characters == {"7": 2, "100000": 1}
    assert stats.doctor_characters == {"200": 1}
    assert stats.asking_slots == {"0 symptom": 1, "0 exam": 1}
    assert stats.asking_turns == {"0": 1}


def test_statistics_of_an_earlier_version_are_read():
    content = TableStats.from_rows(table([user("头痛")])).to_dict()
    del content["dialogue_turns"], content["asking_slots"]
    stats = TypeAdapter(TableStats).validate_python(content)
    assert stats.dialogues == 1
    assert stats.dialogue_turns == {}


def test_statistics_of_different_stages_do_not_mix():
    with pytest.raises(ValueError, match="different stages: 'a' and 'b'"):
        StageStats("a") + StageStats("b")
