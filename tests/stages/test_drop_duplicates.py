"""Which dialogues are duplicates, and which dialogue of a cluster is kept."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import cmtmed
from cmtmed.builds import Build
from cmtmed.schema import DIALOGUE
from cmtmed.stages.drop_duplicates import DropDuplicates
from tests.support.dialogues import (
    ANSWER,
    QUESTION,
    SHARED,
    doctor,
    needs_real_data,
    read_real_dialogues,
    table,
    user,
)
from tests.support.stages import run_stage

CASE = Path(__file__).parents[2] / ".." / "shared" / "cases" / "reading" / "10-contained-prefix-kept"


def verdicts(rows):
    return list(rows.select("id", "drop_reason", "cluster").iter_rows())


def inquiry_spans(*counts):
    span = {"message": 1, "start": 0, "end": 1, "slot": "other"}
    return pl.Series([[span] * count for count in counts], dtype=DIALOGUE["inquiries"])


def test_exact_and_near_duplicates_are_told_apart():
    rows = table(
        [user(QUESTION), doctor(ANSWER)],
        [user(QUESTION), doctor(ANSWER)],
        [user(QUESTION + "。"), doctor(ANSWER)],
        [user("胃疼"), doctor("多久了？吃过什么药？")],
    )
    # The longest is kept; the others are compared with it.
    assert verdicts(run_stage(DropDuplicates(), rows)) == [
        ("t/0", "near_duplicate", "t/2"),
        ("t/1", "near_duplicate", "t/2"),
        ("t/2", None, "t/2"),
        ("t/3", None, None),
    ]
    assert verdicts(run_stage(DropDuplicates(), rows.head(2))) == [
        ("t/0", None, "t/0"),
        ("t/1", "exact_duplicate", "t/0"),
    ]


def test_turns_cut_elsewhere_do_not_hide_a_duplicate():
    rows = table([user(QUESTION), doctor(ANSWER)], [user(QUESTION[:20]), user(QUESTION[20:]), doctor(ANSWER)])
    assert [reason for _, reason, _ in verdicts(run_stage(DropDuplicates(), rows))] == ["exact_duplicate", None]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (("most_turns", "first"), "t/2"),
        (("most_inquiries", "first"), "t/1"),
        (("longest", "first"), "t/3"),
        (("first",), "t/0"),
    ],
)
def test_keep_rules(keep, kept):
    rows = table(
        [user(QUESTION), doctor(ANSWER)],
        [user(QUESTION), doctor(ANSWER)],
        [user(QUESTION), doctor(ANSWER[:30]), doctor(ANSWER[30:])],
        [user(QUESTION + "啊啊"), doctor(ANSWER)],
        inquiries=inquiry_spans(1, 2, 1, 1),
    )
    after = run_stage(DropDuplicates(keep=keep), rows)
    assert after.filter(pl.col("drop_reason").is_null())["id"].to_list() == [kept]


def test_what_is_kept_does_not_depend_on_the_order_of_rows():
    rows = table(*([user(QUESTION + "呀" * number), doctor(ANSWER)] for number in range(5)))
    kept = run_stage(DropDuplicates(), rows).filter(pl.col("drop_reason").is_null())["id"].to_list()
    assert run_stage(DropDuplicates(), rows.reverse()).filter(pl.col("drop_reason").is_null())["id"].to_list() == kept


def test_the_same_question_with_another_answer():
    other = (
        "这个年龄段的孩子反复高热，首先考虑病毒感染，建议到儿科门诊查一个血常规和C反应蛋白，根据结果决定用不用抗生素"
    )
    rows = table([user(QUESTION), doctor(ANSWER)], [user(QUESTION), doctor(other)], inquiries=inquiry_spans(2, 0))
    assert run_stage(DropDuplicates(), rows)["drop_reason"].to_list() == [None, None]
    assert verdicts(run_stage(DropDuplicates(same_question="keep_best"), rows)) == [
        ("t/0", None, "t/0"),
        ("t/1", "same_question", "t/0"),
    ]


def test_another_dose_is_another_dialogue_at_threshold_one():
    rows = table([user(QUESTION), doctor(ANSWER + "5mg")], [user(QUESTION), doctor(ANSWER + "15mg")])
    assert run_stage(DropDuplicates(threshold=1.0), rows)["drop_reason"].to_list() == [None, None]


def test_the_last_rule_must_decide():
    with pytest.raises(ValidationError, match="end with 'first'"):
        DropDuplicates(keep=("longest",))


QUESTIONS = [
    "后脑勺一跳一跳地疼三天了，请问这是怎么回事",
    "左膝盖下楼梯就响，走平路没事，需要去医院吗",
    "胃胀打嗝半个月，吃完饭更厉害，该吃什么药",
    "右脚跟早上踩地像针扎，活动开就好，应该怎么办",
    "宝宝八个月拉绿便，精神挺好，需要去医院吗",
    "嘴唇起泡又疼又痒，每个月都来，怎么去根",
    "体检说尿酸偏高，没有痛过，要不要吃药",
    "晚上盗汗把枕头都湿透了，请问这是怎么回事",
    "月经推迟十二天，试纸是阴性，应该怎么办",
    "眼皮一直跳，跳了一个星期，需要去医院吗",
    "手指关节早上发僵，握不紧拳头，怎么去根",
    "耳朵里像有蝉在叫，安静时更明显，该吃什么药",
    "爸爸走路总往左偏，说话有点慢，应该怎么办",
    "脚上长了个硬疙瘩，一按就疼，请问这是怎么回事",
    "刷牙出血两个月了，牙也有点松，怎么去根",
    "孩子上课老眨眼睛，还清嗓子，要不要吃药",
    "怀孕十六周肚子一阵阵发紧，需要去医院吗",
    "心跳突然很快，几分钟自己停，要不要吃药",
    "头皮屑特别多，洗完第二天又有，该吃什么药",
    "小腿晚上抽筋，疼得睡不着，应该怎么办",
    "咽口水像有东西堵着，吃饭不碍事，请问这是怎么回事",
    "腰疼往腿上窜，咳嗽时更疼，需要去医院吗",
    "脸上两团红，一热就发烫，怎么去根",
    "打完疫苗胳膊肿了一块，摸着热，要不要吃药",
]
CANNED = (
    "感谢您对本平台的信任与支持。您的情况医生已经认真阅读。祝您早日恢复健康，生活愉快，阖家幸福安康。"
    "云舟健康竭诚为您服务，期待您对本次咨询作出评价。如果还有其他方面的疑问，欢迎随时再来咨询我们的专家团队。"
    "以上内容仅供参考，不能代替医院的诊断，请以线下医生的意见为准。"
)


def test_canned_sentences_do_not_make_dialogues_alike():
    rows = table(*([user(question), doctor(CANNED)] for question in QUESTIONS))
    assert set(run_stage(DropDuplicates(threshold=0.7), rows)["drop_reason"]) == {None}
    blind = run_stage(DropDuplicates(ignore_canned=False, threshold=0.7), rows)["drop_reason"].to_list()
    assert blind.count("near_duplicate") > len(QUESTIONS) / 2


def test_canned_sentences_do_not_make_duplicates_differ():
    canned_dialogues = [[user(question), doctor(CANNED)] for question in QUESTIONS]
    dialogue = [user(QUESTION), doctor("先多喝水，注意休息。")]
    rows = table(*canned_dialogues, dialogue, [dialogue[0], doctor(dialogue[1]["content"] + CANNED)])
    last_two = run_stage(DropDuplicates(), rows).tail(2)
    # Equal but for what does not count; the one with more characters is kept.
    assert last_two["drop_reason"].to_list() == ["near_duplicate", None]


def test_copies_of_a_dialogue_do_not_make_its_sentences_canned():
    """Sixty altered copies: each sentence stands in most of them, and all are near-duplicates still."""
    copies = []
    for number in range(60):
        characters = list(QUESTION + "。" + ANSWER + "。")
        characters[(number * 7) % len(QUESTION)] = "嗯"
        text = "".join(characters)
        copies.append([user(text[: len(QUESTION)]), doctor(text[len(QUESTION) :])])
    reasons = run_stage(DropDuplicates(), table(*copies))["drop_reason"].to_list()
    assert reasons.count(None) == 1


def test_a_sentence_with_a_dose_is_never_canned():
    dose = "这个药每次吃两片，一天三次，饭后半小时温水送服。"
    rows = table(
        *([user(question), doctor(dose)] for question in QUESTIONS),
        [user(QUESTION), doctor(dose)],
        [user(QUESTION), doctor(dose.replace("两片", "四片"))],
    )
    last_two = run_stage(DropDuplicates(threshold=1.0), rows).tail(2)
    assert last_two["drop_reason"].to_list() == [None, None]


def test_a_dialogue_that_another_one_continues_goes():
    later = [
        user(QUESTION),
        doctor(ANSWER),
        user("两岁半，手脚有点凉，刚才量了三十八度六"),
        doctor("那可以再吃一次，吃完半小时再量，出汗要换衣服"),
    ]
    rows = table(later[:2], later, [user("胃疼一个星期了，饭后胀得厉害，反酸"), doctor("平时吃饭规律吗？有没有黑便？")])
    assert verdicts(run_stage(DropDuplicates(), rows)) == [
        ("t/0", "contained", "t/1"),
        ("t/1", None, "t/1"),
        ("t/2", None, None),
    ]
    assert run_stage(DropDuplicates(containment=0), rows)["drop_reason"].to_list() == [None, None, None]


def test_within_several_and_within_one_another():
    """The middle one lies within the longest; the shortest within both: all go into the longest."""
    turns = [
        user(QUESTION),
        doctor(ANSWER),
        user("两岁半，手脚有点凉，刚才量了三十八度六，还要再吃一次药吗"),
        doctor("可以，吃完半小时再量，出汗要换衣服"),
    ]
    longest = [
        *turns,
        user("退到三十七度五了，晚上需要叫醒他喝水吗"),
        doctor("不用叫醒，睡着了就让他睡，醒来再喝，注意观察精神"),
    ]
    rows = table(turns[:2], turns, longest)
    assert [(reason, cluster) for _, reason, cluster in verdicts(run_stage(DropDuplicates(), rows))] == [
        ("contained", "t/2"),
        ("contained", "t/2"),
        (None, "t/2"),
    ]


def test_swapped_roles_do_not_hide_a_duplicate():
    swapped = [doctor(QUESTION), user(ANSWER)]
    after = run_stage(DropDuplicates(), table([user(QUESTION), doctor(ANSWER)], swapped))
    assert after["drop_reason"].to_list() == [None, "exact_duplicate"]


def test_a_greeting_is_not_the_same_question():
    rows = table(
        [user("医生你好"), user(QUESTION), doctor(ANSWER)],
        [user("医生你好"), user("胃疼一个星期了，饭后胀得厉害，反酸"), doctor("平时吃饭规律吗？有没有黑便？")],
    )
    assert run_stage(DropDuplicates(same_question="keep_best"), rows)["drop_reason"].to_list() == [None, None]


def test_of_copies_the_least_id_is_kept_wherever_it_stands():
    rows = table(*[[user(QUESTION), doctor(ANSWER)]] * 12)
    for order in (rows, rows.reverse(), rows.sample(12, seed=1, shuffle=True)):
        after = run_stage(DropDuplicates(), order)
        assert after.filter(pl.col("drop_reason").is_null())["id"].to_list() == ["t/0"]
        assert set(after["cluster"]) == {"t/0"}


def test_an_empty_corpus_has_no_duplicates():
    rows = table([user("x"), doctor("y")]).clear()
    assert run_stage(DropDuplicates(), rows).height == 0


def test_dialogues_without_words_are_nobodys_near_duplicates():
    rows = table([user("。。。"), doctor("？")], [user("！"), doctor("…")], [user("嗯"), doctor("好")])
    assert run_stage(DropDuplicates(), rows)["drop_reason"].to_list() == [None, None, None]


TURNS = [
    QUESTION,
    ANSWER,
    *QUESTIONS,
    "先查血常规，结果出来再看。",
    "需要，两周以后复查一次。",
    "不用，注意休息就可以了。",
    "考虑是劳损，热敷试试。",
]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data(), others=st.lists(st.lists(st.sampled_from(TURNS), min_size=2, max_size=4), max_size=6))
def test_a_verbatim_prefix_is_always_dropped(data, others):
    """Cut anywhere, between turns or within one, beside dialogues of the same turns: nothing is too common."""
    turns = data.draw(st.lists(st.sampled_from(TURNS), min_size=3, max_size=6))
    whole = sum(len("".join(turn.split())) for turn in turns)
    length = data.draw(st.integers(20, whole - 1))
    beginning, count = [], 0
    for turn in turns:
        beginning.append(turn[: length - count])
        count += len(beginning[-1])
        if count >= length:
            break
    dialogues = [
        [{"role": ("user", "assistant")[index % 2], "content": turn} for index, turn in enumerate(dialogue)]
        for dialogue in (beginning, turns, *others)
    ]
    after = run_stage(DropDuplicates(), table(*dialogues))
    reason, cluster = after.select("drop_reason", "cluster").row(0)
    assert reason in {"contained", "near_duplicate", "exact_duplicate"}
    assert after.filter(id=cluster)["drop_reason"].to_list() == [None]


def test_a_beginning_that_many_dialogues_share_is_found():
    """A form that 120 dialogues fill in nearly alike, each crawled again when it had gone on."""
    form = "病情描述（发病时间、主要症状）：{}天前开始头痛，在外地看过。想得到怎样的帮助：请问应该怎样治疗？"
    replies = [f"第{number}次{question}" for number, question in enumerate(QUESTIONS * 5)]
    first = [[user(form.format(number)), doctor("您好，请问现在还明显吗？")] for number in range(120)]
    later = [
        [*dialogue, user(f"{reply}，{replies[-number]}"), doctor(f"{replies[number // 2]}，先查血常规再说")]
        for number, (dialogue, reply) in enumerate(zip(first, replies, strict=True))
    ]
    after = run_stage(DropDuplicates(), table(*first, *later))
    assert after.head(120)["drop_reason"].null_count() == 0


def test_a_prefix_shorter_than_twenty_characters_stays():
    later = [user("你好"), doctor("您好，请讲。"), user("体检说尿酸偏高，没有痛过，要不要吃药"), doctor("复查一次再看")]
    assert run_stage(DropDuplicates(), table(later[:2], later))["drop_reason"].to_list() == [None, None]


@pytest.mark.skipif(not CASE.is_dir(), reason="../shared/cases is not here")
@pytest.mark.parametrize("stages", [["merge_turns", "tag_inquiries", "drop_duplicates"], None])
def test_prefixes_of_the_case_are_dropped(tmp_path, stages):
    """With the whole pipeline, and with nothing before the comparison but turns and inquiries."""
    pipeline = {"name": "p", "stages": stages} if stages else {"name": "p", "extends": "cmtmedqa"}
    cmtmed.build(cmtmed.Pipeline.parse(pipeline), [CASE / "haodf400.jsonl"], tmp_path / "out", workers=1)
    kept = {
        name.split("/")[-1] for rows in Build.open(tmp_path / "out").iter_batches(columns=["id"]) for name in rows["id"]
    }
    assert len(kept) == 200
    assert not any(name.endswith("-a") for name in kept)


@needs_real_data
def test_no_prefix_of_a_real_dialogue_is_kept():
    rows = read_real_dialogues(SHARED / "toyhom" / "internal_medicine.gb18030.csv")
    texts = rows["messages"].list.eval(pl.element().struct.field("content"))
    halves = [
        [user(turns[0]), doctor(turns[1][: len(turns[1]) // 2])]
        for turns in texts.to_list()
        if len("".join((turns[0] + turns[1][: len(turns[1]) // 2]).split())) >= 20
    ]
    beginnings = table(*halves).with_columns(pl.format("prefix/{}", "source_id").alias("id"))
    after = run_stage(DropDuplicates(), pl.concat([rows, beginnings]))
    assert after.tail(beginnings.height)["drop_reason"].null_count() == 0
