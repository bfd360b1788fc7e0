"""Forms that unseen crawls take: the same dialogue, written as people, tools and platforms write it."""

from __future__ import annotations

import csv
import io
import json

import polars as pl
import pytest

from tests.support.reading import read_all, read_rows, read_text

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
    "numbered fields with a name in each": {
        f"u{n}": f"{'甲' if r == 'u' else '乙'}: {text}" for n, (r, text) in enumerate(TURNS, start=1)
    },
    "numbered fields in turn": {"id": 7, **{f"turn_{n}": text for n, (_, text) in enumerate(TURNS)}},
    "replies of both sides": {
        "ask": Q1,
        "follows": [{"utype": name(r), "answer_text": text} for r, text in TURNS[1:]],
        "when": "2021-03-04",
    },
    "a narrative before the doctor": {"narr": Q1, "dialogue": messages("患者", "医生")[1:]},
    "codes of speakers": {"messages": messages(0, 1)},
    "templates": {"text": f"<s>[INST] {Q1} [/INST] {A1}</s><s>[INST] {Q2} [/INST] {A2} </s>"},
    "headings of a prompt": {"text": f"### 问题：\n{Q1}\n\n### 回答：\n{A1}\n### 问题：\n{Q2}\n### 回答：\n{A2}"},
    "headings in words": {"text": f"### 病人提问\n{Q1}\n## 医生回答\n{A1}\n## 病人提问\n{Q2}\n## 医生回答\n{A2}"},
    "breaks of a page": {"dialogue": "<br>".join(f"{name(r)}：{text}" for r, text in TURNS)},
    "paragraphs of a page": {"dialogue": "".join(f"<p>{name(r)}：{text}</p>" for r, text in TURNS)},
    "bars between turns": {"dialogue": "||".join(f"{name(r)}：{text}" for r, text in TURNS)},
    "a tuple in a cell": {"history": repr((Q1, A1)), "instruction": Q2, "output": A2},
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


@pytest.mark.parametrize("cell", ["None", "nan", "[]", "", "NULL", "[[]]", "[['', '']]", "无", '"[]"', "-", "()"])
def test_a_history_that_holds_nothing(tmp_path, cell):
    record = {"history": cell, "question": Q1, "answer": A1}
    assert read_text(tmp_path, "crawl.jsonl", json.dumps(record, ensure_ascii=False)) == ([PAIR], [])


def test_a_context_that_holds_no_turns_asks(tmp_path):
    record = {"context": Q1, "response": A1}
    assert read_text(tmp_path, "crawl.jsonl", json.dumps(record, ensure_ascii=False)) == ([PAIR], [])


@pytest.mark.parametrize("question", ["无", "暂无", "空", "-", "None", "。"])
def test_a_question_that_says_nothing_is_its_title(tmp_path, question):
    record = {"title": Q1, "ask": question, "answer": A1}
    (tmp_path / "crawl.jsonl").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    (row,) = read_rows(tmp_path / "crawl.jsonl")
    assert [(turn["role"][0], turn["content"]) for turn in row["messages"]] == PAIR
    assert {"placeholder": len(question)} == {entry["reason"]: entry["characters"] for entry in row["trace"]}


NAMES = [
    ("question_text", "answer_text"), ("src_text", "tgt_text"), ("source_text", "target_text"), ("input_text", "output_text"),
    ("patientQuestion", "doctorReply"), ("wenti", "huida"), ("tiwen_neirong", "huifu_neirong"), ("q_zh", "a_zh"),
    ("askContentStr", "replyContentStr"), ("patient_say", "doctor_say"), ("huanzheTiwen", "yishengHuifu"),
    ("prompt_text", "response_text"), ("提问内容", "医生回复内容"), ("userUtterance", "doctorUtterance"),
]  # fmt: skip


@pytest.mark.parametrize("names", NAMES)
def test_names_are_taken_apart(tmp_path, names):
    record = dict(zip(names, (Q1, A1), strict=True))
    lines = json.dumps({"n": 1, **record}, ensure_ascii=False)
    assert read_text(tmp_path, "crawl.jsonl", lines) == ([PAIR], [])


RULES = ["～～～～", "***", "———", "＝＝＝", "。。。。。。", "~ ~ ~", "· · ·", "☆☆☆", "……………", "┄┄┄┄", "-=-=-="]


@pytest.mark.parametrize("rule", RULES)
def test_rules_separate_dialogues(tmp_path, rule):
    talk = "\n".join(f"{name(r)}：{text}" for r, text in TURNS)
    assert read_text(tmp_path, "crawl.txt", f"\n{rule}\n".join([talk] * 3)) == ([TURNS] * 3, [])


@pytest.mark.parametrize("form", ["[{}] 问：{} 答：{} 问：{} 答：{}", "{}. 问：{} 答：{} 问：{} 答：{}"])
def test_lines_that_are_dialogues(tmp_path, form):
    lines = "\n".join(form.format(number, Q1, A1, Q2, A2) for number in (1, 2, 3))
    assert read_text(tmp_path, "crawl.txt", lines) == ([TURNS] * 3, [])


def test_lines_with_escaped_breaks_are_dialogues(tmp_path):
    line = "\\n".join(f"{name(r)}：{text}" for r, text in TURNS)
    assert read_text(tmp_path, "crawl.txt", f"{line}\n{line}\n") == ([TURNS] * 2, [])


