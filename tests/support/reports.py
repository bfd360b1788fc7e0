"""Builds whose page is looked at: the example crawl, one that is hostile, one that marks all of its text."""

from __future__ import annotations

import cmtmed
from tests.support.files import write_json_lines

HOSTILE = [
    "</script><script>window.hacked = 1; alert(1)</script>头痛三天",
    '<img src=x onerror="window.hacked = 1; alert(2)">咳嗽一周',
    "<svg onload=alert(3)>胃胀，请看 javascript:alert(4) 和 https://evil.invalid/x.png",
    "膝盖疼\u202e这里的方向被改了\u202d，上下楼明显{{ 7 * 7 }}${alert(5)}",
    "<!--<script>嗓子疼--><iframe src=javascript:alert(6)></iframe>",
]
SOURCE = "<img.src=x.onerror=alert(7)>"
DEPARTMENT = "<b onmouseover=alert(8)>内科</b>\u202e"
CANARIES = {
    "id": "canaryid{}",
    "department": "金丝雀科{}",
    "cate2": "金丝雀亚科{}",
    "question": "金丝雀问{}，头痛三天了，早上起来最厉害",
    "answer": "金丝雀答{}，您好，发烧吗？先量血压",
}


def build_demo(folder):
    """Build the example crawl."""
    cmtmed.build(cmtmed.bundled("examples/demo.yaml"), [cmtmed.bundled("examples/crawl")], folder / "out", workers=1)
    return folder / "out"


def build_hostile(folder):
    """Build a crawl whose every word tries to be more than a word. Nothing cleans it: no such stage."""
    records = [
        {
            "id": f"<i>{number}</i>\"'&",
            "department": DEPARTMENT,
            "question": f"{text}第{number}次",
            "answer": f"多久了？{text}",
        }
        for number in range(4)
        for text in HOSTILE
    ]
    records.append({"id": "long", "question": "很长" * 4000, "answer": HOSTILE[0]})
    file = write_json_lines(folder / "<img src=x onerror=alert(9)>.jsonl", [*records, *records[:2]])
    tests = write_json_lines(folder / "tests.jsonl", [{"id": "t", "question": records[0]["question"], "answer": "好"}])
    pipeline = cmtmed.Pipeline.parse(
        {
            "name": "<script>alert(10)</script>",
            "sources": [{"name": SOURCE, "match": tests.name}, {"name": "crawl"}],
            "stages": [
                {"drop_benchmark_overlap": {"test_sources": [SOURCE], "min_chars": 5}},
                "tag_inquiries",
                {"drop_duplicates": {"threshold": 1.0}},
                "assign_split",
            ],
        }
    )
    cmtmed.build(pipeline, [file, tests], folder / "out", workers=1)
    return folder / "out"


def build_canaries(folder):
    """Build a crawl with a canary in every text column; nine dialogues share each department."""
    records = [
        {name: frame.format(f"{number % 3}" if name in {"department", "cate2"} else f"甲乙丙丁戊{number}" * 3)
         for name, frame in CANARIES.items()}
        for number in range(27)
    ]  # fmt: skip
    records += [
        {**records[0], "id": "canaryidcopy"},
        {**records[1], "id": "canaryidshort", "question": "金丝雀短", "answer": "好"},
    ]
    file = write_json_lines(folder / "crawl.jsonl", records)
    with file.open("a", encoding="utf-8") as stream:
        stream.write('{"question": "金丝雀坏\n')
    cmtmed.build("cmtmedqa", [file], folder / "out", workers=1)
    return folder / "out"
