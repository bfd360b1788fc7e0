"""What keeps test sets, which are sources of the build, out of the training data."""

from __future__ import annotations

from cmtmed.stages.drop_benchmark_overlap import DropBenchmarkOverlap
from tests.support.dialogues import ANSWER, QUESTION, doctor, table, user
from tests.support.stages import run_stage

STAGE = DropBenchmarkOverlap(test_sources=("exam",))


def test_a_test_question_in_the_crawl_is_dropped():
    rows = table(
        [user(QUESTION), doctor(ANSWER)],
        [user("医生您好，" + QUESTION), doctor("先去查一个血常规。")],
        [user("老人夜里腿抽筋，一周三四次，白天没事，需要补钙吗"), doctor("平时吃什么药？")],
        source=["exam", "crawl", "crawl"],
    )
    assert run_stage(STAGE, rows)["drop_reason"].to_list() == [None, "overlap:exam", None]


def test_what_many_test_dialogues_share_is_no_overlap():
    thanks = "我知道了，非常感谢医生这么耐心细致的解答，我会注意的"
    exam = [
        [user(f"第{number}个问题" + QUESTION[number * 3 : number * 3 + 9]), doctor("好"), user(thanks)]
        for number in range(6)
    ]
    rows = table(*exam, [user("胃疼"), doctor("多久了"), user(thanks), doctor("好")], source=["exam"] * 6 + ["crawl"])
    assert run_stage(STAGE, rows)["drop_reason"].to_list() == [None] * 7


def test_without_test_sources_nothing_happens():
    rows = table([user(QUESTION), doctor(ANSWER)], [user(QUESTION), doctor(ANSWER)], source=["exam", "crawl"])
    assert run_stage(DropBenchmarkOverlap(), rows)["drop_reason"].to_list() == [None, None]


def test_a_short_first_question_of_the_test_set_is_dropped_too():
    rows = table(
        [user("感冒吃什么药？"), doctor("多久了？")],
        [user("医生您好"), doctor("请讲"), user("感冒吃什么藥"), doctor("有没有发烧？")],
        [user("你好"), doctor("您好"), user("胃疼"), doctor("多久了？")],
        source=["exam", "crawl", "crawl"],
    )
    assert run_stage(STAGE, rows)["drop_reason"].to_list() == [None, "overlap:exam", None]