@pytest.mark.parametrize("suffix", ["txt", "tsv"])
def test_speakers_and_tabs(tmp_path, suffix):
    talk = "\n".join(f"{name(r)}\t{text}" for r, text in TURNS)
    assert read_text(tmp_path, f"crawl.{suffix}", f"{talk}\n\n{talk}\n") == ([TURNS] * 2, [])


@pytest.mark.parametrize("header", ["", "key,day,sentA,sentB,channel\n"])
def test_columns_by_what_they_hold(tmp_path, header):
    texts = [(f"{Q1}{mark}", f"{A1}{mark}") for mark in "一二三四"]
    rows = "".join(f'{n},2020-02-1{n},"{asked}","{answered}",app\n' for n, (asked, answered) in enumerate(texts))
    expected = [[("u", asked), ("a", answered)] for asked, answered in texts]
    assert read_text(tmp_path, "crawl.csv", header + rows) == (expected, [])


def test_codes_with_a_third_for_notices(tmp_path):
    turns = [("s", "已接诊"), *TURNS, ("s", "问诊结束")]
    record = {"messages": [{"role": "uas".index(r), "content": text} for r, text in turns]}
    assert read_text(tmp_path, "crawl.jsonl", json.dumps(record, ensure_ascii=False)) == ([turns], [])


LONG = {
    "one line": "先查颈椎磁共振，再说。" * 20000, "many lines": "先查颈椎。\n" * 40000 + "完",
    "quotes": '他说"先查"颈椎，' * 25000, "commas": "查,颈椎" * 60000,
}  # fmt: skip


@pytest.mark.parametrize("form", LONG)
@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("header", ["question,answer", ""])
def test_cells_of_any_length(tmp_path, form, delimiter, header):
    rows = [(Q1, LONG[form]), (Q2, A2)]
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([*([header.split(",")] if header else []), *rows])
    expected = [[("u", asked), ("a", answered)] for asked, answered in rows]
    suffix = "csv" if delimiter == "," else "tsv"
    assert read_text(tmp_path, f"crawl.{suffix}", stream.getvalue().replace("\r\n", "\n")) == (expected, [])


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
def test_fields_of_any_length(tmp_path, suffix):
    rows = [{"question": Q1, "answer": text} for text in LONG.values()]
    path = tmp_path / f"crawl.{suffix}"
    if suffix == "parquet":
        pl.DataFrame(rows).write_parquet(path)
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines) if suffix == "jsonl" else f"[{','.join(lines)}]", encoding="utf-8")
    assert read_all(path) == ([[("u", Q1), ("a", text)] for text in LONG.values()], [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "pairs.jsonl",
            (
                '{"conversation": [{"system": "你是医生", "input": "牙龈出血一周", "output": "刷牙时出血还是自己出血"}, '
                '{"input": "刷牙时", "output": "先洗牙，仍出血再查血小板"}]}\n'
            ),
        ),
        (
            "rows.csv",
            "department,ask,answer\n"
            + "".join(f"口腔科,{n}号患者说牙龈出血一周,{n}号先洗牙，医生说仍出血再查\n" for n in range(9)),
        ),
    ],
)
def test_a_sentence_with_a_speaker_in_it_is_no_speaker(tmp_path, name, text):
    """An instruction (你是医生) or a question that says 患者 is not taken for the name of who speaks."""
    dialogues, quarantined = read_text(tmp_path, name, text)
    assert (len(dialogues), quarantined) == (text.count("\n") - name.endswith("csv"), [])
    assert all([role for role, _ in turns if role != "s"][:2] == ["u", "a"] for turns in dialogues)


MESSAGE_LINES = [
    '{"id": "Patients", "Sentence": "右耳堵了两天", "Symptom": ["耳堵"], "Drug": []}',
    '{"id": "Doctor", "Sentence": "游过泳吗\\n疼不疼", "Symptom": [], "Drug": []}',
    '{"id": "Patients", "Sentence": "前天游的", "Symptom": [], "Drug": []}',
    '{"id": "Doctor", "Sentence": "先来冲洗耵聍", "Symptom": [], "Drug": []}',
]


@pytest.mark.parametrize("divider", ["dialog{}\n", "\n", "# 第{}段对话\n", "\n=== {} ===\n"])
@pytest.mark.parametrize("suffix", ["txt", "json", "jsonl"])
def test_lines_of_one_message_are_divided_by_other_lines(tmp_path, divider, suffix):
    """One JSON message a line; a blank line, or one with a number, stands between dialogues."""
    text = "".join(divider.format(number) + "".join(f"{line}\n" for line in MESSAGE_LINES) for number in range(1, 6))
    dialogues, quarantined = read_text(tmp_path, f"lines.{suffix}", text)
    assert quarantined == []
    assert (
        dialogues == [[("u", "右耳堵了两天"), ("a", "游过泳吗\n疼不疼"), ("u", "前天游的"), ("a", "先来冲洗耵聍")]] * 5
    )


def test_a_broken_line_between_messages_is_quarantined(tmp_path):
    """What is too long to divide anything is no divider."""
    broken = '{"id": "Doctor", "Sentence": "这一行被截断了，后面还有很多话没有写完整，需要人来看'
    text = "".join(f"dialog{number}\n" + "\n".join([*MESSAGE_LINES, ""]) for number in range(1, 6))
    dialogues, quarantined = read_text(tmp_path, "lines.txt", text + broken + "\n")
    assert len(dialogues) == 5
    assert quarantined == [("line 26", "invalid_json")]
