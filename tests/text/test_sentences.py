"""Sentences and their places."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.text.sentences import sentences, split
from tests.support.dialogues import SHARED, needs_real_data

FRAGMENTS = (
    *"疼痛吗一a3 。！？；…!?;,.，：\n\t\u3000\x1c\x85”’」』」》】）)]\"'“（《🙂", "3.5", "1.", "。。", "?!", "http://a.cn/x?q=1;b&c!",
    "www.example.org?", "https://",
)  # fmt: skip
anything = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=25).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("体温38.5℃。多久了？咳嗽吗？", ["体温38.5℃。", "多久了？", "咳嗽吗？"]),
        ("他说：“疼。”然后走了（真的！）。好", ["他说：“疼。”", "然后走了（真的！）", "。", "好"]),
        ("1.多喝水；2.多休息。", ["1.多喝水；", "2.多休息。"]),
        ("做过CT吗?B超呢?血压120/80!", ["做过CT吗?", "B超呢?", "血压120/80!"]),
        ("真的？！……嗯", ["真的？！……", "嗯"]),
        ("看http://example.org/x?a=1;b=2!c 这里?好", ["看http://example.org/x?a=1;b=2!c 这里?", "好"]),
        ("看www.example.org?好", ["看www.example.org?", "好"]),
        ("第一行\n\n “第二行”\n", ["第一行", "“第二行”"]),
        ("没有标点", ["没有标点"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_split(text, expected):
    assert [text[start:end] for start, end in split(text)] == expected


def test_offsets_are_code_points():
    assert split("🙂🙂疼。🙂痛") == [(0, 4), (4, 6)]


@settings(max_examples=500)
@given(text=anything)
def test_spans_are_in_order_and_leave_nothing_but_white_space(text):
    previous_end = 0
    for start, end in split(text):
        assert previous_end <= start < end <= len(text)
        assert text[previous_end:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        previous_end = end
    assert text[previous_end:].strip() == ""


@settings(max_examples=500)
@given(texts=st.lists(anything | st.none(), max_size=6))
def test_the_column_and_the_text_agree(texts):
    table = sentences(pl.Series(texts, dtype=pl.String))
    expected = [
        (row, start, end, text[start:end]) for row, text in enumerate(texts) if text for start, end in split(text)
    ]
    assert table.rows() == expected
    assert table.schema == {"text": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "sentence": pl.String}


@needs_real_data
def test_real_text_agrees():
    records = json.loads((SHARED / "zhongjing" / "CMtMedQA_test.json").read_text("utf-8"))
    texts = pl.Series([value for record in records for value in record.values() if isinstance(value, str)])
    table = sentences(texts)
    assert table.select("text", "start", "end").rows() == [
        (row, *span) for row, text in enumerate(texts) for span in split(text)
    ]
