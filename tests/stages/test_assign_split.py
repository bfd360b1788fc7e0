"""Splits: their shares, questions that stay together, and rows that do not move when others come."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmtmed
from cmtmed.audit.split_leakage import SplitLeakage, count_crossing, measure_split_leakage
from cmtmed.builds import Build
from cmtmed.stages.assign_split import AssignSplit
from tests.support.dialogues import SHARED, doctor, needs_real_data, read_real_dialogues, table, tables, user
from tests.support.files import write_json_lines
from tests.support.stages import run_stage

HALVES = AssignSplit(validation=0.3, test=0.3)
CASE = Path(__file__).parents[2] / ".." / "shared" / "cases" / "reading" / "09-same-question-crosses-splits"


def ask(*questions, **columns):
    return table(*([user(question), doctor("多久了？")] for question in questions), **columns)


def number_questions(count, first=0):
    return [f"第{number}天开始头痛，该吃什么药" for number in range(first, first + count)]


def splits(stage, rows):
    return run_stage(stage, rows)["split"].to_list()


@pytest.mark.parametrize("seed", range(3))
def test_shares_are_those_asked_for(seed):
    """10,000 dialogues, among them questions asked three times and one asked 60 times: within one percent."""
    questions = [*number_questions(7000), *number_questions(980, first=7000) * 3, *["感冒吃什么药"] * 60]
    counts = Counter(splits(AssignSplit(validation=0.1, test=0.2, seed=seed), ask(*questions)))
    assert len(questions) == 10_000
    assert counts["validation"] / 10_000 == pytest.approx(0.1, abs=0.01)
    assert counts["test"] / 10_000 == pytest.approx(0.2, abs=0.01)


def test_answers_to_one_question_stay_together():
    rows = ask(*number_questions(200) * 3)
    assigned = run_stage(HALVES, rows)
    assert count_crossing([assigned]) == SplitLeakage(questions=200, crossing=0)
    assert set(assigned["split"]) == {"train", "validation", "test"}


def test_two_crawls_of_one_consultation_stay_together():
    """The same two turns, and then another end, an added turn, another way to write, a greeting of its own turn."""
    dialogues, asks = [], number_questions(60)
    for question in asks:
        opening = [user(question), doctor("多久了，有没有发烧？")]
        dialogues += [
            opening,
            [*opening, user("三天了"), doctor("多喝水")],
            [*opening, user("没有发烧"), doctor("先查血常规")],
            [user("你好"), doctor("您好"), user(question.replace("，", " "))],
            [doctor("请问哪里不舒服？"), *opening],
        ]
    owners = pl.Series("owner", [index // 5 for index in range(300)])
    assigned = run_stage(HALVES, table(*dialogues)).with_columns(owners)
    assert assigned.group_by("owner").agg(pl.col("split").n_unique())["split"].max() == 1


def test_greetings_chain_nothing():
    """A thousand consultations begin with one of three greetings and the same reply: their shares are as asked."""
    greetings = ["你好", "在吗", "医生您好"]
    rows = table(
        *(
            [user(greetings[index % 3]), doctor("您好，请讲。"), user(question), doctor("多久了？")]
            for index, question in enumerate(number_questions(1000))
        )
    )
    counts = Counter(splits(AssignSplit(validation=0.2, test=0.2), rows))
    assert counts["validation"] / 1000 == pytest.approx(0.2, abs=0.05)
    assert counts["test"] / 1000 == pytest.approx(0.2, abs=0.05)


@given(rows=tables(), more=tables())
def test_more_rows_move_nobody(rows, more):
    more = more.with_columns(pl.format("u/{}", "source_id").alias("id"))
    assert splits(HALVES, pl.concat([rows, more]))[: rows.height] == splits(HALVES, rows)


def test_a_new_answer_joins_the_split_of_its_question():
    questions = number_questions(100)
    assert splits(HALVES, ask(*questions)) * 2 == splits(HALVES, ask(*questions * 2))


def test_another_seed_assigns_otherwise():
    rows = ask(*number_questions(50))
    assert splits(HALVES, rows) != splits(AssignSplit(validation=0.3, test=0.3, seed=1), rows)


@given(rows=tables(), parts=st.lists(st.sampled_from(["。", "！", " ", "　", "\u200b"]), max_size=4))
def test_identical_first_questions_never_cross(rows, parts):
    """Whatever is drawn, with a copy of it in which punctuation, spaces and the turns after the first differ."""
    copies = [
        [{**message, "content": message["content"] + "".join(parts)} for message in messages] + [doctor("另一个回答")]
        for messages in rows["messages"].to_list()
        if any(message["role"] == "user" and "头痛三天了" in message["content"] for message in messages)
    ]
    both = pl.concat([rows, table(*copies).with_columns(pl.format("u/{}", "source_id").alias("id"))])
    assert count_crossing([run_stage(HALVES, both)]).crossing == 0


def test_test_sources_are_the_test_split():
    rows = ask(*number_questions(100), source=["exam", "crawl"] * 50)
    assigned = splits(AssignSplit(validation=0, test=0, test_sources=("exam",)), rows)
    assert assigned == ["test", "train"] * 50


def test_a_question_of_a_test_source_belongs_to_the_test_split_everywhere():
    rows = ask("感冒吃什么药", "感冒吃什么药？", "胃疼一周了", source=["exam", "crawl", "crawl"])
    assert splits(AssignSplit(validation=0, test=0, test_sources=("exam",)), rows) == ["test", "test", "train"]


def test_pipelines_without_other_stages_keep_questions_together(tmp_path):
    lines = [
        {"question": question, "answer": f"{answer}，注意休息"}
        for question in number_questions(80)
        for answer in ("多喝水", "先查血常规", "可以观察两天")
    ]
    pipeline = {"name": "x", "stages": ["merge_turns", {"assign_split": {"validation": 0.2, "test": 0.2}}]}
    out = tmp_path / "out"
    cmtmed.build(cmtmed.Pipeline.parse(pipeline), [write_json_lines(tmp_path / "crawl.jsonl", lines)], out, workers=1)
    assert measure_split_leakage(Build.open(out)) == SplitLeakage(questions=80, crossing=0)


def test_leaks_are_counted():
    rows = ask("胃疼一周了", "胃疼一周了。", "头痛三天了", split=["train", "test", "train"])
    assert count_crossing([rows.head(1), rows.tail(2)]) == SplitLeakage(questions=2, crossing=1)


@needs_real_data
def test_real_questions_do_not_cross():
    """Real questions answered by another question's doctor: no question in two splits, shares as asked."""
    rows = read_real_dialogues(SHARED / "toyhom" / "internal_medicine.gb18030.csv")
    answers = rows["messages"].list.last().shift(1, fill_value=rows["messages"][0][-1])
    again = rows.with_columns(
        pl.format("u/{}", "id").alias("id"), pl.concat_list(pl.col("messages").list.head(1), answers).alias("messages")
    )
    assigned = run_stage(AssignSplit(validation=0.1, test=0.1), pl.concat([rows, again]))
    assert count_crossing([assigned]).crossing == 0
    assert (assigned["split"] == "test").mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.skipif(not CASE.is_dir(), reason="../shared/cases is not here")
@pytest.mark.parametrize(("name", "turns"), [("sameq.jsonl", 1), ("fork.jsonl", 2)])
def test_dialogues_of_the_case_stay_together(tmp_path, name, turns):
    cmtmed.build(CASE / "p.yaml", [CASE / name], tmp_path / "out", workers=1)
    by_opening = defaultdict(set)
    for rows in Build.open(tmp_path / "out").iter_batches(columns=["messages", "split"]):
        for messages, split in rows.iter_rows():
            by_opening[json.dumps(messages[:turns])].add(split)
    assert len(by_opening) >= 100
    assert {len(members) for members in by_opening.values()} == {1}
