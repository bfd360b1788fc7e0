"""Forms that unseen crawls take: the same dialogue, written as people, tools and platforms write it."""

from __future__ import annotations

import json

import pytest

from tests.support.reading import read_rows, read_text

TURNS = [
    ("u", "左膝上楼疼了两个月，蹲下去起不来，要不要拍片？"),
    ("a", "多大年纪？膝盖有没有肿过？"),
    ("u", "五十六岁，肿过一次"),
    ("a", "先拍一个负重位的X光片，暂时别爬楼。"),
]
(_, Q1), (_, A1), (_, Q2), (_, A2) = TURNS
PAIR = TURNS[:2]


def name(role):
    return "患者" if role == "u" else "医生"


def messages(user, assistant, role="role", content="content"):
    return [{role: user if r == "u" else assistant, content: text} for r, text in TURNS]


RECORDS = {
    "numbered fields": {"ask_1": Q1, "reply_1": A1, "ask_2": Q2, "reply_2": A2, "ask_3": "", "reply_3": ""},
    "parallel lists": {"questions": [Q1, Q2], "answers": [A1, A2]},
    "messages under any name": {"n": 0, "items": messages("human", "gpt", "from", "value")},
    "roles in capitals, a notice between": {
        "items": [{"senderRole": "路人", "txt": "已接诊"}, *messages("CLIENT", "DR", "senderRole", "txt")]
    },
    "an unknown name beside the doctor": {"dialogue": messages("求问人甲", "李主任（骨科）")},
    "numbered messages": {"dialogue": {str(i): m for i, m in enumerate(messages("user", "assistant"))}},
    "texts in turn": {"no": "a1", "sents": [text for _, text in TURNS], "class": "骨科"},
    "a description beside a transcript": {"病情描述": Q1, "dialogue": f"医生：{A1}\n患者：{Q2}\n医生：{A2}"},
    "a question before the doctor": {"patientQuestion": Q1, "turns": messages("患者", "医生")[1:]},
    "a history that repeats the question": {"history": messages("user", "assistant")[:3], "question": Q2, "answer": A2},
    "tuples in a cell": {"history": repr([(Q1, A1)]), "instruction": Q2, "output": A2},
    "NumPy's list": {"history": f"[['{Q1}' '{A1}']]", "instruction": Q2, "output": A2},
    "names on lines of their own": {"text": "\n".join(f"{name(r)}\n{text}" for r, text in TURNS)},
    "names and angle brackets": {"text": "\n".join(f"{name(r)}> {text}" for r, text in TURNS)},
    "bullets": {"text": "\n".join(f"● {name(r)}：{text}" for r, text in TURNS)},
    "codes": {"text": "\n".join(f"{'A' if r == 'u' else 'B'}: {text}" for r, text in TURNS)},
    "one unknown label": {"text": "\n".join(f"{'求问人' if r == 'u' else '医师'}：{text}" for r, text in TURNS)},
    "labels anywhere": {"text": "".join(f"【{name(r)}】{text}" for r, text in TURNS)},
    "one letter in a line": {"text": "".join(f"{'问' if r == 'u' else '答'}：{text}。" for r, text in TURNS)},
}


@pytest.mark.parametrize("form", RECORDS)
def test_records(tmp_path, form):
    lines = "\n".join(json.dumps(RECORDS[form], ensure_ascii=False) for _ in range(2))
    dialogues, quarantined = read_text(tmp_path, "crawl.jsonl", lines)
    expected = [(r, text + "。") for r, text in TURNS] if form == "one letter in a line" else TURNS
    assert (dialogues, quarantined) == ([expected] * 2, [])


ROWS = "".join(f"{number},{Q1},{A1}\n" for number in range(3)).replace("，", "、")
TABLES = {
    "a title": f"问诊数据导出表\n编号,问题,回答\n{ROWS}",
    "groups of columns": f"基本信息,对话,\n编号,问题,回答\n{ROWS}",
    "types": f"id,question,answer\nint,string,string\n{ROWS}",
    "R's row names": f"question,answer\n{ROWS}",
    "a header in the middle": f"id,question,answer\n{ROWS}id,question,answer\n".removesuffix("\n"),
    "missing cells": f"id,question,answer,备注\n{ROWS}",
    "carets": f"id,question,answer\n{ROWS}".replace(",", "^"),
    "blanks before quotes": "id, question, answer\n"
    + "".join(f'{n}, "{Q1}", "{A1}"\n' for n in range(3)).replace("，", "、"),
}


@pytest.mark.parametrize("suffix", ["csv", "txt"])
@pytest.mark.parametrize("form", TABLES)
def test_tables(tmp_path, form, suffix):
    if suffix == "txt" and form in {"a title", "groups of columns", "carets", "R's row names", "missing cells"}:
        pytest.skip("a text file is a table if its first line names columns")
    expected = [[(r, text.replace("，", "、")) for r, text in PAIR]] * 3
    assert read_text(tmp_path, f"crawl.{suffix}", TABLES[form]) == (expected, [])


@pytest.mark.parametrize(
    "line", ["## 病例 {} · 骨科", "--- 10{} ---", "No.{}", "（{}）", "dialogue_id: 10{}", "记录{}："]
)
def test_lines_with_a_growing_number_separate_dialogues(tmp_path, line):
    talk = "\n".join(f"**{name(r)}**：{text}" for r, text in TURNS)
    text = "\n".join(f"{line.format(number)}\n\n{talk}\n" for number in (1, 2, 3))
    assert read_text(tmp_path, "crawl.md", text) == ([TURNS] * 3, [])


def test_sections(tmp_path):
    talk = "\n".join(f"{name(r)}：{text}" for r, text in TURNS[1:])
    record = (
        f"〔编号〕7{{}}\n〔主要不适〕{Q1}\n〔过敏〕无\n〔交流〕\n{talk}\n〔结论〕骨关节炎\n〔用药〕塞来昔布\n～～～～\n"
    )
    (tmp_path / "crawl.txt").write_text("".join(record.format(number) for number in range(3)), encoding="utf-8")
    rows = read_rows(tmp_path / "crawl.txt")
    assert [row["source_id"] for row in rows] == ["70", "71", "72"]
    assert [[(turn["role"][0], turn["content"]) for turn in row["messages"]] for row in rows] == [TURNS] * 3


def test_utterances_in_any_order_with_merged_cells(tmp_path):
    rows = [{"case_no": "7" if not i else "", "who": name(r), "words": t, "no": i} for i, (r, t) in enumerate(TURNS)]
    table = "\n".join(["case_no,speaker,words,seq", *(",".join(map(str, row.values())) for row in rows)])
    assert read_text(tmp_path, "crawl.csv", table.replace("，", "、"))[0] == [
        [(r, text.replace("，", "、")) for r, text in TURNS]
    ]
    shuffled = [{**row, "case_no": "7"} for row in rows[::-1]]
    table = "\n".join(["case_no,speaker,words,seq", *(",".join(map(str, row.values())) for row in shuffled)])
    assert read_text(tmp_path, "crawl.csv", table.replace("，", "、"))[0] == [
        [(r, text.replace("，", "、")) for r, text in TURNS]
    ]
