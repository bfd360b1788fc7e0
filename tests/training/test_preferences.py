"""Rankings: how files are read, which pairs follow, how prompts are divided, what is cut. No model is needed."""

from __future__ import annotations

import ast
import csv
import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs the extra train")

from cmtmed.errors import CmtmedError, DatasetError, UsageError
from cmtmed.resources import bundled
from cmtmed.training.model.tiny import make_tokenizer
from cmtmed.training.reward.data import extract_opening, is_held_out
from cmtmed.training.reward.encoding import EncodedRankings, encode_answer, encode_rankings
from cmtmed.training.reward.metrics import (
    compute_calibration_error,
    compute_reliability,
    report_agreement,
    summarize_margins,
)
from cmtmed.training.reward.rankings import Pair, Ranking, build_pairs
from cmtmed.training.reward.readers.files import describe_sources, read_rankings
from cmtmed.training.reward.readers.json_rows import parse_ranking
from cmtmed.training.reward.readers.ranking_table import recover_ranks
from cmtmed.training.reward.readers.turns import UnreadableRowError
from cmtmed.training.reward.settings import RankingSource
from cmtmed.training.run.command_line import parse_settings

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
ROW = {
    "id": "a1",
    "prompt": "头痛三天了，晚上更厉害，怎么办？",
    "answers": [{"text": "多喝水。"}, {"text": "血压多少？先量一次。"}, {"text": "不用管。"}],
    "ranks": [2, 1, 3],
}


def user(text):
    return {"role": "user", "content": text}


def doctor(text):
    return {"role": "assistant", "content": text}


