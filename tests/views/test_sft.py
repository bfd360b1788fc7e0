"""The sft view: turns that ask weigh more."""

from __future__ import annotations

from cmtmed.pipeline import Views
from cmtmed.views import sft
from tests.support.dialogues import doctor, user
from tests.support.inquiries import ASKS, TELLS, tag_table


def test_the_sft_view_weighs_turns_that_ask():
    rows = tag_table(ASKS, TELLS, [])
    view = sft.create_sft_view(rows, Views(inquiry_weight=2.5))
    assert view["weights"].to_list() == [[0, 2.5, 0, 1, 0, 1], [0, 1, 0, 1], []]
    assert view["weights"].list.len().to_list() == view["messages"].list.len().to_list()
    assert sft.create_sft_view(rows, Views())["weights"].to_list()[0] == [0, 1, 0, 1, 0, 1]


def test_a_question_that_opens_the_dialogue_is_read_but_not_learnt():
    asking, answer = "请问孩子发烧几天了？", "多喝水，三天不退再来。"
    rows = tag_table([doctor(asking), user("两天"), doctor(answer)], [user("咳嗽"), doctor(asking)])
    view = sft.create_sft_view(rows, Views(inquiry_weight=2.0))
    assert view["messages"].to_list() == rows["messages"].to_list()
    assert view["weights"].to_list() == [[0, 0, 1], [0, 2]]
