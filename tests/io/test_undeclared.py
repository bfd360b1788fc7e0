"""Forms that nothing is declared for: codes for speakers, labels of every make, lists of pages, objects as texts."""

from __future__ import annotations

import json

import pytest

from cmtmed.io.crawl_files import match_files
from cmtmed.source import Source
from tests.support.reading import read_rows, read_text

TURNS = [
    ("u", "夜里小腿抽筋，一周两三次，是不是缺钙？"),
    ("a", "白天走路多不多？平时喝酒吗？"),
    ("u", "整天站着上班，不喝酒"),
    ("a", "睡前泡脚拉伸，查一下血钙和血镁。"),
]
OTHER = [
    ("u", "体检说甲状腺有个结节，四毫米，用开刀吗？"),
    ("a", "超声上写的是几级？"),
    ("u", "三级"),
    ("a", "多半是良性，一年复查一次超声即可。"),
]
(_, Q1), (_, A1), (_, Q2), (_, A2) = TURNS
PAIR = TURNS[:2]
BOTH = [TURNS, OTHER]


def list_messages(user, assistant, role="role", content="content", turns=TURNS):
    return [{role: user if r == "u" else assistant, content: text} for r, text in turns]


CODES = {
    "a type among others": {"msgs": [{**m, "t": n} for n, m in enumerate(list_messages(0, 1, "type", "msg"))]},
    "a type as text": {"list": list_messages("1", "2", "type", "content")},
    "a flag for the doctor": {"log": list_messages(user=False, assistant=True, role="is_doctor", content="body")},
    "a flag for the patient": {"log": list_messages(1, 0, "fromPatient", "words")},
    "codes and texts in objects": {"items": list_messages(1, 2, "senderRole", "content")},
    "objects with texts": {
        "items": [{"senderRole": 1 if r == "u" else 2, "kind": "TEXT", "content": {"text": t}} for r, t in TURNS]
    },
    "parts of texts": {
        "messages": [
            {"role": "user" if r == "u" else "assistant", "content": {"content_type": "text", "parts": [t]}}
            for r, t in TURNS
        ]
    },
}


@pytest.mark.parametrize("form", CODES)
def test_speakers_as_codes(tmp_path, form):
    lines = "\n".join(json.dumps(CODES[form], ensure_ascii=False) for _ in range(2))
    assert read_text(tmp_path, "crawl.jsonl", lines) == ([TURNS] * 2, [])


@pytest.mark.parametrize("notice", [0, 2])
def test_of_three_codes_that_of_notices_is_the_systems(tmp_path, notice):
    patient, doctor = [code for code in (0, 1, 2) if code != notice]
    messages = [
        {"type": notice, "content": "医生已接诊"},
        *list_messages(patient, doctor, "type"),
        {"type": notice, "content": "问诊已结束，请评价"},
    ]
    (dialogue,), quarantined = read_text(tmp_path, "a.json", json.dumps([{"messages": messages}], ensure_ascii=False))
    assert ([turn for turn in dialogue if turn[0] != "s"], quarantined) == (TURNS, [])
    assert dialogue[0] == ("s", "医生已接诊")


def test_one_message_with_a_number_is_no_dialogue(tmp_path):
    record = {"items": [{"type": 1, "content": Q1}], "n": 3}
    assert read_text(tmp_path, "a.jsonl", json.dumps(record, ensure_ascii=False))[0] == []


OBJECTS = {
    "texts and times": {"ask": {"text": Q1, "when": "2016-01-02"}, "reply": [{"reply_text": A1, "reply_time": "3"}]},
    "the same name inside": {"question": {"question": Q1, "link": "http://x.invalid/1"}, "answer": {"answer": A1}},
    "one text beside a person": {
        "answers": [{"doc": "某医生", "level": "主任医师", "hospital": "某院", "x": A1}],
        "q": Q1,
    },
    "letters": {"q": {"t": Q1, "time": "10:00"}, "a": {"t": A1, "name": "某"}},
    "a person's title": {"question": Q1, "doctor": {"name": "某", "title": "主治医师"}, "answer": A1},
    "an author's title": {"post": {"question": Q1}, "author": {"title": "副主任医师"}, "reply": A1},
    "answers that are empty": {"问题": Q1, "回答1": "", "回答2": A1, "回答3": None},
    "a department beside a question": {"咨询科室": "内科", "咨询问题": Q1, "医生回复": A1},
}