def write_rows(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def load_rankings(path, min_difference=0.5, **fields):
    return read_rankings(RankingSource(path=str(path), **fields), min_difference)


# --- pairs -----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 5), min_size=2, max_size=8))
def test_pairs_of_a_ranking(ranks):
    ranking = Ranking("1", [], [[] for _ in ranks], [-rank for rank in ranks])
    pairs, close = build_pairs(ranking)
    assert close == 0
    assert len(pairs) == len(ranks) * (len(ranks) - 1) // 2
    assert {frozenset(pair[:2]) for pair in pairs} == set(map(frozenset, itertools.combinations(range(len(ranks)), 2)))
    for pair in pairs:
        assert pair.tie == (ranks[pair.chosen] == ranks[pair.rejected])
        assert pair.tie or ranks[pair.chosen] < ranks[pair.rejected]


@given(st.lists(st.integers(4, 20), min_size=2, max_size=6), st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_scores_that_are_close_say_nothing(sums, min_difference):
    ranking = Ranking("1", [], [[] for _ in sums], [total / 4 for total in sums], min_difference)
    pairs, close = build_pairs(ranking)
    assert len(pairs) + close == len(sums) * (len(sums) - 1) // 2
    for pair in pairs:
        difference = (sums[pair.chosen] - sums[pair.rejected]) / 4
        assert difference == 0 if pair.tie else difference >= min_difference


def test_a_correction_ranks_above_all():
    row = {**ROW, "ranks": [1, 1, 4], "correction": "血压多少？有没有恶心？先量血压，剧烈头痛去急诊。"}
    ranking = parse_ranking(row, 1)
    pairs, _ = build_pairs(ranking)
    assert {pair for pair in pairs if 3 in pair[:2]} == {Pair(3, index, tie=False) for index in range(3)}
    assert [pair for pair in pairs if pair.tie] == [Pair(0, 1, tie=True)]


def test_a_correction_that_repeats_the_best_answer_says_nothing_more():
    plain = parse_ranking(ROW, 1)
    repeated = parse_ranking({**ROW, "correction": ROW["answers"][1]["text"]}, 1)
    assert repeated.answers == plain.answers
    assert build_pairs(repeated) == build_pairs(plain)


# --- the split -------------------------------------------------------------------------------------------------

TEXTS = st.text("头痛发热咳嗽几天了怎么办 ，。？abc１2", min_size=1, max_size=20)


@given(TEXTS, TEXTS, st.floats(0, 1), st.floats(0, 1))
def test_a_prompt_falls_on_one_side_everywhere(text, other, share, other_share):
    smaller_share, larger_share = sorted((share, other_share))
    prompt = [user(text)]
    spaced = [{"role": "system", "content": "你是医生"}, user(" " + text.replace("，", "。").upper() + "！")]
    if any(map(str.isalnum, text)):
        assert extract_opening(prompt) == extract_opening(spaced)
        assert is_held_out(prompt, smaller_share) == is_held_out(spaced, smaller_share)
    assert is_held_out(prompt, smaller_share) <= is_held_out(prompt, larger_share)
    assert not is_held_out(prompt, 0)
    assert is_held_out(prompt, 1)
    if len(extract_opening(prompt)) >= 8:  # the same consultation, later
        assert is_held_out([*prompt, doctor("多久了"), user(other)], smaller_share) == is_held_out(
            prompt, smaller_share
        )


def test_a_greeting_does_not_decide():
    first = [user("医生您好"), doctor("您好，请讲"), user("膝盖疼了半个月，上下楼更重")]
    second = [user("医生您好"), doctor("您好，请讲"), user("孩子咳嗽一周了，有痰")]
    assert extract_opening(first) != extract_opening(second)


def test_the_held_out_share_is_about_what_was_asked_for():
    kept = sum(is_held_out([user(f"第{number}个问题，头痛怎么办")], 0.1) for number in range(5000))
    assert 420 < kept < 580  # five standard deviations


# --- tokens ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer([json.dumps(ROW, ensure_ascii=False)] * 4, 400)


PROMPT = [user("头痛三天了"), doctor("血压多少？"), user("一百六"), doctor("吃药吗？"), user("没吃，怎么办？")]
ANSWER = [doctor("先量一次血压，不要紧张，今天去门诊看看。")]


@settings(max_examples=80)
@given(length=st.integers(8, 160), system=st.booleans())
def test_what_is_too_long_loses_the_beginning_of_the_prompt(tokenizer, length, system):
    prompt = [{"role": "system", "content": "你是医生。"}, *PROMPT] if system else PROMPT
    all_ids = encode_answer(tokenizer, prompt, ANSWER, 10_000).ids
    answer_ids = tokenizer.encode(ANSWER[0]["content"] + "<|im_end|>\n")
    assert all_ids[-len(answer_ids) :] == answer_ids
    encoded = encode_answer(tokenizer, prompt, ANSWER, length)
    assert len(encoded.ids) <= length
    assert encoded.prompt_cut == (len(all_ids) > length)
    if length >= len(answer_ids):
        assert encoded.answer_cut == 0
        assert encoded.ids[-len(answer_ids) :] == answer_ids
    else:
        assert encoded.ids == answer_ids[:length]
        assert encoded.answer_cut == len(answer_ids) - length
    # Exchanges go whole: either a question and all that follows it is there, or not even the last one.
    head = prompt[: len(prompt) - len(PROMPT)]
    candidates = [encode_answer(tokenizer, [*head, *PROMPT[start:]], ANSWER, 10_000).ids for start in (0, 2, 4)]
    fits = [candidate for candidate in candidates if len(candidate) <= length]
    assert encoded.ids == fits[0] if fits else len(encoded.ids) <= len(candidates[-1])


def test_the_first_token_of_every_text_stays(tokenizer):
    import copy

    bos_tokenizer = copy.deepcopy(tokenizer)
    bos_tokenizer.add_special_tokens({"bos_token": "<s>"})
    bos_tokenizer.chat_template = "{{ bos_token }}" + bos_tokenizer.chat_template
    all_ids = encode_answer(bos_tokenizer, PROMPT[-1:], ANSWER, 1000).ids
    assert all_ids[0] == bos_tokenizer.bos_token_id
    encoded = encode_answer(bos_tokenizer, PROMPT[-1:], ANSWER, len(all_ids) - 4)
    assert encoded.ids == [all_ids[0], *all_ids[5:]]


def test_counts_of_pairs_add_up(tokenizer):
    lines = bundled("examples/rankings.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [parse_ranking(json.loads(line), number) for number, line in enumerate(lines)]
    for ties in (True, False):
        encoded = encode_rankings(rows, tokenizer, 40, ties=ties, name="examples")
        possible = sum(len(row.answers) * (len(row.answers) - 1) // 2 for row in rows)
        assert sum(encoded.counts[name] for name in ("better", "ties", "close", "same tokens")) == possible
        assert encoded.counts["answers"] == len(encoded.flat_ids)
        assert encoded.counts["answers cut"] > 0
        table = encoded.to_dataset()
        assert len(table) == encoded.counts["better"] + ties * encoded.counts["ties"]
        assert sum(table["tie"][:]) == ties * encoded.counts["ties"]
        assert max(table["length"][:]) <= 40


# --- readers ---------------------------------------------------------------------------------------------------


def list_texts(ranking):
    order = sorted(range(len(ranking.answers)), key=lambda index: -ranking.utilities[index])
    return [ranking.answers[index][-1]["content"] for index in order]


def test_our_own_rankings(tmp_path):
    row = {**ROW, "scores": [{"safety": 3}, None, {"safety": 1, "fluency": 5}], "annotator": "d1"}
    source = load_rankings(
        write_rows(tmp_path / "r.jsonl", row, {**ROW, "id": None, "prompt": PROMPT, "correction": "先测血压。"})
    )
    first, second = source.rankings
    assert list_texts(first) == ["血压多少？先量一次。", "多喝水。", "不用管。"]
    assert first.aspects == {"safety": [3, None, 1], "fluency": [None, None, 5]}
    assert second.id == "2"
    assert second.prompt == PROMPT
    assert list_texts(second)[0] == "先测血压。"
    assert source.to_dict() == {
        "source": f"{tmp_path.name}/r.jsonl",
        "rows": 2,
        "rows_read": 2,
        "left_out": {},
        "rankings": 2,
    }


BAD = {
    "no prompt": {"prompt": ""},
    "the prompt does not end with the patient": {"prompt": PROMPT[:2]},
    "a turn of the prompt has no text": {"prompt": "  "},
    "answers is not a list of objects with text": {"answers": ["a", "b", "c"]},
    "an answer has no text": {"answers": [{"text": "好"}, {"text": ""}, {}]},
    "ranks is not a list of whole numbers from 1": {"ranks": [0, 1, 2]},
    "the number of ranks differs from the number of answers": {"ranks": [1, 2]},
    "two different answers are needed": {"answers": [{"text": "好"}], "ranks": [1]},
    "the same answer has two ranks": {"answers": [{"text": "好"}, {"text": "好 "}, {"text": "坏"}]},
    "the number of scores differs from the number of answers": {"scores": [{"safety": 1}]},
    "scores are not objects of numbers": {"scores": [{"safety": "good"}, {}, {}]},
}


@pytest.mark.parametrize("reason", BAD)
def test_a_row_that_is_no_ranking_is_left_out_and_counted(tmp_path, reason, caplog):
    path = write_rows(tmp_path / "r.jsonl", ROW, {**ROW, **BAD[reason]}, ROW)
    source = load_rankings(path)
    assert source.left_out == {reason: 1}
    assert (source.rows, len(source.rankings)) == (3, 2)
    assert f"1 rows left out: {reason} (the first: row 2)" in caplog.text
    assert "头痛" not in caplog.text


@pytest.mark.parametrize("ranks", [[1.5, 2, 3], [True, 2, 3], ["1", 2, 3], "123", None, [1, -1, 2]])
def test_ranks_are_whole_numbers(ranks):
    with pytest.raises(UnreadableRowError, match="ranks is not a list"):
        parse_ranking({**ROW, "ranks": ranks}, 1)


def test_gaps_in_ranks_are_fine_and_repeated_answers_of_one_rank_are_one():
    assert list_texts(parse_ranking({**ROW, "ranks": [7, 3, 9]}, 1)) == list_texts(parse_ranking(ROW, 1))
    repeated = {**ROW, "answers": [*ROW["answers"], {"text": "不用管。"}], "ranks": [2, 1, 3, 3]}
    assert len(parse_ranking(repeated, 1).answers) == 3


def test_broken_lines_are_counted_too(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(ROW, ensure_ascii=False) + "\n{broken\n\n[1]\n", encoding="utf-8")
    source = load_rankings(path)
    assert source.left_out == {"not a JSON object": 2}
    assert (source.rows, len(source.rankings)) == (3, 1)


@given(st.permutations(range(4)))
def test_both_conventions_of_the_ranking_tool(order):
    """What the tool stores, done as its source does it, read back."""
    answers = [f"回答{number}。" for number in range(4)]
    ranks = [rank + 1 for rank in order]
    positions = [answers[rank - 1] for rank in ranks]  # list_rank.py
    best_first = [answers[ranks.index(position + 1)] for position in range(4)]  # generate_rank.py
    assert recover_ranks(positions, answers) == ranks
    assert (positions == best_first) == all(ranks[rank - 1] == index + 1 for index, rank in enumerate(ranks))


def write_table(path, *rows, header=("id", "query", "history", "rank1", "rank2", "rank3")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([header, *rows])
    return path


def test_the_table_of_the_ranking_tool(tmp_path):
    displayed_answers = ["多喝水。", "血压多少？\n先量一次。", "不用管。"]
    # Ranks 2, 3, 1: the third answer is the best.
    stored = [displayed_answers[1], displayed_answers[2], displayed_answers[0]]
    history = str([["头痛三天了", "血压多少？"]])
    path = write_table(
        tmp_path / "total_dataset.tsv", ["0", "一百六怎么办", history, *stored], ["1", "咳嗽", "[]", *stored]
    )
    answers = tmp_path / "output1.json"
    entry = {"query": "x", "history": [], **{f"response_{index}": text for index, text in enumerate(displayed_answers)}}
    answers.write_text(json.dumps({"0": entry, "1": {**entry, "response_2": "别的。"}}), encoding="utf-8")
    ordered = load_rankings(path, ranks="order")
    assert [list_texts(ranking) for ranking in ordered.rankings] == [stored, stored]
    assert ordered.rankings[0].prompt == [user("头痛三天了"), doctor("血压多少？"), user("一百六怎么办")]
    recovered = load_rankings(path, ranks="positions", answers=str(answers))
    assert list_texts(recovered.rankings[0]) == [displayed_answers[2], displayed_answers[0], displayed_answers[1]]
    assert recovered.left_out == {"its answers are not those that were shown": 1}


def test_rows_of_the_table_that_cannot_be_read(tmp_path):
    valid_row = ["0", "头痛", "[]", "甲", "乙", "丙"]
    path = write_table(
        tmp_path / "t.tsv", valid_row, valid_row[:5], [*valid_row[:2], "f(", *valid_row[3:]], [*valid_row[:3], "甲", "甲", "丙"],
        [*valid_row[:3], "甲", "", "丙"], [valid_row[0], "", *valid_row[2:]],
    )  # fmt: skip
    source = load_rankings(path, ranks="order")
    assert source.left_out == {
        "the number of columns differs from the header": 1,
        "history is not a list of pairs": 1,
        "the same answer has two ranks": 1,
        "an answer has no text": 1,
        "a turn of the prompt has no text": 1,
    }
    assert (source.rows, len(source.rankings)) == (6, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "ranks=order .* or ranks=positions"),
        ({"ranks": "positions"}, "ranks=positions needs answers="),
        ({"ranks": "positions", "answers": "missing.json"}, "cannot read the answers"),
    ],
)
def test_a_table_needs_to_be_explained(tmp_path, fields, message):
    path = write_table(tmp_path / "t.tsv", ["0", "头痛", "[]", "甲", "乙", "丙"])
    with pytest.raises(UsageError, match=message):
        load_rankings(path, **fields)


def test_a_table_without_prompts_is_refused(tmp_path):
    with pytest.raises(UsageError, match="needs the header id, query, history"):
        load_rankings(write_table(tmp_path / "t.tsv", ["甲", "乙"], header=("甲", "乙", "丙")), ranks="order")


def test_auto_is_no_convention():
    with pytest.raises(UsageError, match=r"ranks: .*auto cannot tell; set one of the two"):
        parse_settings(RankingSource, {"path": "t.tsv", "ranks": "auto"}, "data")


PAIRS = {
    "medicalgpt": {"question": "头痛怎么办", "response_chosen": "量血压。", "response_rejected": "不管。"},
    "strings": {"prompt": "头痛怎么办", "chosen": "量血压。", "rejected": "不管。"},
    "messages": {"prompt": [user("头痛怎么办")], "chosen": [doctor("量血压。")], "rejected": [doctor("不管。")]},
    "sharegpt": {
        "conversations": [{"from": "human", "value": "头痛怎么办"}],
        "chosen": {"from": "gpt", "value": "量血压。"},
        "rejected": {"from": "gpt", "value": "不管。"},
    },
    "conversations and strings": {
        "conversations": [{"from": "human", "value": "头痛怎么办"}],
        "chosen": "量血压。",
        "rejected": "不管。",
    },
    "alike": {
        "chosen": [user("头痛怎么办"), doctor("量血压。")],
        "rejected": [user("头痛怎么办"), doctor("不管。")],
    },
    "history": {"system": "", "history": [], "question": "头痛怎么办", "response_chosen": "量血压。",
                "response_rejected": "不管。"},
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_chosen_and_rejected(tmp_path, name):
    (ranking,) = load_rankings(write_rows(tmp_path / "p.jsonl", PAIRS[name])).rankings
    assert ranking.prompt == [user("头痛怎么办")]
    assert ranking.answers == [[doctor("量血压。")], [doctor("不管。")]]
    assert build_pairs(ranking) == ([Pair(0, 1, tie=False)], 0)


def test_an_array_and_the_history_of_a_pair(tmp_path):
    row = {**PAIRS["medicalgpt"], "history": [["头痛三天了", "血压多少？"]], "system": "你是医生。"}
    path = tmp_path / "p.json"
    path.write_text(json.dumps([row, {**row, "history": ["x"]}, {**row, "response_chosen": row["response_rejected"]}]))
    source = load_rankings(path)
    assert [turn["role"] for turn in source.rankings[0].prompt] == ["system", "user", "assistant", "user"]
    assert source.left_out == {"history is not a list of pairs": 1, "the same answer has two ranks": 1}


def make_scored_dialogue(case, model, scores, *turns):
    roles = itertools.cycle(("patient", "doctor"))
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    return {"set": "s", "id": case, "model": model, "scores": scores, "turns": messages}


def test_scored_dialogues_of_a_case(tmp_path):
    best, fair, poor = ({"Accuracy": a, "Helpfulness": b} for a, b in ((5, 5), (5, 4), (3, 4)))
    rows = [
        make_scored_dialogue("1", "a", best, "头痛", "多久了？", "三天", "量血压。"),
        make_scored_dialogue("1", "b", poor, "头痛", "多喝水。", "好", "再见。"),
        make_scored_dialogue("2", "a", best, "咳嗽", "有痰吗？"),
        make_scored_dialogue("1", "c", fair, "头痛", "量过血压吗？"),
        make_scored_dialogue("1", "d", best, "头痛", "先休息。"),
        make_scored_dialogue("2", "b", {"Accuracy": 5}, "咳嗽", "多喝水。"),
        {**make_scored_dialogue("3", "a", best, "腹痛", "哪里痛？"), "scores": {"Accuracy": "high"}},
        make_scored_dialogue("3", "b", best, "腹痛", "去医院。"),
        make_scored_dialogue("4", "a", best, "腰痛", "哪里痛？"),
        make_scored_dialogue("4", "b", best, "腿痛", "去医院。"),
        make_scored_dialogue("5", "b", best, "腿痛", "去医院。", "好"),
    ]
    source = load_rankings(write_rows(tmp_path / "s.jsonl", *rows), min_difference=1.0)
    (ranking,) = source.rankings
    assert ranking.prompt == [user("头痛")]
    assert [len(answer) for answer in ranking.answers] == [3, 3, 1, 1]
    assert ranking.utilities == [5.0, 3.5, 4.5, 5.0]
    assert ranking.aspects == {"Accuracy": [5, 3, 5, 5], "Helpfulness": [5, 4, 4, 5]}
    pairs, close = build_pairs(ranking)
    assert {pair for pair in pairs if not pair.tie} == {Pair(index, 1, tie=False) for index in (0, 2, 3)}
    assert (sum(pair.tie for pair in pairs), close) == (1, 2)
    assert source.rows == 11
    assert source.left_out == {
        "the dialogues of a case are scored on different aspects": 2,
        "scores is not an object of numbers": 1,
        "two different answers are needed": 1,
        "no prompt": 2,
        "the dialogue does not end with the doctor": 1,
    }


# --- what is no ranking ----------------------------------------------------------------------------------------


def test_a_view_of_another_kind_is_named_with_what_makes_the_right_one(tmp_path):
    from datasets import Dataset, DatasetDict

    row = {"id": "1", "messages": [user("头痛")], "weights": [0.0]}
    DatasetDict({"train": Dataset.from_list([row])}).save_to_disk(str(tmp_path / "sft"))
    with pytest.raises(UsageError, match=r"holds the view 'sft'.*view 'prompts'.*ranking\.v1\.json") as error:
        load_rankings(tmp_path / "sft")
    assert "头痛" not in str(error.value)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="is a build and holds no rankings"):
        load_rankings(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is a directory, not a file of rankings"):
        load_rankings(tmp_path / "empty")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"messages": [], "id": 1}\n', "columns id, messages do not hold rankings"),
        ("3\n4\n", "none of 2 rows is a JSON object"),
        ("", "none of 0 rows"),
        ('{"answers": [], "ranks": []}\n', r"none of 1 rows can be used as ranking: no prompt \(row 1\)"),
        ("[{]", "not JSON at character 2"),
    ],
)
def test_files_that_hold_no_ranking_are_refused(tmp_path, content, message):
    path = tmp_path / "r.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CmtmedError, match=message):
        load_rankings(path)


def test_other_refusals(tmp_path):
    path = write_rows(tmp_path / "r.jsonl", ROW)
    with pytest.raises(UsageError, match="unknown format 'rankings'; did you mean 'ranking'"):
        load_rankings(path, format="rankings")
    with pytest.raises(UsageError, match="this is not a tsv; remove them"):
        load_rankings(path, ranks="order")
    with pytest.raises(UsageError, match="cannot read"):
        load_rankings(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match=r"'none.jsonl' does not exist"):
        describe_sources([RankingSource(path="none.jsonl")])
    path.write_bytes("头痛三天了".encode("gb18030"))
    with pytest.raises(DatasetError, match="is not UTF-8; convert"):
        load_rankings(path)


# --- figures ---------------------------------------------------------------------------------------------------


def test_figures_by_hand():
    ranking = Ranking("1", [], [[]] * 3, [3, 2, 2], aspects={"safety": [1, 5, None], "fluency": [2, 2, 2]})
    pairs, _ = build_pairs(ranking)
    answers = EncodedRankings([ranking], [[[1], [1, 2], [1]]], [pairs], ties=False, counts=Counter())
    report = report_agreement(answers, [1.0, 0.0, 3.0])
    assert report["pairs"] == 2
    assert (report["accuracy"], report["margin"]) == (0.5, -0.5)  # margins 1 and -2
    # Sure at sigmoid(1) = .7311 and right; sure at sigmoid(2) = .8808 and wrong.
    assert report["calibration_error"] == pytest.approx(((1 - 0.7310586) + 0.8807971) / 2)
    assert report["longer_is_better"] == 0.25  # one shorter, one as long
    assert (report["ties"], report["tie_margin"]) == (1, 3.0)
    assert report["aspects"] == {"safety": {"pairs": 1, "accuracy": 0.0}}
    assert summarize_margins([]) == {}


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=50), st.integers(1, 20))
def test_the_reliability_table_holds_every_pair_once(margins, bins):
    rows = compute_reliability(margins, bins)
    assert sum(row["pairs"] for row in rows) == len(margins)
    assert all(row["from"] - 1e-9 <= row["confidence"] <= row["to"] + 1e-9 for row in rows)
    assert sum(row["accuracy"] * row["pairs"] for row in rows) == pytest.approx(sum(m > 0 for m in margins))
    assert 0 <= compute_calibration_error(margins, bins) <= 1


