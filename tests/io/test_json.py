"""JSON in every form in which crawls come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmed.io import json_stream
from cmtmed.io.json_stream import iter_elements
from cmtmed.io.lenient_json import parse_json
from cmtmed.io.quarantine import Reason
from tests.support.reading import read_rows, read_text

RECORDS = [{"id": f"r{number}", "question": f"头痛{number}天", "answer": f"再观察{number}天"} for number in range(3)]
EXPECTED = [[("u", record["question"]), ("a", record["answer"])] for record in RECORDS]
LINES = [json.dumps(record, ensure_ascii=False) for record in RECORDS]


def dump(value, **options):
    return json.dumps(value, ensure_ascii=False, **options)


FORMS = {
    "lines": "\n".join(LINES),
    "lines with a byte order mark each": "".join(f"\ufeff{line}\n" for line in LINES),
    "lines with commas": "".join(f"{line},\n" for line in LINES),
    "one list a line": "".join(f"[{line}]\n" for line in LINES),
    "an array": dump(RECORDS),
    "an array over lines": dump(RECORDS, indent=1),
    "an array with a line per record": "[\n" + ",\n".join(LINES) + "\n]",
    "two arrays": dump(RECORDS[:2]) + "\n" + dump(RECORDS[2:]),
    "an array and an object": dump(RECORDS[:2]) + dump(RECORDS[2]),
    "objects over lines": "\n".join(dump(record, indent=2) for record in RECORDS),
    "objects without a break": "".join(LINES),
    "a list under a key": dump({"version": "1.0", "data": RECORDS}),
    "a list under two keys": dump({"result": {"total": 3, "items": RECORDS}}),
    "lists under the names of splits": dump({"train": RECORDS[:2], "test": RECORDS[2:]}),
    "records by id": dump({record["id"]: {k: v for k, v in record.items() if k != "id"} for record in RECORDS}),
    "columns of pandas": dump({k: {str(i): r[k] for i, r in enumerate(RECORDS)} for k in RECORDS[0]}),
    "columns as lists": dump({key: [record[key] for record in RECORDS] for key in RECORDS[0]}),
    "comments": "// 第一批\n" + dump(RECORDS[:2]) + "\n/* 第二批 */\n" + LINES[2],
}


@pytest.mark.parametrize("suffix", ["json", "jsonl", "txt"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_dialogues(tmp_path, form, suffix):
    if form == "comments" and suffix == "txt":
        pytest.skip("a text file that begins with a comment is no JSON")
    assert read_text(tmp_path, f"crawl.{suffix}", FORMS[form]) == (EXPECTED, [])


@pytest.mark.parametrize("form", ["records by id", "a list under a key", "an array"])
def test_a_large_object_is_not_loaded_whole(tmp_path, monkeypatch, form):
    monkeypatch.setattr(json_stream, "WHOLE_OBJECT_BYTES", 40)
    path = tmp_path / "crawl.json"
    path.write_text(FORMS[form], encoding="utf-8")
    rows = read_rows(path)
    assert [row["source_id"] for row in rows] == ["r0", "r1", "r2"]
    assert [[(turn["role"][0], turn["content"]) for turn in row["messages"]] for row in rows] == EXPECTED


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": NaN, "b": Infinity, "c": -Infinity}', {"a": None, "b": None, "c": None}),
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ('{"a": "逗号,}"}', {"a": "逗号,}"}),
        ('{"a": "逗号,}",}', {"a": "逗号,}"}),
        ('{"a": "一\\ud83d"}', {"a": "一\ufffd"}),
        ('{"a": "\\ud83d\\ude37"}', {"a": "😷"}),
        ('{"a": "一\t二\n三"}', {"a": "一\t二\n三"}),
        ("{'a': '一'}", {"a": "一"}),
        ('{a: "一" /* 二 */}', {"a": "一"}),
        ('{"id": 18446744073709551617}', {"id": 18446744073709551617}),
        ('{"id": -9223372036854775809}', {"id": -9223372036854775809}),
        ('\ufeff{"a": 1},', {"a": 1}),
    ],
)
def test_what_is_nearly_json_is_read(text, value):
    assert parse_json(text) == value


@pytest.mark.parametrize("text", ["{", "{]", "头痛", '{"a": }', "", "[" * 5000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises((ValueError, RecursionError)):
        parse_json(text)


def test_a_broken_object_costs_itself(tmp_path):
    text = "\n".join([LINES[0], '{"question": "头痛", "answer": ', *LINES[1:]])
    assert read_text(tmp_path, "crawl.jsonl", text) == (EXPECTED, [("line 2", Reason.INVALID_JSON)])
    text = "\n".join(
        [dump(RECORDS[0], indent=1), '{"question": "头痛", "answer": ', *(dump(r, indent=1) for r in RECORDS[1:])]
    )
    dialogues, quarantined = read_text(tmp_path, "crawl.json", text)
    assert dialogues == EXPECTED
    assert [reason for _, reason in quarantined] == [Reason.INVALID_JSON]


def test_an_array_that_is_cut_between_two_records_says_so(tmp_path):
    text = dump(RECORDS).removesuffix("]")
    assert read_text(tmp_path, "crawl.json", text) == (EXPECTED, [("record 4", Reason.INVALID_JSON)])


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=4)


@settings(max_examples=300)
@given(st.lists(objects, max_size=5), st.booleans(), st.sampled_from([None, 1]), st.integers(1, 40))
def test_elements_are_those_of_the_array(records, as_array, indent, step):
    text = dump(records, indent=indent) if as_array else "\n".join(dump(record, indent=indent) for record in records)
    data = text.encode()
    chunks = (data[start : start + step] for start in range(0, len(data), step))
    elements = list(iter_elements(chunks, 2**20))
    assert [json.loads(element.raw) for element in elements] == records
    assert all(element.reason is None for element in elements)


@settings(max_examples=300)
@given(st.text(st.sampled_from('{}[]",:\\a1 \n/*'), max_size=60), st.integers(1, 20))
def test_any_text_is_divided_to_its_end_without_loss(text, step):
    data = text.encode()
    chunks = (data[start : start + step] for start in range(0, len(data), step))
    elements = list(iter_elements(chunks, 2**20))
    found = b"".join(element.raw for element in elements)
    skipped = set(b"[]{} ,\n/*") | set(b'":\\a1')
    assert set(data) - set(found) <= skipped
    whole = list(iter_elements(iter([data]), 2**20))
    assert [element.raw for element in whole] == [element.raw for element in elements]
