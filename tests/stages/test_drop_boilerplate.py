"""What a platform wrote goes, what people said stays."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.messages import count_dialogue_characters
from cmtmed.stages.drop_boilerplate import DropBoilerplate
from tests.support.dialogues import SHARED, doctor, needs_real_data, read_real_dialogues, table, turns, user
from tests.support.stages import run_stage, take_decision

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


@pytest.mark.parametrize("opening", ["您好，请说说您的情况。", ""])
def test_the_question_is_the_patients_whoever_speaks_first(opening):
    crawl = make_consultations(10, "第{}次先查血常规吧。" + CANNED)
    led = table(*([doctor(opening), user(" "), *row] for row in crawl["messages"].to_list()))
    after = run_stage(DropBoilerplate(min_dialogues=10), led)
    assert turns(after)[3][-1] == ("a", "第3次先查血常规吧。")


def test_different_openings_of_the_doctor_are_not_different_questions():
    copies = make_consultations(50, "先查血常规吧。" + CANNED, question="同一个人的头痛")
    led = table(*([doctor(f"我是第{number}位医生。"), *row] for number, row in enumerate(copies["messages"].to_list())))
    after = run_stage(DropBoilerplate(min_dialogues=10), led)
    assert after["messages"].to_list() == led["messages"].to_list()


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
        "请给我一些支持，满意的话请给五星好评。",
        "希望我的回答可以帮助到您，早一点好起来。",
    ],
)
def test_sixty_dialogues_lose_a_canned_sentence_without_a_quantity(closing):
    after = run_stage(DropBoilerplate(), make_consultations(60, "第{}次先查血常规吧。" + closing))
    assert turns(after)[7] == [("u", "第7个人的头痛"), ("a", "第7次先查血常规吧。")]


@pytest.mark.parametrize(
    "advice",
    [
        "一般不需要特别处理，一定要注意休息。",
        "平时注意饮食清淡，忌辛辣刺激的食物。",
        "建议您先到医院去看一看，再决定怎么办。",
        "您说的这个问题不大，请您不用担心。",
    ],
)
def test_sixty_dialogues_keep_their_advice(advice):
    """What speaks of the patient's care is medicine, however many doctors write it."""
    before = make_consultations(60, "第{}次先查血常规吧。" + advice)
    after = run_stage(DropBoilerplate(), before)
    assert after["messages"].to_list() == before["messages"].to_list()


@pytest.mark.parametrize(
    ("answer", "remaining"),
    [
        ("根据您现有的资料，建议：第{}次先查血常规。", "第7次先查血常规。"),
        ("您好，我看了您提供的资料，第{}次先查血常规。", "第7次先查血常规。"),
        ("第{}次先查血常规，希望对您有所帮助，祝您生活愉快！", "第7次先查血常规。"),
        ("早点休息，吃药{}次，希望我的回答可以帮助到您。", "早点休息，吃药7次。"),
        ("如果发烧超过{}天，请随时向我们在线的医生咨询。", "如果发烧超过7天，请随时向我们在线的医生咨询。"),
        ("一般来说没有什么问题，第{}次再说。", "一般来说没有什么问题，第7次再说。"),
        ("您描述的时间大概是多久，第{}次先查血常规。", "您描述的时间大概是多久，第7次先查血常规。"),
    ],
)
def test_beginnings_and_ends_of_turns(answer, remaining):
    after = run_stage(DropBoilerplate(), make_consultations(60, answer))
    assert turns(after)[7] == [("u", "第7个人的头痛"), ("a", remaining)]


