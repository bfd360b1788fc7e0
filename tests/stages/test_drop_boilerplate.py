"""What a platform wrote goes, what people said stays."""

from __future__ import annotations

import polars as pl
import pytest

from cmtmed import lineage
from cmtmed.stages.drop_boilerplate import DropBoilerplate
from cmtmed.text.boilerplate import is_boilerplate
from tests.support.dialogues import SHARED, doctor, needs_real_data, real_dialogues, table, turns, user

_length = pl.element().struct.field("content").str.len_chars()


def run(stage, rows):
    decision = stage.decide(stage.sketch(rows.select(list(stage.reads))).lazy())
    return lineage.apply_stage(stage, rows, decision)[0]


PLATFORM = (
    "下载云舟健康APP，三甲名医在线等您。",
    "请关注我们的微信公众号“云舟健康”。",
    "长按识别二维码，领取新人礼包。",
    "首单优惠，限时立减20元！",
    "点击下方链接预约专家门诊。",
    "以上建议仅供参考，不能代替面诊。",
    "本回答仅代表医生个人观点。",
    "系统提示：本次咨询已结束。",
    "本平台为您提供全国签约专家的在线服务。",
)
PEOPLE = (
    "我下载了一个记录血糖的表格。",
    "药的说明书上写着免费咨询电话，打不通。",
    "建议您关注血压变化。",
    "平时在平台期体重不掉。",
    "站久了腿会不会肿？",
    "打折的保健品不要买。",
    "不能代替药物治疗。",
    "孩子扫了一眼就说看不清。",
)


@pytest.mark.parametrize("sentence", PLATFORM)
def test_platform_sentences_are_known(sentence):
    assert is_boilerplate(sentence)


@pytest.mark.parametrize("sentence", PEOPLE)
def test_what_people_say_is_left_alone(sentence):
    assert not is_boilerplate(sentence)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("多喝水。下载云舟健康APP，名医在线。", "多喝水。"),
        ("【云舟健康】下载云舟健康APP领取优惠券。\n多喝水，注意休息。", "多喝水，注意休息。"),
        ("拍了照片[图片]【图片】您看", "拍了照片您看"),
        ("建议先查血常规，结果出来再用药，以上建议仅供参考。多喝水。", "建议先查血常规，结果出来再用药。多喝水。"),
        ("以上建议仅供参考，疼得厉害要马上去急诊。", "疼得厉害要马上去急诊。"),
        (
            "先物理降温，体温超过三十八度五再吃退烧药，更多问题点击链接咨询！",
            "先物理降温，体温超过三十八度五再吃退烧药。",
        ),
        ("先做CT。[以上建议仅供参考，不能代替面诊。]", "先做CT。"),
        ("血压[高压]150，白细胞(11.2)。", "血压[高压]150，白细胞(11.2)。"),
        ("第一句。 第二句。\n\n第三句。", "第一句。 第二句。\n\n第三句。"),
    ],
)
def test_sentences_go_and_the_rest_stays_as_it_was(before, after):
    rows = run(DropBoilerplate(), table([user("头痛怎么办"), doctor(before)]))
    assert turns(rows) == [[("u", "头痛怎么办"), ("a", after)]]


def test_a_side_that_was_nothing_but_platform_drops_the_dialogue():
    rows = table([user("[图片]"), doctor("多久了？")], [user("头痛"), doctor("下载云舟健康APP领取优惠券。")])
    after = run(DropBoilerplate(), rows)
    assert after["drop_reason"].to_list() == ["boilerplate", "boilerplate"]
    assert after["messages"].to_list() == rows["messages"].to_list()


CANNED = "有任何不舒服的地方都可以随时联系我们科室。"


def corpus(height, answer, question="第{}个人的头痛"):
    return table(*[[user(question.format(at)), doctor(answer.format(at))] for at in range(height)])


def test_a_sentence_under_many_questions_is_canned():
    rows = run(DropBoilerplate(min_dialogues=10), corpus(10, "第{}次先查血常规吧。" + CANNED))
    assert turns(rows)[3] == [("u", "第3个人的头痛"), ("a", "第3次先查血常规吧。")]


def test_nine_questions_are_not_ten():
    before = corpus(9, "第{}次先查血常规吧。" + CANNED)
    after = run(DropBoilerplate(min_dialogues=10), before)
    assert after["messages"].to_list() == before["messages"].to_list()


def test_one_dialogue_crawled_fifty_times_is_not_fifty_questions():
    before = corpus(50, "先查血常规吧。" + CANNED, question="同一个人的头痛")
    after = run(DropBoilerplate(min_dialogues=10), before)
    assert after["messages"].to_list() == before["messages"].to_list()


def test_the_doctors_usual_question_is_never_canned():
    before = corpus(50, "第{}次先查血常规吧。您这种情况大概持续多长时间了呢？")
    after = run(DropBoilerplate(min_dialogues=10), before)
    assert after["messages"].to_list() == before["messages"].to_list()


def test_a_turn_that_is_nothing_but_canned_stays():
    rows = corpus(50, "第{}次先查血常规吧。" + CANNED).vstack(
        table([user("头晕"), doctor(CANNED)], id=["t/a"]).select(corpus(1, "").columns)
    )
    after = run(DropBoilerplate(min_dialogues=10), rows)
    assert turns(after)[-1] == [("u", "头晕"), ("a", CANNED)]


def test_the_share_grows_with_the_corpus():
    before = corpus(50, "第{}次先查血常规吧。")
    some = corpus(12, "好的。" + CANNED, question="另外{}个人").with_columns(id="u/" + before["id"].head(12))
    rows = before.vstack(some)
    unchanged = run(DropBoilerplate(min_dialogues=1, min_share=0.5), rows)
    assert unchanged["messages"].to_list() == rows["messages"].to_list()
    changed = run(DropBoilerplate(min_dialogues=1, min_share=0.1), rows)
    assert turns(changed)[-1] == [("u", "另外11个人"), ("a", "好的。")]


@needs_real_data
def test_real_dialogues_lose_little():
    """Edited consultations hold no adverts: what is removed there must be canned closings, not medicine."""
    rows = real_dialogues(SHARED / "zhongjing" / "CMtMedQA_test.json")
    after = run(DropBoilerplate(), rows)
    assert after["drop_reason"].null_count() == rows.height
    before_chars = rows["messages"].list.eval(_length).list.sum().sum()
    after_chars = after["messages"].list.eval(_length).list.sum().sum()
    assert after_chars > 0.97 * before_chars
