"""Which dialogue of a cluster is kept, and what keeps test sets out of training data."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from cmtmed import lineage
from cmtmed.schema import DIALOGUE
from cmtmed.stages.drop_benchmark_overlap import DropBenchmarkOverlap
from cmtmed.stages.drop_duplicates import DropDuplicates
from tests.dialogues import doctor, table, user

LONG = "孩子昨天晚上开始发烧，最高三十九度二，吃了一次布洛芬以后退到三十七度八，今天早上又烧起来了，还有一点咳嗽，没有拉肚子，精神还可以"
ANSWER = (
    "您好，孩子多大了？烧的时候手脚凉不凉？可以先物理降温，多喝温水，如果超过三十八度五再吃一次退烧药，间隔不少于六小时"
)


def run(stage, rows):
    decision = stage.decide(stage.sketch(rows.select(list(stage.reads))).lazy())
    return lineage.run(stage, rows, decision)[0]


def verdicts(rows):
    return list(rows.select("id", "drop_reason", "cluster").iter_rows())


def asks(*counts):
    span = {"message": 1, "start": 0, "end": 1, "slot": "other"}
    return pl.Series([[span] * count for count in counts], dtype=DIALOGUE["inquiries"])


def test_exact_and_near_duplicates_are_told_apart():
    rows = table(
        [user(LONG), doctor(ANSWER)],
        [user(LONG), doctor(ANSWER)],
        [user(LONG + "。"), doctor(ANSWER)],
        [user("胃疼"), doctor("多久了？吃过什么药？")],
    )
    # The longest is kept; the others are compared with it.
    assert verdicts(run(DropDuplicates(), rows)) == [
        ("t/0", "near_duplicate", "t/2"),
        ("t/1", "near_duplicate", "t/2"),
        ("t/2", None, "t/2"),
        ("t/3", None, None),
    ]
    assert verdicts(run(DropDuplicates(), rows.head(2))) == [("t/0", None, "t/0"), ("t/1", "exact_duplicate", "t/0")]


def test_turns_cut_elsewhere_do_not_hide_a_duplicate():
    rows = table([user(LONG), doctor(ANSWER)], [user(LONG[:20]), user(LONG[20:]), doctor(ANSWER)])
    assert [reason for _, reason, _ in verdicts(run(DropDuplicates(), rows))] == ["exact_duplicate", None]


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
        [user(LONG), doctor(ANSWER)],
        [user(LONG), doctor(ANSWER)],
        [user(LONG), doctor(ANSWER[:30]), doctor(ANSWER[30:])],
        [user(LONG + "啊啊"), doctor(ANSWER)],
        inquiries=asks(1, 2, 1, 1),
    )
    after = run(DropDuplicates(keep=keep), rows)
    assert after.filter(pl.col("drop_reason").is_null())["id"].to_list() == [kept]


def test_what_is_kept_does_not_depend_on_the_order_of_rows():
    rows = table(*([user(LONG + "呀" * at), doctor(ANSWER)] for at in range(5)))
    kept = run(DropDuplicates(), rows).filter(pl.col("drop_reason").is_null())["id"].to_list()
    assert run(DropDuplicates(), rows.reverse()).filter(pl.col("drop_reason").is_null())["id"].to_list() == kept


def test_the_same_question_with_another_answer():
    other = (
        "这个年龄段的孩子反复高热，首先考虑病毒感染，建议到儿科门诊查一个血常规和C反应蛋白，根据结果决定用不用抗生素"
    )
    rows = table([user(LONG), doctor(ANSWER)], [user(LONG), doctor(other)], inquiries=asks(2, 0))
    assert run(DropDuplicates(), rows)["drop_reason"].to_list() == [None, None]
    assert verdicts(run(DropDuplicates(same_question="keep_best"), rows)) == [
        ("t/0", None, "t/0"),
        ("t/1", "same_question", "t/0"),
    ]


def test_another_dose_is_another_dialogue_at_threshold_one():
    rows = table([user(LONG), doctor(ANSWER + "5mg")], [user(LONG), doctor(ANSWER + "15mg")])
    assert run(DropDuplicates(threshold=1.0), rows)["drop_reason"].to_list() == [None, None]


def test_the_last_rule_must_decide():
    with pytest.raises(ValidationError, match="end with 'first'"):
        DropDuplicates(keep=("longest",))


class TestBenchmarkOverlap:
    """Test sets are sources of the build."""

    stage = DropBenchmarkOverlap(test_sources=("exam",))

    def test_a_test_question_in_the_crawl_is_dropped(self):
        rows = table(
            [user(LONG), doctor(ANSWER)],
            [user("医生您好，" + LONG), doctor("先去查一个血常规。")],
            [user("老人夜里腿抽筋，一周三四次，白天没事，需要补钙吗"), doctor("平时吃什么药？")],
            source=["exam", "crawl", "crawl"],
        )
        assert run(self.stage, rows)["drop_reason"].to_list() == [None, "overlap:exam", None]

    def test_what_many_test_dialogues_share_is_no_overlap(self):
        thanks = "我知道了，非常感谢医生这么耐心细致的解答，我会注意的"
        exam = [[user(f"第{at}个问题" + LONG[at * 3 : at * 3 + 9]), doctor("好"), user(thanks)] for at in range(6)]
        rows = table(
            *exam, [user("胃疼"), doctor("多久了"), user(thanks), doctor("好")], source=["exam"] * 6 + ["crawl"]
        )
        assert run(self.stage, rows)["drop_reason"].to_list() == [None] * 7

    def test_without_test_sources_nothing_happens(self):
        rows = table([user(LONG), doctor(ANSWER)], [user(LONG), doctor(ANSWER)], source=["exam", "crawl"])
        assert run(DropBenchmarkOverlap(), rows)["drop_reason"].to_list() == [None, None]
