"""Dialogues of `../shared`, read by hand: for each file a few lines that know its form, with json and csv alone.

They share no code with the library's readers. ``read_gold(path)`` returns the dialogues of a file as lists of
(role, text), or None if the file has no reading here.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Dialogue = list[tuple[str, str]]
csv.field_size_limit(sys.maxsize)


def _qa(question: str, answer: str) -> Dialogue:
    return [("user", question), ("assistant", answer)]


def _load_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _load_rows(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def _alternate(texts: Sequence[str]) -> Dialogue:
    return [(("user", "assistant")[number % 2], text) for number, text in enumerate(texts)]


def _read_cmtmedqa(path: Path) -> list[Dialogue]:
    dialogues = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        turns = [text for pair in row.get("history", []) for text in pair]
        turns += [row.get("instruction") or row.get("instruct"), row["output"]]
        dialogues.append(_alternate(turns))
    return dialogues


def _read_huatuo26m(path: Path) -> list[Dialogue]:
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [_qa(row["instruction"][0], answer) for row in rows for answer in row["output"]]


def _read_tagged(path: Path) -> list[Dialogue]:
    dialogues = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        parts = re.split(r"<(user|bot)>:", row["instruction"])[1:]
        turns = [part.strip() for part in parts[1::2]]
        dialogues.append(_alternate([*turns, row["output"]]))
    return dialogues


def _read_roles(path: Path, key: str, role: str, content: str, patient: str) -> list[Dialogue]:
    return [
        [("user" if turn[role] == patient else "assistant", turn[content]) for turn in row[key]]
        for row in _load_lines(path)
    ]


def _read_ranked(path: Path) -> list[Dialogue]:
    dialogues = []
    for row in _load_lines(path):
        turns = [
            ({"human": "user", "gpt": "assistant", "system": "system"}[turn["from"]], turn["value"])
            for turn in row["conversations"]
        ]
        dialogues.append([*turns, ("assistant", row["chosen"])])
    return dialogues


def _join_title(title: str, question: str) -> str:
    """Return the title above the question, or the question alone where it holds the title already."""
    return question if "".join(title.split()) in "".join(question.split()) else f"{title}\n{question}"


def _read_toyhom_text(path: Path) -> list[Dialogue]:
    text = path.read_text(encoding="gb18030")
    blocks = [[line for line in block.split("\n") if line.strip()] for block in re.split(r"\n\s*\n", text)]
    return [_qa(block[0], block[1]) for block in blocks if len(block) == 2]


_Reader = Callable[[Path], list[Dialogue]]
_REAL: dict[str, _Reader] = {
    "zhongjing/CMtMedQA_test.json": _read_cmtmedqa,
    "zhongjing/huatuo26M_test.json": _read_huatuo26m,
    "toyhom/internal_medicine.gb18030.csv": lambda path: [
        _qa(_join_title(row["title"], row["ask"]), row["answer"]) for row in _load_rows(path, "gb18030")
    ],
    "toyhom/internal_medicine.gb18030.txt": _read_toyhom_text,
    "remedi/doctor_acts_dev.jsonl": lambda path: [_qa(row["patient"], row["doctor"]) for row in _load_lines(path)],
    "disc_medllm/scored_dialogues.jsonl": lambda path: _read_roles(path, "turns", "role", "content", "patient"),
    "disc_medllm/test_examples.jsonl": lambda path: _read_roles(path, "conversation", "role", "content", "user"),
    "medicalgpt/reward_test.json": lambda path: [_qa(r["question"], r["response_chosen"]) for r in _load_lines(path)],
    "medicalgpt/dpo_zh_500.jsonl": _read_ranked,
    "medicalgpt/medical_sft_1K_format.jsonl": lambda path: _read_roles(path, "conversations", "from", "value", "human"),
    "medicalgpt/medical_corpus.txt": lambda path: [_qa(row["问"], row["答"]) for row in _load_lines(path)],
    "huatuo_llama/liver_cancer.json": _read_tagged,
    "huatuogpt/med_dialog_100.json": lambda path: [
        _qa(row["medical_case"], row["doctor_diagnosis"]) for row in json.loads(path.read_text(encoding="utf-8"))
    ],
}


def _read_objects(path: Path) -> list[Any]:
    """Return the JSON values of a file one after another, whatever stands between them."""
    text = path.read_text(encoding="utf-8").replace("\ufeff", "").replace(",}", "}")
    if path.suffix == ".jsonl":
        text = re.sub(r"\},\s*\n", "}\n", text)
    decoder, values, position = json.JSONDecoder(), [], 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        value, position = decoder.raw_decode(text, position)
        values += value if isinstance(value, list) else [value]
    return values


def _pairs(question: str, answer: str, load: Callable[[Path], list[Any]] = _read_objects) -> _Reader:
    return lambda path: [_qa(row[question], row[answer]) for row in load(path)]


def _read_pages(path: Path) -> list[Dialogue]:
    """The pages of the cases, with the texts that a browser shows."""
    if path.name == "a.html":
        return [
            _qa("孩子咳嗽三天晚上发烧38.5度没有吐吃饭还行喝水正常", "多大了有没有痰？布洛芬5ml每日不超过4次"),
            _qa("这两天头有点晕，不知道要不要去医院看看", ""),
        ]
    return []


def _read_self_report(path: Path) -> list[Dialogue]:
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = list(content.values()) if isinstance(content, dict) else content
    return [
        [
            ("user", row["self_report"]),
            *(("user" if t["speaker"] == "患者" else "assistant", t["sentence"]) for t in row["dialogue"]),
        ]
        for row in rows
    ]


def _label_texts(texts: Sequence[str]) -> Dialogue:
    return [("user" if text[0] in "患病问" else "assistant", re.split("[：:]", text, maxsplit=1)[1]) for text in texts]


def _read_transcript(path: Path) -> list[Dialogue]:
    text = path.read_text(encoding="utf-8")
    lead = r"(?:^|\n)(?:\[\d\d:\d\d\] |\d\. )?"
    label = lead + r"[^\n：:]*?(患者|病人|民眾|张医生|医生|醫師)[^\n：:]*?(?:[】：:]|\d\d:\d\d:\d\d\n)"
    turns = re.split(label, text)[1:]
    return [
        [
            ("user" if name in {"患者", "病人"} else "assistant", said)
            for name, said in zip(turns[::2], turns[1::2], strict=True)
        ]
    ]


_ROLES = {"患者": "user", "user": "user", "医生": "assistant", "assistant": "assistant", "系统": "system"}


def _read_messages(path: Path) -> list[Dialogue]:
    dialogues = []
    for row in _load_lines(path):
        if "messages" in row:
            dialogues.append([(_ROLES[turn["role"]], turn["content"]) for turn in row["messages"]])
        else:
            earlier = [text for pair in row.get("history", []) for text in pair]
            question, answer = row.get("question") or row["instruction"], row.get("answer") or row["output"]
            dialogues.append(_alternate([*earlier, question, answer]))
    return dialogues


_CASES: dict[str, _Reader] = {
    "02-*/*_[flnpv]?.csv": _pairs("ask", "answer", _load_rows),
    "03-*/*.csv": _pairs("ask", "answer", _load_rows),
    "06-*/02_*.json": _pairs("question", "answer"),
    "06-*/02b_*.json": _pairs("question", "answer"),
    "06-*/12_*.jsonl": _pairs("question", "answer"),
    "08-*/04_*.jsonl": lambda p: [_qa(f"{r['title']}{r['desc']}", r["answer"]) for r in _load_lines(p)],
    "08-*/07_*.jsonl": _pairs("question", "answer"),
    "08-*/20_*.jsonl": lambda p: [_qa(r["question"], a["content"]) for r in _load_lines(p) for a in r["answers"]],
    "08-*/21b_*.jsonl": lambda p: [_qa(f"{r['title']}{r['content']}", r["answer"]) for r in _load_lines(p)],
    "08-*/24_*.jsonl": _pairs("input", "output"),
    "10-*/*.jsonl": _read_messages,
    "09-*/*.jsonl": _read_messages,
    "13-*/*.jsonl": _pairs("question", "answer"),
    "14-*/02*.jsonl": _pairs("question", "answer"),
    "14-*/03*": _pairs("question", "answer"),
    "14-*/04*": lambda p: [_qa(r["question"], r["answer"]) for r in json.loads(p.read_text("utf-8"))["data"]],
    "14-*/05b*": _read_self_report,
    "14-*/13*": _pairs("question", "answer"),
    "14-*/16b*": _pairs("question", "answer"),
    "15-*/delim_semi.csv": _pairs("ask", "answer", lambda p: _load_rows(p, delimiter=";")),
    "15-*/header_caps.csv": _pairs("Question", "Answer", _load_rows),
    "15-*/utf16_excel.csv": _pairs("ask", "answer", lambda p: _load_rows(p, "utf-16", "\t")),
    "16-*/01_*.jsonl": lambda p: [_label_texts(row["data"]) for row in _load_lines(p)],
    "16-*/02_*.jsonl": lambda p: [
        _alternate([t for x in r["conversation"] for t in x.values()]) for r in _load_lines(p)
    ],
    "16-*/04_*.jsonl": lambda p: [_qa(row["questions"][0][0], row["answers"][0]) for row in _load_lines(p)],
    "16-*/06_*.jsonl": lambda p: [_alternate([*r["history"], r["instruction"], r["output"]]) for r in _load_lines(p)],
    "16-*/06c_*.jsonl": lambda p: [
        _alternate([*(t["content"] for t in r["history"]), r["prompt"], r["response"]]) for r in _load_lines(p)
    ],
    "16-*/14_*.json": lambda p: [
        _alternate([t["Sentence"] for t in row]) for row in json.loads(p.read_text(encoding="utf-8"))
    ],
    "16-*/19_*.jsonl": lambda p: [_label_texts(row["dialogue"]) for row in _load_lines(p)],
    "20-*/*.txt": _read_transcript,
    "crawl-self_report/*.json": _read_self_report,
    "crawl-shapes/imcs*.json": _read_self_report,
    "crawl-shapes/answers.jsonl": lambda p: [
        _qa(r["question"], a) for r in _load_lines(p) for a in r.get("answers", r.get("answer"))
    ],
    "crawl-shapes/list.json": lambda p: [_label_texts(row) for row in json.loads(p.read_text(encoding="utf-8"))],
    "crawl-shapes/meddialog.json": lambda p: [
        [("user", r["Description"]), *_label_texts(r["Dialogue"])[1:]] for r in json.loads(p.read_text("utf-8"))
    ],
    "crawl-shapes/nohead.csv": lambda p: [_qa(*line.split(",")) for line in p.read_text("utf-8").splitlines()],
    "crawl-shapes/qa.csv": lambda p: [_qa(f"{r['标题']}{r['描述']}", r["医生回复"]) for r in _load_rows(p)],
    "crawl-shapes/semi.csv": _pairs("question", "answer", lambda p: _load_rows(p, delimiter=";")),
    "crawl-shapes/nested.jsonl": lambda p: [
        _qa(r["data"]["question"], a["content"]) for r in _load_lines(p) for a in r["data"]["answers"]
    ],
    "crawl-system_mid/chat.jsonl": _read_messages,
    "crawl-canned_order/a.jsonl": _read_messages,
}


def read_gold(path: Path) -> list[Dialogue] | None:
    """Return the dialogues of a file of ``../shared/data`` or ``../shared/cases/reading``, or None."""
    reader = _REAL.get("/".join(path.parts[-2:]))
    if reader is None:
        reader = next((read for pattern, read in _CASES.items() if path.match(pattern)), None)
    return None if reader is None else reader(path)
