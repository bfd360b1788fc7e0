"""A form label goes where the value says the same without it, and its value never does."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from cmtmed.text.form_labels import remove_labels
from cmtmed.text.platform_candidates import find_candidates


@pytest.mark.parametrize(
    ("text", "remaining"),
    [
        ("病情描述：头痛", "头痛"),
        ("【病情描述】头痛", "头痛"),
        ("病情描述\n头痛两天", "头痛两天"),
        ("病情描述（发病时间、主要症状、症状变化等）：\n胃痛", "胃痛"),
        ("病情描述：头痛\n希望获得的帮助：\n怎么治\n过敏史：\n无", "头痛\n怎么治\n过敏史：\n无"),
        ("您希望得到什么帮助：要手术吗", "要手术吗"),
        ("主诉：头痛3天", "头痛3天"),
        ("病情分析：你好，考虑胃炎。指导意见：多休息", "你好，考虑胃炎。多休息"),
        ("不要过于担心意见建议：放松心情", "不要过于担心\n放松心情"),
        ("病情描述：意见建议：多休息", "多休息"),
        ("患者性别：女 患者年龄：28岁 病情描述：头痛", "女 28岁 头痛"),
        ("性别：女\n年龄：28\n主要症状：咳嗽", "女\n年龄：28\n咳嗽"),
        ("处理意见：阿莫西林0.5g 一日三次", "阿莫西林0.5g 一日三次"),
    ],
)
def test_the_label_goes_and_its_value_stays(text, remaining):
    removed = Counter()
    assert remove_labels(text, removed) == remaining
    assert removed["form_label"] == len("".join(text.split())) - len("".join(remaining.split()))
    assert remove_labels(remaining, Counter()) == remaining
    assert find_candidates(pl.Series([text])).labels.tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "过敏史：无",
        "发病时间：三天前",
        "治疗情况：吃过布洛芬",
        "诊断：高血压",
        "病情摘要及初步印象：甲营养不良",
        "主诉：3天",
        "病情描述：38.5℃",
        "希望获得的帮助：无",
        "症状描述：不详",
        "年龄：28",
        "按医生的指导意见：吃药",
        "医生的病情分析：是胃炎",
        "注意事项：忌辛辣",
        "1. 药物治疗：布洛芬",
    ],
)
def test_a_label_that_gives_its_value_a_meaning_stays(text):
    removed = Counter()
    assert remove_labels(text, removed) == text
    assert not removed
