"""The first question of a dialogue: what counts as one, and what two spellings of one have in common."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.dedup.first_question import find_first_questions
from cmtmed.schema import DIALOGUE
from tests.support.dialogues import doctor, table, tables, user

ASKS = "左膝盖下楼梯就响，走平路没事，需要去医院吗？"


def questions(*dialogues, **columns):
    rows = table(*dialogues, **columns)
    return find_first_questions(rows["messages"], rows["identifiers"]).to_list()


def mark_spans(*spans_by_dialogue):
    fields = ("message", "start", "end", "type", "action")
    return pl.Series(
        [[dict(zip(fields, (*span, "PERSON", "pseudonym"), strict=True)) for span in spans] for spans in spans_by_dialogue],
        dtype=DIALOGUE["identifiers"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "spelling",
    [
        "左膝盖下楼梯就响,走平路没事,需要去医院吗?",
        " 左膝盖 下楼梯就响，\n走平路没事，需要去医院吗",
        "左膝蓋下樓梯就響，走平路沒事，需要去醫院嗎？",
        "左膝盖下楼梯就响；走平路没事…需要去医院吗！！",
        "\u200b左膝盖下楼梯就响，走平路没事，需要去医院吗～",
        "医生您好，左膝盖下楼梯就响，走平路没事，需要去医院吗？",
        "在吗？请问左膝盖下楼梯就响，走平路没事，需要去医院吗？",
    ],
)
def test_spelling_and_greetings_do_not_count(spelling):
    first, second = questions([user(ASKS), doctor("多久了？")], [user(spelling), doctor("肿不肿？")])
    assert first == second


def test_width_and_case_do_not_count_and_digits_do():
    wide, narrow, other = questions(
        [user("ＨＰＶ１６阳性怎么办")], [user("hpv16阳性怎么办")], [user("hpv18阳性怎么办")]
    )
    assert wide == narrow != other


def test_what_stands_for_an_identifier_does_not_count():
    """One sentence about one person, who got another name in each copy, and a name that nobody redacted."""
    rows = [[user(f"我叫{name}，胃胀反酸半个月")] for name in ("林小雨", "周明", "赵云帆")]
    first, second, plain = questions(*rows, identifiers=mark_spans([(0, 2, 5)], [(0, 2, 4)], []))
    assert first == second != plain


def test_spans_of_other_turns_and_several_spans():
    first, second = questions(
        [user("你好"), doctor("我是周医生"), user("林小雨和周明都咳嗽一周了")],
        [user("何川和郑一一都咳嗽一周了")],
        identifiers=mark_spans([(1, 2, 3), (2, 0, 3), (2, 4, 6)], [(0, 0, 2), (0, 3, 6)]),
    )
    assert first == second == "和都咳嗽一周了"


@pytest.mark.parametrize(
    "greeting",
    [
        "你好", "您好！", "在吗", "医生您好", "您好医生，在吗？", "请问医生在线吗", "在么", "有人吗", "早上好，大夫", "哈喽", "Hello",
        "我想咨询一下", "您好，我想咨询个问题", "打扰了", "麻烦您帮忙看一下", "你好，请问一下", "王主任您好", "谢谢医生", "醫生您好", "嗯嗯",
    ],
)  # fmt: skip
def test_a_greeting_asks_nothing(greeting):
    assert questions([user(greeting), doctor("您好，请讲。"), user(ASKS), doctor("多久了？")]) == questions(
        [user(ASKS)]
    )


@pytest.mark.parametrize("answer", ["是的", "35岁", "女，28岁", "三天了", "大概半个月了", "没有", "如图"])
def test_an_answer_to_the_doctors_leading_question_is_no_question(answer):
    dialogue = [doctor("您好，请问多大年纪，多久了？"), user(answer), doctor("哪里不舒服？"), user(ASKS)]
    assert questions(dialogue) == questions([user(ASKS)])


def test_the_doctors_leading_question_does_not_hide_the_patients():
    assert questions([doctor("您好，请问哪里不舒服？"), user(ASKS), doctor("多久了？")]) == questions([user(ASKS)])


@pytest.mark.parametrize("short", ["头痛", "感冒吃什么药", "头痛怎么办", "能怀孕吗"])
def test_a_short_question_is_one(short):
    first, second = questions(
        [user(short), doctor("多久了？"), user("三天，早上重")], [user(short), doctor("有没有发烧？"), user("没有量过")]
    )
    assert first == second is not None


def test_without_a_question_only_copies_are_alike():
    silent = [user("你好"), doctor("您好，请讲。")]
    first, copy, other, nothing = questions(
        silent, silent, [user("你好"), doctor("请问哪里不舒服？")], [user("。"), doctor("？")]
    )
    assert first == copy != other
    assert nothing is None


@given(first=tables(), second=tables())
def test_a_question_depends_on_its_dialogue_alone(first, second):
    whole = pl.concat([first, second])
    apart = [find_first_questions(rows["messages"], rows["identifiers"]) for rows in (first, second)]
    assert pl.concat(apart).to_list() == find_first_questions(whole["messages"], whole["identifiers"]).to_list()


@given(name=st.text("林周何郑云帆小雨川一", min_size=1, max_size=4), before=st.integers(0, 6))
def test_any_surrogate_gives_the_same_question(name, before):
    text = ASKS[:before] + name + ASKS[before:]
    drawn, plain = questions([user(text)], [user(ASKS)], identifiers=mark_spans([(0, before, before + len(name))], []))
    assert drawn == plain