# --- what is shipped -------------------------------------------------------------------------------------------


def test_the_schema_and_the_reader_agree():
    schema = json.loads(bundled("schemas/ranking.v1.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for row in (ROW, {**ROW, "prompt": PROMPT, "correction": "好。", "scores": [None, {"safety": 1}, {}], "more": 1}):
        validator.validate(row)
        parse_ranking(row, 1)
    # What no JSON Schema can say: that lists are of one length, that a prompt ends with the patient, answers differ.
    beyond = ("differs from the number", "two different", "the same answer", "does not end")
    for reason, change in BAD.items():
        assert validator.is_valid({**ROW, **change}) == any(sign in reason for sign in beyond), reason


def test_the_example_rankings_are_what_their_script_makes(tmp_path):
    script = ROOT / "examples" / "make_rankings.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "r.jsonl")], check=True, capture_output=True)
    shipped = bundled("examples/rankings.jsonl").read_bytes()
    assert (tmp_path / "r.jsonl").read_bytes() == shipped
    rows = [json.loads(line) for line in shipped.decode().splitlines()]
    validator = jsonschema.Draft202012Validator(json.loads(bundled("schemas/ranking.v1.json").read_text("utf-8")))
    for row in rows:
        validator.validate(row)
    source = load_rankings(ROOT / "examples" / "rankings.jsonl")
    assert not source.left_out
    assert len({extract_opening(ranking.prompt) for ranking in source.rankings}) == len(rows) == 150
    assert sum(len(set(row["ranks"])) < len(row["ranks"]) for row in rows) > 30
    assert sum("correction" in row for row in rows) > 20
    assert {len(row["answers"]) for row in rows} == {2, 3, 4}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
@pytest.mark.parametrize(
    ("name", "rows", "rankings"),
    [
        ("disc_medllm/scored_dialogues.jsonl", 1879, 314),
        ("medicalgpt/reward_test.json", 100, 100),
        ("medicalgpt/dpo_zh_500.jsonl", 500, 500),
    ],
)
def test_published_files(name, rows, rankings):
    source = load_rankings(SHARED / name)
    assert source.rows == rows
    assert source.to_dict()["rows_read"] + sum(source.left_out.values()) == rows
    assert len(source.rankings) >= rankings * 0.97


def test_reading_needs_no_torch():
    import cmtmed.training

    folder = Path(cmtmed.training.__file__).parent / "reward"
    for name in (
        "rankings",
        "encoding",
        "metrics",
        "settings",
        "readers/files",
        "readers/json_rows",
        "readers/ranking_table",
        "readers/turns",
    ):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not {"torch", "trl", "transformers", "datasets"} & {
            alias.name for node in top for alias in node.names
        } | {getattr(node, "module", None) for node in top} & {"torch", "trl", "transformers", "datasets"}