@pytest.mark.parametrize("form", OBJECTS)
def test_objects_where_texts_are_expected(tmp_path, form):
    line = json.dumps(OBJECTS[form], ensure_ascii=False)
    assert read_text(tmp_path, "crawl.jsonl", line) == ([PAIR], [])


def test_what_the_doctor_answers_stands_in_the_only_text(tmp_path):
    record = {"report": Q1, "dialogue": list_messages("患者", "医生", "speaker", "sentence", TURNS[1:])}
    assert read_text(tmp_path, "a.jsonl", json.dumps(record, ensure_ascii=False)) == ([TURNS], [])
    diagnosis = {"diagnosis": Q1, "dialogue": record["dialogue"]}
    assert read_text(tmp_path, "b.jsonl", json.dumps(diagnosis, ensure_ascii=False)) == ([TURNS[1:]], [])


def name(role, user="患者", assistant="医生"):
    return user if role == "u" else assistant


LABELS = {
    "bars and times": lambda n, r, t: f"{name(r)} | 09:0{n} | {t}",
    "numbers and bars": lambda n, r, t: f"{n} | {name(r)} | {t}",
    "arrows": lambda _, r, t: f"{name(r)} -> {t}",
    "equals signs": lambda _, r, t: f"{name(r)}={t}",
    "words on lines of their own": lambda _, r, t: f"{name(r, '求诊人', '应答人')}：\n    {t}",
    "persons and times": lambda n, r, t: f"{name(r, '网友小雨', '周某某 主任医师')}  2021-06-22 10:3{n}\n{t}",
    "times and persons": lambda n, r, t: f"2021-06-22 10:3{n}:00 {name(r, '海边的贝壳', '客服王医生')}\n{t}",
    "capitals of a prompt": lambda _, r, t: f"{name(r, 'USER', 'ASSISTANT')}: {t}" + ("</s>" if r == "a" else ""),
}


@pytest.mark.parametrize("layout", LABELS)
@pytest.mark.parametrize("separator", ["\n\n\n", "\n* * *\n"])
def test_labels(tmp_path, layout, separator):
    text = separator.join("\n".join(LABELS[layout](n, r, t) for n, (r, t) in enumerate(d)) for d in BOTH)
    assert read_text(tmp_path, "crawl.txt", text) == (BOTH, [])


@pytest.mark.parametrize(
    "line",
    [
        "[患者] {} [医生] {} [患者] {} [医生] {}",
        "【7】问：{} 答：{} 问：{} 答：{}",
        "〔病人〕{}〔大夫〕{}〔病人〕{}〔大夫〕{}",
    ],
)
def test_a_dialogue_a_line_with_labels_in_it(tmp_path, line):
    text = "\n".join(line.format(*(t for _, t in dialogue)) for dialogue in BOTH)
    assert read_text(tmp_path, "crawl.txt", text) == (BOTH, [])


def test_numbered_questions_in_words(tmp_path):
    pairs = [dialogue[:2] for dialogue in BOTH]
    text = "\n\n".join(f"问题{n}：{q}\n医生回答：{a}" for n, ((_, q), (_, a)) in enumerate(pairs, start=1))
    assert read_text(tmp_path, "crawl.txt", text) == (pairs, [])


def test_a_task_alone_asks(tmp_path):
    record = {"text": f"### 指令：\n{Q1}\n\n### 回答：\n{A1}"}
    assert read_text(tmp_path, "crawl.jsonl", json.dumps(record, ensure_ascii=False)) == ([PAIR], [])