GREETING = "您的资料我已经认真看过，感谢您的信任。"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # A turn of its own, before another turn of the same side.
        ([user("头痛{}天"), doctor(GREETING), doctor("第{}天多久了？")], ["头痛7天", "", "第7天多久了？"]),
        ([user("头痛{}天"), doctor("第{}天多久了？"), doctor(GREETING)], ["头痛7天", "第7天多久了？", ""]),
        ([user("头痛{}天"), doctor(GREETING + "\n第{}天多久了？")], ["头痛7天", "第7天多久了？"]),
        # The patient speaks between, and is answered later.
        (
            [user("头痛{}天"), doctor(GREETING), user("好的"), doctor("第{}天多久了？")],
            ["头痛7天", "", "好的", "第7天多久了？"],
        ),
        # A system turn between two turns of one side is no reply.
        (
            [user("头痛{}天"), doctor(GREETING), {"role": "system", "content": "图"}, doctor("第{}天多久了？")],
            ["头痛7天", "", "图", "第7天多久了？"],
        ),
        # The last words of the doctor, which answer the patient's, stay.
        (
            [user("头痛{}天"), doctor("第{}天多久了？"), user("谢谢"), doctor(GREETING)],
            ["头痛7天", "第7天多久了？", "谢谢", GREETING],
        ),
    ],
)
def test_a_canned_turn_goes_where_its_side_says_more(before, after):
    dialogues = [[{**turn, "content": turn["content"].format(number)} for turn in before] for number in range(40)]
    rows = run_stage(DropBoilerplate(), table(*dialogues))
    assert [content for _, content in turns(rows)[7]] == after


def test_reasons_and_characters_are_reported():
    rows = table(
        [user("病情描述：头痛[图片]"), doctor("多喝水，以上建议仅供参考。")], [user("[图片]"), doctor("多喝水。")]
    )
    result = DropBoilerplate().apply(rows.select("messages"), take_decision(DropBoilerplate(), rows))
    assert result["left_out"].to_list() == [
        [
            {"reason": "disclaimer", "characters": 9},
            {"reason": "form_label", "characters": 5},
            {"reason": "placeholder", "characters": 4},
        ],
        [],
    ]
    assert result["drop_reason"].to_list() == [None, "boilerplate"]


PIECES = (
    GREETING, "希望对您有所帮助，祝您生活愉快！", "根据您现有的资料，建议：", "您好，很高兴为您服务。", "先查血常规。", "详见病历", "病情描述：",
    "指导意见：", "[图片]", "（本次咨询已结束）", "以上建议仅供参考，", "一日三次。", "多久了？", "\n", "，", "。", "如果", "头痛", "点击这里查看",
)  # fmt: skip
_messages = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "system"]), st.lists(st.sampled_from(PIECES), max_size=5)).map(
        lambda pair: {"role": pair[0], "content": "".join(pair[1])}
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(dialogues=st.lists(_messages, min_size=1, max_size=4))
def test_applied_twice_is_applied_once_whatever_is_canned(dialogues):
    stage = DropBoilerplate(min_dialogues=2)
    corpus = make_consultations(5, GREETING + "\n根据您现有的资料，建议：第{}次查血，希望对您有所帮助，祝您生活愉快！")
    decision = take_decision(stage, corpus)
    assert decision.height >= 3
    rows = table(*dialogues)
    once = stage.apply(rows.select("messages"), decision)
    kept = once.filter(pl.col("drop_reason").is_null())
    twice = stage.apply(kept.select("messages"), decision)
    assert twice["messages"].to_list() == kept["messages"].to_list()
    assert twice["left_out"].list.len().sum() == 0
    removed = once["left_out"].list.eval(pl.element().struct.field("characters")).list.sum().to_list()
    before, after = (count_dialogue_characters(table_["messages"]) for table_ in (rows, once))
    assert removed == (before - after).tolist()


@needs_real_data
def test_real_dialogues_lose_little():
    """Edited consultations hold no adverts: what is removed there must be canned closings, not medicine."""
    rows = read_real_dialogues(SHARED / "zhongjing" / "CMtMedQA_test.json")
    after = run_stage(DropBoilerplate(), rows)
    assert after["drop_reason"].null_count() == rows.height
    before_chars = rows["messages"].list.eval(_length).list.sum().sum()
    after_chars = after["messages"].list.eval(_length).list.sum().sum()
    assert after_chars > 0.97 * before_chars
