"""Identifiers written to evade detection: split, wrapped in markup, in other scripts and other digits."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmed.anonymize import find, replace_identifiers

PHONE = "13800138000"
IDENTITY = "11010519491231002X"  # the example of GB 11643-1999


def redact(*turns: str) -> list[str]:
    texts = pl.Series(list(turns), dtype=pl.String)
    return replace_identifiers(texts, find(texts, pl.Series([0] * len(turns))))[0].to_list()


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (["我的手机是138", "00138000，随时打"], ["我的手机是[电话]", "[电话]，随时打"]),
        (["我的手机是138", "嗯，您说", "00138000"], ["我的手机是[电话]", "嗯，您说", "[电话]"]),
        (["138", "0013", "8000"], ["[电话]", "[电话]", "[电话]"]),
        (["身份证前面是110105", "19491231", "002X"], ["身份证前面是[身份证号]", "[身份证号]", "[身份证号]"]),
        (["一三八零零", "一三八零零零"], ["[电话]", "[电话]"]),
        (["138\n0013\n8000"], ["[电话]"]),
    ],
)
def test_a_number_split_over_turns(turns: list[str], expected: list[str]) -> None:
    assert redact(*turns) == expected


@pytest.mark.parametrize(
    "turns",
    [
        ["血压138", "90，心率75"],
        ["吃了38", "12片"],
        ["昨天138", "今天142", "明天再量"],
        ["一天三次", "二百毫升"],
        ["体温38.5", "39.2，又上去了"],
    ],
)
def test_values_in_consecutive_turns_are_no_number(turns: list[str]) -> None:
    assert redact(*turns) == turns


def test_fragments_in_different_dialogues_are_not_joined() -> None:
    texts = pl.Series(["我的手机是138", "00138000"])
    assert find(texts, pl.Series([0, 1])).is_empty()


@pytest.mark.parametrize(
    "text",
    [
        "电话１３８００１３８０００",
        "电话138 0013 8000",
        "电话138-0013-8000",
        "电话138.0013.8000",
        "电话一三八零零一三八零零零",
        "电话幺三八零零幺三八零零零",
        "电话壹叁捌零零壹叁捌零零零",
        "电话①③⑧零零①③⑧零零零",
        "电话❶❸❽00138000",
        "电话1\u200b3\u200b8\u200b00138000",
        "电话138\ufeff0013\u00ad8000",
        "电话𝟏𝟑𝟖00138000",
        "电话1️⃣3️⃣8️⃣00138000",
        "電話13800138000",
        "<b>138</b>0013<i>8000</i>",
        "电话138<br/>0013<br/>8000",
        "+86 138 0013 8000",
        "138一0013一8000".replace("一", "—"),
    ],
)
def test_a_telephone_number_in_any_notation(text: str) -> None:
    redacted = redact(text)[0]
    assert "[电话]" in redacted
    assert not any(char in redacted for char in "1380①③⑧一三八幺壹叁捌零❶❸❽𝟏𝟑𝟖")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我叫陳國強，電話13800138000", "我叫[姓名]，電話[电话]"),
        ("患者劉曉燕，女，45歲", "患者[姓名]，女，45歲"),
        ("住在臺北市大安區忠孝東路四段100號", "住在[地址]"),
        ("在廣州市第一人民醫院住院", "在[医院]住院"),
        ("我叫王\u200b建\u200b国，今年40", "我叫[姓名]，今年40"),
        ("我叫王<b>建国</b>，今年40", "我叫[姓名]</b>，今年40"),
        ("微\u200b信号：abc12345", "微\u200b信号：[微信号]"),
        ("身份证壹壹零壹零伍壹玖肆玖壹贰叁壹零零贰X", "身份证[身份证号]"),
    ],
)
def test_names_and_places_in_traditional_script_and_behind_invisible_characters(text: str, expected: str) -> None:
    assert redact(text) == [expected]


def test_an_identifier_in_an_attribute_is_found() -> None:
    assert PHONE not in redact(f'<a href="tel:{PHONE}">打给我</a>')[0]


@given(st.lists(st.integers(1, 10), max_size=3, unique=True), st.sampled_from(["", "嗯", "好的，您继续说"]))
def test_no_fragment_of_a_number_remains_wherever_it_is_split(cut_positions: list[int], reply: str) -> None:
    bounds = [0, *sorted(cut_positions), len(PHONE)]
    fragments = [PHONE[start:end] for start, end in pairwise(bounds)]
    if min(map(len, fragments)) < 2:
        return  # a single digit may be anything
    turns = ["电话" + fragments[0]]
    for fragment in fragments[1:]:
        turns += [reply, fragment] if reply else [fragment]
    assert not any(char.isdigit() for turn in redact(*turns) for char in turn)
