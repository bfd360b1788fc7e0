"""Records that are one turn each become dialogues."""

from __future__ import annotations

import json
import random

import pytest

from tests.support.reading import read_rows, read_text

FIRST = [("u", "孩子咳嗽三天"), ("a", "有痰吗？"), ("u", "有白痰"), ("a", "先雾化两天。")]
SECOND = [("u", "腰疼一个月"), ("a", "腿麻不麻？")]
ROWS = [
    {"session": session, "seq": number, "speaker": "患者" if role == "u" else "医生", "text": text, "dept": "儿科"}
    for session, dialogue in (("s1", FIRST), ("s2", SECOND))
    for number, (role, text) in enumerate(dialogue, start=1)
]


def to_csv(rows):
    return "\n".join(",".join(map(str, row)) for row in ([list(rows[0])] + [list(row.values()) for row in rows]))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_rows_of_one_session_are_a_dialogue(tmp_path, suffix):
    text = {
        "csv": to_csv(ROWS),
        "jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS),
        "json": json.dumps(ROWS, ensure_ascii=False),
    }[suffix]
    assert read_text(tmp_path, f"crawl.{suffix}", text) == ([FIRST, SECOND], [])
    (tmp_path / f"crawl.{suffix}").write_text(text, encoding="utf-8")
    rows = read_rows(tmp_path / f"crawl.{suffix}")
    assert [(row["source_id"], row["department"]) for row in rows] == [("s1", "儿科"), ("s2", "儿科")]


def test_rows_may_stand_in_any_order(tmp_path):
    rows = random.Random(7).sample(ROWS, len(ROWS))
    dialogues, quarantined = read_text(tmp_path, "crawl.csv", to_csv(rows), group_by="session", order_by="seq")
    assert (sorted(dialogues), quarantined) == (sorted([FIRST, SECOND]), [])


def test_more_than_nine_turns_are_sorted_by_number(tmp_path):
    rows = [{"session": "s", "seq": number, "speaker": "患者", "text": f"第{number}句"} for number in range(1, 31)]
    dialogues, _ = read_text(tmp_path, "crawl.csv", to_csv(rows[::-1]), group_by="session", order_by="seq")
    assert [text for _, text in dialogues[0]] == [f"第{number}句" for number in range(1, 31)]


def test_several_fields_may_group(tmp_path):
    rows = [{"day": day, **row} for day in (1, 2) for row in ROWS]
    dialogues, _ = read_text(tmp_path, "crawl.csv", to_csv(rows), group_by=["day", "session"])
    assert dialogues == [FIRST, SECOND, FIRST, SECOND]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_that_lists_messages_is_one_dialogue(tmp_path, indent):
    messages = [{"role": "user" if role == "u" else "assistant", "content": text} for role, text in FIRST]
    text = json.dumps(messages, ensure_ascii=False, indent=indent)
    assert read_text(tmp_path, "case_001.json", text) == ([FIRST], [])
    lines = "\n".join(json.dumps(message, ensure_ascii=False) for message in messages)
    assert read_text(tmp_path, "case_001.jsonl", lines) == ([FIRST], [])


def test_grouping_can_be_declared_and_switched_off(tmp_path):
    rows = [{key: row[key] for key in ("speaker", "text")} for row in ROWS]
    assert read_text(tmp_path, "crawl.csv", to_csv(rows), group_by="file") == ([[*FIRST, *SECOND]], [])
    dialogues, quarantined = read_text(tmp_path, "crawl.csv", to_csv(rows), group_by="none")
    assert (dialogues, len(quarantined)) == ([], 6)


def test_ids_beyond_64_bits_group_exactly(tmp_path):
    rows = [{**row, "session": 2**64 + (row["session"] == "s2")} for row in ROWS]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert read_text(tmp_path, "crawl.jsonl", text) == ([FIRST, SECOND], [])
    (tmp_path / "crawl.jsonl").write_text(text, encoding="utf-8")
    assert [row["source_id"] for row in read_rows(tmp_path / "crawl.jsonl")] == [str(2**64), str(2**64 + 1)]
