"""Who speaks when: golden cases."""

from __future__ import annotations

import pickle

import pytest

from cmtmed import lineage
from cmtmed.pipeline import Pipeline
from cmtmed.stages.merge_turns import MergeTurns
from tests.support.dialogues import SHARED, doctor, read_real_dialogues, table, turns, user


def system(content):
    return {"role": "system", "content": content}


SYSTEM = system("你是医生")

CASES = {
    "already right": (
        [user("头痛"), doctor("多久了？"), user("三天"), doctor("量血压了吗？")],
        [("u", "头痛"), ("a", "多久了？"), ("u", "三天"), ("a", "量血压了吗？")],
    ),
    "runs of one role become one turn": (
        [user("头痛"), user("还恶心"), doctor("多久了？"), doctor("吐过吗？")],
        [("u", "头痛\n还恶心"), ("a", "多久了？\n吐过吗？")],
    ),
    "empty turns go, and what they parted is joined": (
        [user("头痛"), doctor(" "), user("三天了"), doctor(None), doctor("吃药了吗？")],
        [("u", "头痛\n三天了"), ("a", "吃药了吗？")],
    ),
    "the doctor's opening goes": (
        [doctor("您好，请讲"), user("头痛"), doctor("多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "an unanswered ending goes": (
        [user("头痛"), doctor("多久了？"), user("谢谢")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a doctor's opening question stays": (
        [doctor("您好，我是值班医生"), doctor("请问发烧几天了？"), user("两天"), doctor("量体温了吗？")],
        [("a", "您好，我是值班医生\n请问发烧几天了？"), ("u", "两天"), ("a", "量体温了吗？")],
    ),
    "an offer is no question": (
        [doctor("您好，请问有什么可以帮您？"), user("头痛"), doctor("多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a notice between two turns goes, and what it parted is joined": (
        [
            user("胃痛"),
            system("医生已接诊"),
            user("两天了"),
            doctor("吐过吗？"),
            system("患者上传了图片"),
            doctor("疼在哪里？"),
        ],
        [("u", "胃痛\n两天了"), ("a", "吐过吗？\n疼在哪里？")],
    ),
    "notices at the start and the end go": (
        [SYSTEM, user("头痛"), doctor("多久了？"), system("会话已结束")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a label that says what is known goes": (
        [user("患者：头痛"), doctor("医生：多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a label with particulars goes": (
        [user("患者（女，35岁）：头痛"), doctor("医生回答： 多久了？")],
        [("u", "头痛"), ("a", "多久了？")],
    ),
    "a transcript in one turn is taken apart": (
        [user("患者：头痛\n两天了\n医生：发烧吗？\n患者：没有"), doctor("医生：多喝水。")],
        [("u", "头痛\n两天了"), ("a", "发烧吗？"), ("u", "没有"), ("a", "多喝水。")],
    ),
    "a patient who addresses the doctor is no doctor": (
        [user("医生：我头痛三天了"), doctor("发烧吗？")],
        [("u", "医生：我头痛三天了"), ("a", "发烧吗？")],
    ),
    "both sides address one another in every turn": (
        [user("大夫：我心慌"), doctor("患者：你好，多久了？"), user("张医生：两天了"), doctor("病人：先做心电图")],
        [("u", "大夫：我心慌"), ("a", "患者：你好，多久了？"), ("u", "张医生：两天了"), ("a", "病人：先做心电图")],
    ),
    "an address behind a label stays": (
        [user("患者：医生：您好，我头痛"), doctor("医生：患者您好，多久了？")],
        [("u", "医生：您好，我头痛"), ("a", "患者您好，多久了？")],
    ),
    "other forms of address": (
        [
            user("@医生 您好，头痛"),
            doctor("亲爱的患者：多久了？"),
            user("大夫，三天了"),
            doctor("尊敬的患者您好：先休息"),
        ],
        [
            ("u", "@医生 您好，头痛"),
            ("a", "亲爱的患者：多久了？"),
            ("u", "大夫，三天了"),
            ("a", "尊敬的患者您好：先休息"),
        ],
    ),
    "a doctor's list of questions and answers": (
        [user("发烧能洗澡吗？"), doctor("常见问题：\n问：能洗澡吗？\n答：能。\n问：要捂汗吗？\n答：不要。")],
        [("u", "发烧能洗澡吗？"), ("a", "常见问题：\n问：能洗澡吗？\n答：能。\n问：要捂汗吗？\n答：不要。")],
    ),
    "a doctor's turn that begins with such a list": (
        [user("发烧能洗澡吗？"), doctor("Q：能洗澡吗？\nA：能。\nQ：要捂汗吗？\nA：不要。")],
        [("u", "发烧能洗澡吗？"), ("a", "Q：能洗澡吗？\nA：能。\nQ：要捂汗吗？\nA：不要。")],
    ),
    "a list that a patient quotes": (
        [user("问：能洗澡吗？\n答：能。\n这样对吗？"), doctor("对的，水温不要太低。")],
        [("u", "问：能洗澡吗？\n答：能。\n这样对吗？"), ("a", "对的，水温不要太低。")],
    ),
    "a prompt that ends with a question": (
        [user("问：发烧\n答：几天了？\n问：两天\n答："), doctor("先量体温。")],
        [("u", "发烧"), ("a", "几天了？"), ("u", "两天"), ("a", "先量体温。")],
    ),
    "several speakers in one line": (
        [user("患者：头痛。医生：多久了？患者：三天。"), doctor("测过血压吗？")],
        [("u", "头痛。"), ("a", "多久了？"), ("u", "三天。"), ("a", "测过血压吗？")],
    ),
    "labels that do not return in a line": (
        [user("患者：头痛三天了。医生：请帮帮我"), doctor("测过血压吗？")],
        [("u", "头痛三天了。医生：请帮帮我"), ("a", "测过血压吗？")],
    ),
    "every line labelled": (
        [user("患者：头痛\n患者：三天了"), doctor("医生：量过血压吗？\n医生：吃药了吗？")],
        [("u", "头痛\n三天了"), ("a", "量过血压吗？\n吃药了吗？")],
    ),
    "a heading in the middle of a turn is no label": (
        [user("头痛"), doctor("考虑紧张性头痛。\n医生建议：多休息。")],
        [("u", "头痛"), ("a", "考虑紧张性头痛。\n医生建议：多休息。")],
    ),
    "a number behind the name may be an age": (
        [user("患者54：男，咳嗽"), doctor("有痰吗？")],
        [("u", "患者54：男，咳嗽"), ("a", "有痰吗？")],
    ),
    "numbered names are names in a transcript": (
        [user("患者1：咳嗽\n医生1：有痰吗？\n患者1：有"), doctor("医生：先拍片")],
        [("u", "咳嗽"), ("a", "有痰吗？"), ("u", "有"), ("a", "先拍片")],
    ),
    "a lettered list is not labelled": (
        [user("吃什么好？"), doctor("A：粥\nB：面")],
        [("u", "吃什么好？"), ("a", "A：粥\nB：面")],
    ),
    "无 answers a question": (
        [
            user("咳嗽"),
            doctor("有药物过敏吗？"),
            user("无"),
            doctor("先吃止咳药。"),
            user("没有"),
            user("吃几天？"),
            doctor("三天。"),
        ],
        [
            ("u", "咳嗽"),
            ("a", "有药物过敏吗？"),
            ("u", "无"),
            ("a", "先吃止咳药。"),
            ("u", "吃几天？"),
            ("a", "三天。"),
        ],
    ),
    "无 answers what is asked without a question mark": (
        [user("咳嗽"), doctor("请补充一下过敏史"), user("暂无。"), doctor("先吃止咳药。")],
        [("u", "咳嗽"), ("a", "请补充一下过敏史"), ("u", "暂无。"), ("a", "先吃止咳药。")],
    ),
    "the first words of a patient say something": (
        [
            user("1"),
            doctor("您好"),
            user("。"),
            user("谢谢"),
            user("咳嗽三天"),
            doctor("有痰吗？"),
            user("嗯"),
            doctor("多喝水。"),
        ],
        [("u", "咳嗽三天"), ("a", "有痰吗？"), ("u", "嗯"), ("a", "多喝水。")],
    ),
    "a sign may be an answer": (
        [
            user("尿检"),
            doctor("蛋白几个加号？"),
            user("++"),
            doctor("肾功能查了吗？"),
            user("---"),
            user("正常"),
            doctor("复查尿常规。"),
        ],
        [
            ("u", "尿检"),
            ("a", "蛋白几个加号？"),
            ("u", "++"),
            ("a", "肾功能查了吗？"),
            ("u", "正常"),
            ("a", "复查尿常规。"),
        ],
    ),
    "a doctor's 没有 answers yes or no": (
        [user("对孩子有影响吗？"), doctor("没有。"), user("怎么吃？"), doctor("暂无"), doctor("饭后吃。")],
        [("u", "对孩子有影响吗？"), ("a", "没有。"), ("u", "怎么吃？"), ("a", "饭后吃。")],
    ),
    "a colon inside a sentence is no label": (
        [user("上次的医生：张大夫说没事"), doctor("回答：先观察")],
        [("u", "上次的医生：张大夫说没事"), ("a", "先观察")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_repair(case):
    before, expected = CASES[case]
    after, _ = lineage.apply_stage(MergeTurns(), table(before))
    assert turns(after) == [expected]
    assert after["drop_reason"].to_list() == [None]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "empty"),
        ([user(""), doctor(" \n")], "empty"),
        ([SYSTEM], "empty"),
        ([user("头痛"), user("在吗")], "one_speaker"),
        ([doctor("多喝水")], "one_speaker"),
        ([doctor("您好"), user("头痛")], "unanswered"),
        ([doctor("发烧几天了？"), user("两天")], "unanswered"),
        ([user("无"), doctor("您好，请说")], "one_speaker"),
        ([user("？"), doctor("您好，请说")], "one_speaker"),
        ([user("谢谢"), doctor("不客气")], "one_speaker"),
        ([user("孩子发烧怎么办"), doctor("暂无回复")], "one_speaker"),
        ([doctor("患者：头痛"), user("医生：多久了？")], "unanswered"),
    ],
)
def test_what_cannot_be_repaired_is_dropped_as_it_was(messages, reason):
    rows = table(messages)
    after, stats = lineage.apply_stage(MergeTurns(), rows)
    assert after["drop_reason"].to_list() == [reason]
    assert after["messages"].to_list() == rows["messages"].to_list()
    assert dict(stats.dropped) == {reason: 1}


def test_options():
    rows = table([doctor("您好"), user("头痛"), user("三天"), doctor("好"), user("谢谢")])
    stage = MergeTurns(separator=" ", leading_doctor="keep", trailing_patient="keep")
    after, _ = lineage.apply_stage(stage, rows)
    assert turns(after) == [[("a", "您好"), ("u", "头痛 三天"), ("a", "好"), ("u", "谢谢")]]


def test_dialogues_do_not_touch_each_other():
    rows = table([user("一"), doctor("二")], [], [doctor("三"), user("四"), doctor("五")], [user("六")])
    after, _ = lineage.apply_stage(MergeTurns(), rows)
    assert turns(after) == [[("u", "一"), ("a", "二")], [], [("u", "四"), ("a", "五")], [("u", "六")]]
    assert after["drop_reason"].to_list() == [None, "empty", None, "one_speaker"]


def test_a_prompt_is_kept_where_system_turns_are():
    rows = table(
        [
            SYSTEM,
            system("第二条"),
            doctor("您好"),
            user("头痛"),
            system("已接诊"),
            user("三天"),
            doctor("量血压了吗？"),
        ],
        [user("头痛"), system("已接诊"), doctor("多久了？")],
        [system("。"), SYSTEM, user("没有"), user("头痛"), doctor("多久了？")],
    )
    after, _ = lineage.apply_stage(MergeTurns(system="keep"), rows)
    assert turns(after) == [
        [("s", "你是医生"), ("u", "头痛\n三天"), ("a", "量血压了吗？")],
        [("u", "头痛"), ("a", "多久了？")],
        [("s", "你是医生"), ("u", "头痛"), ("a", "多久了？")],
    ]


def test_an_answer_is_empty_where_its_question_was_removed():
    opening = [doctor("有药物过敏吗？"), user("没有"), doctor("好的，请说"), user("头痛"), doctor("多久了？")]
    expected = {
        "keep_asking": [("a", "有药物过敏吗？"), ("u", "没有"), ("a", "好的，请说"), ("u", "头痛"), ("a", "多久了？")],
        "remove": [("u", "头痛"), ("a", "多久了？")],
    }
    for option, messages in expected.items():
        after, _ = lineage.apply_stage(MergeTurns(leading_doctor=option), table(opening))
        assert turns(after) == [messages], option


def test_what_was_removed_is_reported():
    rows = table(
        [
            system("已接诊"), doctor("您好"), user("患者：头痛"), user("。"), doctor("医生：多久了？"), user("谢谢医生"),
        ],
        [user("头痛"), doctor("多久了？")],
        [doctor("您好"), user("头痛")],
    )  # fmt: skip
    after, stats = lineage.apply_stage(MergeTurns(), rows)
    reasons = {"speaker": 6, "system_turn": 3, "leading_turn": 2, "trailing_turn": 4, "empty_turn": 1}
    traces = [
        {entry["reason"]: entry["characters"] for entry in trace if entry["action"] == "left_out"}
        for trace in after["trace"]
    ]
    assert traces == [reasons, {}, {}]
    assert [entry["characters"] for entry in after["trace"][0] if entry["action"] == "edited"] == [0]
    assert stats.left_out == reasons


def test_labels_follow_the_roles_of_the_source():
    transcript = [user("楼主：头痛\n版主：多久了？\n楼主：三天"), doctor("版主：先休息")]
    stage = MergeTurns(roles={"forum": {"user": ("楼主",), "assistant": ("版主",)}})
    after, _ = lineage.apply_stage(stage, table(transcript, transcript, source=["forum", "other"]))
    divided = [("u", "头痛"), ("a", "多久了？"), ("u", "三天"), ("a", "先休息")]
    assert turns(after) == [divided, [(turn["role"][0], turn["content"]) for turn in transcript]]


def test_a_pipeline_passes_the_roles_of_its_sources():
    source = {"name": "forum", "roles": {"user": ["楼主"]}}
    pipeline = Pipeline.parse({"name": "p", "sources": [source], "stages": ["merge_turns"]})
    assert pipeline.stages[0].roles == {"forum": {"user": ("楼主",)}}
    chosen = {"merge_turns": {"roles": {"forum": {"user": ["网友"]}}}}
    pipeline = Pipeline.parse({"name": "p", "sources": [source], "stages": [chosen]})
    assert pipeline.stages[0].roles == {"forum": {"user": ("网友",)}}


def test_roles_are_part_of_the_fingerprint_and_survive_a_copy():
    source = {"name": "forum", "roles": {"user": ["楼主"]}}
    pipeline = Pipeline.parse({"name": "p", "sources": [source], "stages": ["merge_turns"]})
    copy = pickle.loads(pickle.dumps(pipeline))
    assert copy.fingerprint() == pipeline.fingerprint()
    assert copy.stages == pipeline.stages


@pytest.mark.parametrize("name", ["医生", "大夫", "王主任", "楼主"])
@pytest.mark.parametrize("form", ["{}：", "【{}】", "{}(内科)：", "[10:22] {}："])
def test_an_address_in_any_form_of_label_stays(name, form):
    text = form.format(name) + "您好，我咳嗽三天了"
    rows = table([user(text), doctor("有痰吗？")])
    after, _ = lineage.apply_stage(MergeTurns(roles={"t": {"assistant": ("楼主",)}}), rows)
    assert turns(after) == [[("u", text), ("a", "有痰吗？")]]


def test_cases_of_addresses_and_notices():
    folder = SHARED.parent / "cases" / "reading"
    if not folder.is_dir():
        pytest.skip("../shared/cases is not here")
    names = (
        "13-roles-swapped-by-address/01_address_labels.jsonl",
        "13-roles-swapped-by-address/01c_answer_has_qa.jsonl",
    )
    for name in names:
        rows = read_real_dialogues(folder / name)
        after, _ = lineage.apply_stage(MergeTurns(), rows)
        assert after["messages"].to_list() == rows["messages"].to_list(), name
        assert after["drop_reason"].null_count() == after.height, name
    after, _ = lineage.apply_stage(MergeTurns(), read_real_dialogues(folder / "crawl-system_mid" / "chat.jsonl"))
    assert [[role for role, _ in dialogue] for dialogue in turns(after)] == [["u", "a"], ["u", "a", "u", "a"]]
