"""What a platform wrote goes, what people said stays."""

from __future__ import annotations

import polars as pl
import pytest

from cmtmed.stages.drop_boilerplate import DropBoilerplate
from tests.support.dialogues import SHARED, doctor, needs_real_data, read_real_dialogues, table, turns, user
from tests.support.stages import run_stage

_length = pl.element().struct.field("content").str.len_chars()


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
    rows = run_stage(DropBoilerplate(), table([user("头痛怎么办"), doctor(before)]))
    assert turns(rows) == [[("u", "头痛怎么办"), ("a", after)]]


def test_a_side_that_was_nothing_but_platform_drops_the_dialogue():
    rows = table([user("[图片]"), doctor("多久了？")], [user("头痛"), doctor("下载云舟健康APP领取优惠券。")])
    after = run_stage(DropBoilerplate(), rows)
    assert after["drop_reason"].to_list() == ["boilerplate", "boilerplate"]
    assert after["messages"].to_list() == rows["messages"].to_list()


CANNED = "有任何不舒服的地方都可以随时联系我们科室。"


def make_consultations(height, answer, question="第{}个人的头痛"):
    return table(*[[user(question.format(number)), doctor(answer.format(number))] for number in range(height)])


def test_a_sentence_under_many_questions_is_canned():
    rows = run_stage(DropBoilerplate(min_dialogues=10), make_consultations(10, "第{}次先查血常规吧。" + CANNED))
    assert turns(rows)[3] == [("u", "第3个人的头痛"), ("a", "第3次先查血常规吧。")]


def test_nine_questions_are_not_ten():
    before = make_consultations(9, "第{}次先查血常规吧。" + CANNED)
    after = run_stage(DropBoilerplate(min_dialogues=10), before)
    assert after["messages"].to_list() == before["messages"].to_list()


def test_one_dialogue_crawled_fifty_times_is_not_fifty_questions():
    before = make_consultations(50, "先查血常规吧。" + CANNED, question="同一个人的头痛")
    after = run_stage(DropBoilerplate(min_dialogues=10), before)
    assert after["messages"].to_list() == before["messages"].to_list()


def test_the_doctors_usual_question_is_never_canned():
    before = make_consultations(50, "第{}次先查血常规吧。您这种情况大概持续多长时间了呢？")
    after = run_stage(DropBoilerplate(min_dialogues=10), before)
    assert after["messages"].to_list() == before["messages"].to_list()


def test_a_turn_that_is_nothing_but_canned_stays():
    rows = make_consultations(50, "第{}次先查血常规吧。" + CANNED).vstack(
        table([user("头晕"), doctor(CANNED)], id=["t/a"]).select(make_consultations(1, "").columns)
    )
    after = run_stage(DropBoilerplate(min_dialogues=10), rows)
    assert turns(after)[-1] == [("u", "头晕"), ("a", CANNED)]


def test_the_share_grows_with_the_corpus():
    before = make_consultations(50, "第{}次先查血常规吧。")
    canned = make_consultations(12, "好的。" + CANNED, question="另外{}个人").with_columns(
        id="u/" + before["id"].head(12)
    )
    rows = before.vstack(canned)
    unchanged = run_stage(DropBoilerplate(min_dialogues=1, min_share=0.5), rows)
    assert unchanged["messages"].to_list() == rows["messages"].to_list()
    changed = run_stage(DropBoilerplate(min_dialogues=1, min_share=0.1), rows)
    assert turns(changed)[-1] == [("u", "另外11个人"), ("a", "好的。")]


@pytest.mark.parametrize(
    "dose",
    [
        "每次口服阿莫西林两片一日三次饭后吃。",
        "阿莫西林胶囊饭后半片温水送服就可以了。",
        "这个药饭后口服０.５ｇ，注意多休息多喝水。",
        "体温到了38.5℃以上再给孩子吃退烧药。",
        "体温到了三十八点五以上再给孩子吃退烧药。",
        "白细胞高于10×10⁹/L时要考虑细菌感染。",
        "睡前服用½片，效果不好再来门诊复查就行。",
        "这个方子水煎服，早晚温服共七剂即可停药。",
        "继续用药两星期以后再回到门诊复查一下。",
        "先连续服用一疗程看看恢复的情况怎么样。",
        "孕酮的正常值请看报告单上的第②项和说明。",
    ],
)
def test_sixty_dialogues_keep_their_dose(dose):
    """A sentence that names a quantity is medicine, however many doctors write it."""
    before = make_consultations(60, "先查血常规吧。" + dose)
    after = run_stage(DropBoilerplate(), before)
    assert after["messages"].to_list() == before["messages"].to_list()
    assert after["drop_reason"].null_count() == 60


@pytest.mark.parametrize(
    "closing",
    [
        CANNED,
        "祝您早日康复，生活愉快，身体健康。",
        "一般不需要特别处理，一定要注意休息。",
        "请给我一些支持，满意的话请给五星好评。",
        "早一点休息，希望我的回答可以帮助到您。",
    ],
)
def test_sixty_dialogues_lose_a_canned_sentence_without_a_quantity(closing):
    after = run_stage(DropBoilerplate(), make_consultations(60, "第{}次先查血常规吧。" + closing))
    assert turns(after)[7] == [("u", "第7个人的头痛"), ("a", "第7次先查血常规吧。")]


@needs_real_data
def test_real_dialogues_lose_little():
    """Edited consultations hold no adverts: what is removed there must be canned closings, not medicine."""
    rows = read_real_dialogues(SHARED / "zhongjing" / "CMtMedQA_test.json")
    after = run_stage(DropBoilerplate(), rows)
    assert after["drop_reason"].null_count() == rows.height
    before_chars = rows["messages"].list.eval(_length).list.sum().sum()
    after_chars = after["messages"].list.eval(_length).list.sum().sum()
    assert after_chars > 0.97 * before_chars
