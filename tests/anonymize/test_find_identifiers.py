"""Finding and replacing identifiers: the public functions, their invariants, and what they do across a dialogue."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.anonymize import LABELS, TYPES, Identifier, find, find_identifiers, replace_identifiers
from cmtmed.anonymize.detect.canonical import MASK, canonicalize
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.anonymize.replace.substitution import replace_spans
from cmtmed.errors import UsageError

FRAGMENTS = [
    "王医生您好，",
    "我叫李秀兰，",
    "谢谢医生",
    "电话13800138000",
    "１３９\u200b００１３９０００",
    "一三八零零一三八零零零",
    "加v：abc_12345",
    "身份证11010519491231002X",
    "在北京协和医院看的",
    "家住成都市武侯区科华北路12号3栋2单元501室",
    "2023年5月6日",
    "奶奶92岁",
    "住院号0012345",
    "12床",
    "发到a.b@example.com",
    "www.example.com/x",
    "[电话]",
    "[姓名]",
    "，",
    "的",
    "王",
    "建国",
    "9",
    "患者：",
    "\n",
    "血压120/80",
]
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=8).map("".join)


def find_values(text: str) -> list[tuple[str, str]]:
    return [(text[start:end], identifier_type) for start, end, identifier_type in find_identifiers([text])[0]]


def redact(column: list[str], group: list[int] | None = None) -> list[str]:
    series = pl.Series(column, dtype=pl.String)
    matches = find(series, None if group is None else pl.Series(group))
    return replace_identifiers(series, matches)[0].to_list()


def test_every_type_has_a_recognizer_and_a_label() -> None:
    assert tuple(RECOGNIZERS) == TYPES
    assert tuple(LABELS) == TYPES
    assert len(set(LABELS.values())) == len(TYPES)


def test_find_identifiers_returns_one_list_per_text() -> None:
    assert find_identifiers(["谢谢医生", "王医生", ""]) == [[], [Identifier(0, 1, "PERSON")], []]
    assert find_identifiers([]) == []


@pytest.mark.parametrize(
    ("invalid_texts", "message"),
    [(["好", 3], r"texts\[1\] is of type int"), ([None], r"texts\[0\] is of type NoneType"), ("好", "one string")],
)
def test_an_error_names_position_and_type_of_what_is_no_text(invalid_texts: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_identifiers(invalid_texts)


def test_find_returns_text_span_and_type() -> None:
    matches = find(pl.Series(["没有", None, "王医生，我的电话13800138000"]))
    assert matches.schema == {"text": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "type": pl.String}
    assert matches.rows() == [(2, 0, 1, "PERSON"), (2, 8, 19, "PHONE")]


def test_group_needs_one_value_for_each_text() -> None:
    with pytest.raises(UsageError, match="1 values for 2 texts"):
        find(pl.Series(["a", "b"]), pl.Series([0]))


def test_replace_returns_the_tags_and_their_spans() -> None:
    column = pl.Series(["王医生，我的电话13800138000。", "好"])
    replaced, new_spans = replace_identifiers(column, find(column))
    assert replaced.to_list() == ["[姓名]医生，我的电话[电话]。", "好"]
    assert [replaced[row][start:end] for row, start, end, _ in new_spans.iter_rows()] == ["[姓名]", "[电话]"]


def test_replace_keeps_types_without_a_label() -> None:
    column = pl.Series(["王医生，我的电话13800138000"])
    replaced, new_spans = replace_identifiers(column, find(column), {"PHONE": "<tel>"})
    assert replaced.to_list() == ["王医生，我的电话<tel>"]
    assert new_spans["type"].to_list() == ["PHONE"]
    with pytest.raises(UsageError, match="did you mean 'PHONE'"):
        replace_identifiers(column, find(column), {"PHONES": ""})


def test_a_name_found_once_in_a_dialogue_is_found_everywhere_in_it() -> None:
    turns = ["我叫王建国", "建国您好，请问多大年纪", "王先生是我父亲，王建国是我", "建国以来"]
    assert redact(turns, [0, 0, 0, 1]) == [
        "我叫[姓名]",
        "[姓名]您好，请问多大年纪",
        "[姓名]先生是我父亲，[姓名]是我",
        "建国以来",
    ]


def test_a_handle_found_once_in_a_dialogue_is_found_without_its_label() -> None:
    assert redact(["加我微信qwer_5566", "qwer_5566 记得加"], [7, 7]) == ["加我微信[微信号]", "[微信号] 记得加"]


def test_the_input_column_is_not_changed() -> None:
    column = pl.Series(["王医生，我叫李秀兰，电话１３８００１３８０００", "秀兰您好"])
    before = column.to_list()
    replace_identifiers(column, find(column, pl.Series([0, 0])))
    assert column.to_list() == before


def test_own_tags_are_respected() -> None:
    column = pl.Series(["<tel>13800138000<tel>"])
    assert find(column, tags=["<tel>"]).rows() == [(0, 5, 16, "PHONE")]
    assert find(pl.Series(["王<x>医生"]), tags=["<x>"]).is_empty()


def test_nothing_found_touches_protected_spans() -> None:
    column = pl.Series(["王医生，电话13800138000", "13800138000", None])
    everything = find(column, pl.Series([0, 0, 0]))
    assert everything.rows() == [(0, 0, 1, "PERSON"), (0, 6, 17, "PHONE"), (1, 0, 11, "PHONE")]
    # To touch part of a number is enough; spans may overlap and come in any order.
    protected = pl.DataFrame({"text": [1, 0, 0], "start": [0, 9, 10], "end": [11, 12, 14]})
    assert find(column, pl.Series([0, 0, 0]), protected=protected).rows() == [(0, 0, 1, "PERSON")]
    assert find(column, pl.Series([0, 0, 0]), protected=everything).is_empty()
    assert find(column, pl.Series([0, 0, 0]), protected=protected.clear()).equals(everything)


def test_substitute_replaces_each_span_by_its_own_text() -> None:
    column = pl.Series(["王医生，电话13800138000。", "李医生"])
    replaced, new_spans = replace_spans(column, find(column), ["赵", "15400000000", "孙"])
    assert replaced.to_list() == ["赵医生，电话15400000000。", "孙医生"]
    assert new_spans.rows() == [(0, 0, 1, "PERSON"), (0, 6, 17, "PHONE"), (1, 0, 1, "PERSON")]


@given(texts)
def test_spans_are_sorted_disjoint_and_inside_the_text(text: str) -> None:
    identifiers = find_identifiers([text])[0]
    assert all(0 <= span.start < span.end <= len(text) and span.type in TYPES for span in identifiers)
    assert all(span.end <= next_span.start for span, next_span in pairwise(identifiers))


@settings(max_examples=150)
@given(st.lists(texts, max_size=4))
def test_redaction_is_idempotent(column: list[str]) -> None:
    once = redact(column)
    assert find(pl.Series(once, dtype=pl.String)).is_empty()
    assert redact(once) == once


@settings(max_examples=100)
@given(st.lists(texts, min_size=1, max_size=4))
def test_a_second_run_over_a_dialogue_changes_nothing(column: list[str]) -> None:
    group = [0] * len(column)
    assert redact(redact(column, group), group) == redact(column, group)


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_texts_do_not_influence_one_another_without_a_group(first: list[str], second: list[str]) -> None:
    assert redact(first + second) == redact(first) + redact(second)


@given(texts, st.data())
def test_canonical_offsets_map_to_the_original(text: str, data: st.DataObject) -> None:
    mask_start = data.draw(st.integers(0, len(text)))
    masked = [(mask_start, min(len(text), mask_start + 2))] if mask_start < len(text) else []
    canonical = canonicalize(text, masked)
    assert len(canonical.digits) == len(canonical.text)
    for index, char in enumerate(canonical.text):
        start, end = canonical.original_span(index, index + 1)
        assert end == start + 1
        if char == text[start]:
            continue
        assert char == MASK or char == canonicalize(text[start]).text


def test_canonicalize_folds_what_hides_digits() -> None:
    assert canonicalize("１３\u200b８𝟎1\ufe0f\u20e3").text == "13801"
    assert canonicalize("一三八〇〇①③⑧壹叁捌").digits == "13800138138"
    assert canonicalize("①5mg，一日三次").digits == "①5mg，一日三次"
    assert canonicalize("10⁹/L ½").text == "10⁹/L ½"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我的電話①③⑧零零一三八零零零", [("①③⑧零零一三八零零零", "PHONE")]),
        ("陳醫師您好", [("陳", "PERSON")]),
        ("17床亓连富，体温39.2", [("17床", "MRN"), ("亓连富", "PERSON")]),
        ("微\u200b信号：abc12345", [("abc12345", "WECHAT")]),
        ("电话1\u200b3800138000。", [("1\u200b3800138000", "PHONE")]),
    ],
)
def test_disguised_identifiers_are_found_at_their_original_offsets(text: str, expected: list[tuple[str, str]]) -> None:
    assert find_values(text) == expected
