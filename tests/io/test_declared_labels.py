"""Labels that a source declares, speakers whose names say nothing, and lines that are no part of a transcript."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cmtmed.io.declared_labels import assign_opening_roles
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.source import Source
from cmtmed.text.characters import count_characters


def split(text, **options):
    transcript = SpeakerLabels(Source.model_validate({"name": "crawl", **options})).split(text)
    return [(turn.role, turn.content) for turn in transcript.turns], transcript


def test_a_declared_label_divides_a_text_and_counts_every_character():
    text = "客服开场白\n小满 >> 胃胀三天\n柳青 >> 有没有反酸？\n小满 >> 有一点"
    turns, transcript = split(text, transcript={"label": r"^(?P<speaker>\S+) >> "}, first_speaker="user")
    assert turns == [("user", "胃胀三天"), ("assistant", "有没有反酸？"), ("user", "有一点")]
    said = sum(count_characters(content) for _, content in turns)
    rest = transcript.left_out.total() + count_characters(transcript.preamble)
    assert said + rest == count_characters(text)


def test_groups_of_a_label_give_the_role():
    label = r"^(?:(?P<user>\S+) 提问|(?P<assistant>\S+) 作答)："
    turns, _ = split("小满 提问：能吃海鲜吗\n柳青 作答：痛风发作期不行", transcript={"label": label})
    assert [role for role, _ in turns] == ["user", "assistant"]


def test_without_groups_speakers_alternate():
    turns, _ = split("头晕<sep>血压多少<sep>一百五", transcript={"label": r"(?:\A|<sep>)"})
    assert turns == [("user", "头晕"), ("assistant", "血压多少"), ("user", "一百五")]


@pytest.mark.parametrize("label", ["(?P<name>x)", "a*", "("])
def test_a_label_of_no_use_is_refused(label):
    with pytest.raises(ValidationError):
        Source.model_validate({"name": "crawl", "transcript": {"label": label}})


@pytest.mark.parametrize(
    ("roles", "first", "expected"),
    [
        ([None, None], "user", ["user", "assistant"]),
        ([None, None], "assistant", ["assistant", "user"]),
        ([None, None], None, [None, None]),
        ([None, "assistant"], None, ["user", "assistant"]),
        (["user", None], "user", ["user", "assistant"]),
    ],
)
def test_names_that_say_nothing_get_the_role_that_is_left(roles, first, expected):
    assert list(assign_opening_roles(["甲", "乙"], roles, first).values()) == expected


def test_lines_above_and_below_the_talk_are_left_out_under_a_reason():
    text = "第3号\n患者：咳嗽\n医生：几天了\n【印象】感冒\n多喝水"
    turns, transcript = split(text, shape="prefixed", transcript={"ignore": [r"第\d+号"], "end": [r"【印象】.*"]})
    assert turns == [("user", "咳嗽"), ("assistant", "几天了")]
    assert transcript.left_out["heading"] == 3
    assert transcript.left_out["trailing_block"] == 9
