"""Doctor-initiated inquiries: what is in, what is out, by the definition."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.errors import UsageError
from cmtmed.inquiry import SLOTS, Inquiry, detect, explain, find_inquiries
from tests.dialogues import SHARED, contents, needs_real_data

ROOT = Path(__file__).parents[1]

ASKS = {
    "您好，发烧多久了？": "duration",
    "孩子多大": "demographics",
    "对什么药过敏吗": "allergy",
    "吃的啥药": "medication",
    "有没有做过胃镜": "exam",
    "以前得过这个病吗？": "history",
    "平时抽烟喝酒吗": "lifestyle",
    "疼不疼": "symptom",
    "咳嗽有痰吗": "symptom",
    "大便几天一次": "duration",
    "请提供检查结果": "exam",
    "拍张照片给我看": "exam",
    "麻烦您描述一下疼痛的部位": "symptom",
    "以前没有打过针，是吗？": "medication",
    "头晕是天旋地转还是昏昏沉沉": "symptom",
    "除了头痛，您还有其他症状吗？": "symptom",
    "宝宝腹胀不": "symptom",
    "这几天量血压了吗": "exam",
    "是治疗什么疾病的？": "history",
    "您以前有过类似的症状吗？": "history",
    "请告诉我确诊乙肝的时间。": "duration",
    "手术后还疼吗？": "symptom",
    "您愿意做手术吗？": "other",
    "吃过吗丁啉吗？": "medication",
}
TELLS = (
    "还有什么可以帮您的吗？",
    "您还有其他问题吗？",
    "我说的您明白了吗？",
    "这样可以吗？",
    "在吗？",
    "我需要了解一些情况。",
    "注意有没有发热。",
    "如果有咳嗽就来医院。",
    "要先排除是不是肺炎。",
    "看看能不能缓解。",
    "是否手术取决于肿瘤的大小。",
    "没什么大问题。",
    "根据您描述的症状，考虑胃炎。",
    "感谢您提供的检查结果。",
    "饮食上要注意以下几点。",
    "休息几天就好。",
    "不用谢，祝您早日康复。",
    "建议您去医院做个检查。",
    "您问的能不能喝酒，最好不要喝。",
    "无论吃什么药都要按时。",
    "长期大剂量使用吗啡会成瘾。",
    "不要让耳朵被水淹没。",
    "有人会有副作用，有人可能没有。",
    "血常规：可以提供炎症的信息。",
    "以下是如何补钙的几点：",
    "？",
)


@pytest.mark.parametrize("sentence", ASKS)
def test_what_asks(sentence):
    ((start, end, slot),) = find_inquiries([sentence])[0]
    assert (start, end) == (0, len(sentence))
    assert slot == ASKS[sentence]


@pytest.mark.parametrize("sentence", TELLS)
def test_what_only_looks_like_it(sentence):
    assert find_inquiries([sentence]) == [[]]


def test_a_run_on_is_taken_apart():
    turn = "多久了有发烧吗吃过什么药"
    assert [turn[one.start : one.end] for one in find_inquiries([turn])[0]] == ["多久了", "有发烧吗", "吃过什么药"]


def test_only_the_asking_sentence_is_marked():
    turn = "您好。考虑感冒。发烧吗？多喝水。"
    assert find_inquiries([turn]) == [[Inquiry(8, 12, "symptom")]]


def test_a_decision_names_cue_and_frame():
    decision = explain("还有什么可以帮您的吗？")
    assert (decision.asks, bool(decision.cue), bool(decision.frame)) == (False, True, True)
    assert explain("发烧多久了？").evidence == "多久"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(contents, st.sampled_from([*ASKS, *TELLS])), max_size=6))
def test_offsets_and_slots_hold_whatever_the_text(turns):
    found = find_inquiries(turns)
    assert len(found) == len(turns)
    for turn, inquiries in zip(turns, found, strict=True):
        last = 0
        for start, end, slot in inquiries:
            assert last <= start < end <= len(turn)
            assert turn[start:end] == turn[start:end].strip()
            assert slot in SLOTS
            last = end


@settings(max_examples=50, deadline=None)
@given(st.lists(contents, max_size=4), st.lists(contents, max_size=4))
def test_turns_do_not_touch_each_other(first, second):
    assert find_inquiries(first + second) == find_inquiries(first) + find_inquiries(second)


def test_nulls_and_bad_calls():
    assert detect(pl.Series([None, "发烧吗？"], dtype=pl.String)).rows() == [(1, 0, 4, "symptom")]
    with pytest.raises(UsageError, match=r"turns\[1\] is of type int; give a list of str"):
        find_inquiries(["发烧吗", 3])


def scores(found, gold):
    both = sum(one and other for one, other in zip(found, gold, strict=True))
    return 2 * both / (sum(found) + sum(gold))


@needs_real_data
def test_real_doctors_are_understood_better_than_by_question_marks():
    """Human acts of real turns; they are noisy, so the bound is far below what a careful reader would count."""
    path = SHARED / "remedi" / "doctor_acts_dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    gold = [any(act.startswith("Inquire") for act in row["acts"]) for row in rows]
    turns = [row["doctor"] for row in rows]
    marks = [turn.rstrip().endswith(("?", "？")) for turn in turns]
    found = [bool(inquiries) for inquiries in find_inquiries(turns)]
    assert scores(found, gold) > 0.88
    assert scores(found, gold) > scores(marks, gold) + 0.2


@needs_real_data
@pytest.mark.parametrize(
    ("half", "count", "turn", "sentence", "slot"), [("open", 787, 0.97, 0.96, 0.9), ("sealed", 426, 0.95, 0.95, 0.79)]
)
def test_labelled_turns(half, count, turn, sentence, slot):
    """Nobody who writes rules reads the sealed part, nor any failure of it."""
    spec = importlib.util.spec_from_file_location("inquiries", ROOT / "benchmarks" / "inquiries.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    told = [one for one in benchmark.turns() if one.half == half]
    assert len(told) == count
    got = benchmark.score(told, benchmark.ours([one.text for one in told]))
    assert got["turn"][2] >= turn
    assert got["sentence"][2] >= sentence
    assert got["slot"] >= slot


@pytest.mark.parametrize(
    ("sentence", "cue", "frame"),
    [
        ("还有其他问题吗？", "particle", "offer"),
        ("如果有出血就来医院吗", "particle", "conditional"),
        ("您好，发烧多久了？", "how long", ""),
        ("请提供检查结果", "tell", ""),
        ("与医生沟通时，请详细描述您的症状。", "tell", "for another doctor"),
    ],
)
def test_explain_names_the_rules_that_decided(sentence, cue, frame):
    told = explain(sentence)
    assert (told.cue, told.frame, told.asks) == (cue, frame, not frame)
