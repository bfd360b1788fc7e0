"""The prompts view: a prompt ends right before an inquiry."""

from __future__ import annotations

from cmtmed.pipeline import Views
from cmtmed.views import prompts
from tests.support.inquiries import ASKS, LATE, TELLS, tag_table


def test_the_prompts_view_ends_right_before_an_inquiry():
    rows = tag_table(TELLS, LATE, ASKS)
    view = prompts.create_prompts_view(rows, Views(prompt_at="inquiry"))
    assert view.select("id", "message").rows() == [("t/1", 1), ("t/2", 1)]
    assert view["prompt"].to_list() == [LATE[:1], ASKS[:1]]