ENDINGS = {
    "labels": "\n总结建议：按时复查\n初步诊断：待查",
    "tabs": "\n标注\tB-症状\t3\n满意度：5星",
    "numbered headings": "\n二、诊断\n待查\n三、处理\n随诊",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_platform_prints_below_the_talk_is_left_out(tmp_path, ending):
    talks = ["\n".join(f"{name(r)}：{t}" for r, t in dialogue) for dialogue in BOTH * 2]
    (tmp_path / "a.txt").write_text("\n\n".join(f"{talk}{ENDINGS[ending]}" for talk in talks), encoding="utf-8")
    rows = read_rows(tmp_path / "a.txt")
    assert [[(t["role"][0], t["content"]) for t in row["messages"]] for row in rows] == BOTH * 2
    left_out = {entry["reason"]: entry["characters"] for entry in rows[0]["trace"]}
    assert left_out["trailing_block"] == len("".join(ENDINGS[ending].split()))


def test_a_doctors_own_parts_stay(tmp_path):
    """Labels by which a doctor divides an answer are no ending."""
    answer = "病情分析：考虑缺镁。\n指导意见：补镁两周。"
    text = "\n\n".join(f"患者：{q}\n医生：{answer}" for q in (Q1, Q2))
    assert read_text(tmp_path, "a.txt", text)[0] == [[("u", q), ("a", answer)] for q in (Q1, Q2)]


TABLES = {
    "a quoted cell of JSON": 'history\tquery\tresponse\n"[[""{0}"", ""{1}""]]"\t{2}\t{3}\n',
    "a column of one name twice": "编号,内容,时间,内容,时间\n7,{0},1,{1},2\n8,{2},3,{3},4\n",
    "candidates": "0\t1\t骨科\t{0}\t{1}\n0\t0\t骨科\t{0}\t{3}\n1\t1\t骨科\t{2}\t{3}\n",
    "a second column of answers": "question,answer,answer\n{0},{1},{3}\n",
}
EXPECTED = {
    "a quoted cell of JSON": [TURNS],
    "a column of one name twice": [PAIR, TURNS[2:]],
    "candidates": [PAIR, [TURNS[0], TURNS[3]], TURNS[2:]],
    "a second column of answers": [PAIR, [TURNS[0], TURNS[3]]],
}


@pytest.mark.parametrize("form", TABLES)
def test_tables(tmp_path, form):
    text = TABLES[form].format(*(t.replace("，", "、") for _, t in TURNS))
    suffix = "tsv" if form == "a quoted cell of JSON" else "txt" if "\t" in text else "csv"
    expected = [[(r, t.replace("，", "、")) for r, t in dialogue] for dialogue in EXPECTED[form]]
    assert read_text(tmp_path, f"crawl.{suffix}", text) == (expected, [])


@pytest.mark.parametrize("column", ["会话", "k", "批次"])
@pytest.mark.parametrize("names", [("患者", "医生"), (0, 1)])
def test_utterances_are_grouped_by_what_they_have_in_common(tmp_path, column, names):
    role = "发送人" if names[0] else "type"
    rows = [
        f"{n},{names[r == 'a']},{t.replace('，', '、')},骨科"
        for n, dialogue in enumerate(BOTH * 2)
        for r, t in dialogue
    ]
    text = "\n".join([f"{column},{role},内容,科室", *rows])
    expected = [[(r, t.replace("，", "、")) for r, t in dialogue] for dialogue in BOTH * 2]
    assert read_text(tmp_path, "crawl.csv", text) == (expected, [])


def page(body):
    return f"<html><body><nav>首页 登录</nav>{body}<p>上一页 下一页</p><footer>版权所有</footer></body></html>"


def join(form, dialogue):
    return "".join(form.format(name=name(r), text=t, time=f"10:2{n}") for n, (r, t) in enumerate(dialogue))


PAGES = {
    "definition lists": lambda d: f"<h3>病例</h3><dl>{join('<dt>{name}</dt><dd>{text}</dd>', d)}</dl>",
    "tables with names of columns": lambda d: (
        "<table><tr><th>时间</th><th>发言人</th><th>内容</th></tr>"
        f"{join('<tr><td>{time}</td><td>{name}</td><td>{text}</td></tr>', d)}</table>"
    ),
    "tables of two columns": lambda d: f"<table>{join('<tr><td>{name}</td><td>{text}</td></tr>', d)}</table>",
    "elements": lambda d: f"<div class='x'>{join('<div><b>{name}</b><p>{text}</p></div>', d)}</div>",
    "elements inside others": lambda d: f"<li><div>{join('<p>{name}：{text}</p>', d)}</div></li>",
}


@pytest.mark.parametrize("form", PAGES)
def test_pages(tmp_path, form):
    (tmp_path / "a.html").write_text(page("".join(map(PAGES[form], BOTH))), encoding="utf-8")
    rows = read_rows(tmp_path / "a.html")
    assert [[(t["role"][0], t["content"]) for t in row["messages"]] for row in rows] == BOTH
    assert "outside_dialogue" in {entry["reason"] for entry in rows[0]["trace"]}


def test_a_page_lists_questions_with_their_answers(tmp_path):
    rows = "".join(f"<tr><td>{n}</td><td>{d[0][1]}</td><td>{d[1][1]}</td></tr>" for n, d in enumerate(BOTH))
    text = page(f"<table><tr><th>序号</th><th>问题</th><th>回答</th></tr>{rows}</table>")
    assert read_text(tmp_path, "a.html", text) == ([d[:2] for d in BOTH], [])


def test_files_that_tell_about_others_are_no_crawl(tmp_path):
    for file in ("data-00000-of-00001.arrow", "dataset_info.json", "state.json"):
        (tmp_path / file).write_text("{}", encoding="utf-8")
    sources = [Source(name="crawl")]
    assert [file.name for file in match_files([tmp_path], sources)] == ["data-00000-of-00001.arrow"]
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "state.json").write_text("{}", encoding="utf-8")
    assert [file.name for file in match_files([alone], sources)] == ["state.json"]


ROUNDS = {
    "objects": {"turn1": {"user": Q1, "bot": A1}, "turn2": {"user": Q2, "bot": A2}},
    "numbers in the middle": {"编号": 7, "第1轮患者": Q1, "第1轮医生": A1, "第2轮患者": Q2, "第2轮医生": A2},
    "Chinese numbers": {"第一轮提问": Q1, "第一轮回答": A1, "第二轮提问": Q2, "第二轮回答": A2},
}


@pytest.mark.parametrize("form", ROUNDS)
def test_rounds(tmp_path, form):
    lines = "\n".join(json.dumps(ROUNDS[form], ensure_ascii=False) for _ in range(3))
    assert read_text(tmp_path, "crawl.jsonl", lines) == ([TURNS] * 3, [])


def test_running_numbers_before_questions_alone_separate_dialogues(tmp_path):
    pairs = [dialogue[:2] for dialogue in BOTH]
    text = "\n".join(f"{n}、问：{q}\n答：{a}" for n, ((_, q), (_, a)) in enumerate(pairs, start=1))
    assert read_text(tmp_path, "a.txt", text) == (pairs, [])
    # Numbers before the labels of both sides count turns.
    turns = "\n".join(f"{n}、{name(r)}：{t}" for n, (r, t) in enumerate(TURNS, start=1))
    assert read_text(tmp_path, "b.txt", turns) == ([TURNS], [])


def test_a_time_after_a_name_is_no_text(tmp_path):
    text = "\n".join(f"{name(r, '小雨', '周医生')} 10:2{n}\n{t}" for n, (r, t) in enumerate(TURNS))
    assert read_text(tmp_path, "a.txt", f"{text}\n\n\n{text}") == ([TURNS] * 2, [])


def test_subtitles(tmp_path):
    cues = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{name(r)}：{t}\n" for n, (r, t) in enumerate(TURNS, start=1)]
    (tmp_path / "a.srt").write_text("\n".join(cues), encoding="utf-8")
    (row,) = read_rows(tmp_path / "a.srt")
    assert [(t["role"][0], t["content"]) for t in row["messages"]] == TURNS
    assert {entry["reason"] for entry in row["trace"]} == {"heading", "speaker"}


def test_a_table_in_markdown(tmp_path):
    rows = "\n".join(f"| {d[0][1]} | {d[1][1]} |" for d in BOTH)
    text = f"| 问题 | 回答 |\n|:---|---:|\n{rows}\n"
    assert read_text(tmp_path, "a.md", text) == ([d[:2] for d in BOTH], [])


def test_a_workbook_that_is_a_page(tmp_path):
    rows = "".join(f"<tr><td>{d[0][1]}</td><td>{d[1][1]}</td></tr>" for d in BOTH)
    text = f"<html><body><table><tr><td>问题</td><td>回答</td></tr>{rows}</table></body></html>"
    assert read_text(tmp_path, "a.xls", text) == ([d[:2] for d in BOTH], [])
