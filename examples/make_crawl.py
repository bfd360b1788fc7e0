"""Render the dialogues of ``examples/dialogues`` as the dirty crawl of ``examples/crawl``: ``python examples/make_crawl.py [OUT]``.

The dialogues are written by hand in ``part_*.yaml``, in simplified Chinese, with the dirt that a cleaning pipeline
repairs already in their words. This script adds the dirt of files: six formats, four encodings, two scripts, records
that nobody can read (`BROKEN`). It is deterministic: the same YAML gives the same bytes.

HTML threads are found by these selectors: dialogue ``div.thread``, id ``@data-id``, department ``@data-department``,
turn ``div.post``, role ``span.author``, text ``div.content``.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from opencc import OpenCC

HERE: Final = Path(__file__).parent
EXPECTATIONS: Final = (
    "kept", "too_few_turns", "too_short", "one_speaker", "empty", "boilerplate", "exact_duplicate", "near_duplicate"
)  # fmt: skip
CSV_HEADER: Final = ("id", "department", "title", "ask", "answer")
RULE: Final = "-" * 24


@dataclass(frozen=True)
class Turn:
    """What one side says."""

    doctor: bool
    text: str


@dataclass(frozen=True)
class Dialogue:
    """One entry of ``part_*.yaml``: what it says, where it goes and what a pipeline should make of it."""

    key: str
    file: str
    turns: tuple[Turn, ...]
    expect: str
    department: str | None = None
    of: str | None = None
    marks: dict[str, int] = field(default_factory=dict)
    inquiries: int = 0
    note: str = ""

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> Dialogue:
        """Build a dialogue from its YAML entry; a field that is misspelt or missing stops everything."""
        try:
            turns = tuple(Turn(side == "d", text) for turn in entry["turns"] for side, text in turn.items())
            return cls(**{**entry, "turns": turns})
        except (TypeError, KeyError, AttributeError) as error:
            raise SystemExit(f"{entry.get('key')}: {error}") from None


@dataclass(frozen=True)
class Broken:
    """A record that no reader should accept.

    Attributes:
        after: how many good records stand before it in its file.
        raw: the record as it stands in the file, before encoding, with its line break.
        reason: the quarantine reason it should get.
    """

    after: int
    raw: str
    reason: str


BROKEN: Final[dict[str, tuple[Broken, ...]]] = {
    "clinic_qa.csv": (
        Broken(3, "q9001,呼吸内科,咳嗽要不要拍片\r\n", "ragged_row"),  # the answer was cut off
        Broken(9, "q9002,皮肤科,湿疹,手上起疹子,很痒,要用什么药,先看看照片\r\n", "ragged_row"),  # commas without quotes
    ),
    "consult_log.jsonl.gz": (
        Broken(5, '{"id": "q9003", "instruction": "宝宝发烧39℃", "output": "多大了？有没有\n', "invalid_json"),
        Broken(11, '{"id": "q9004", "instruction": {"voice": "1.amr"}, "output": "请打字。"}\n', "wrong_type"),
    ),
}


def load(folder: Path) -> list[Dialogue]:
    """Read and check every ``part_*.yaml`` of a folder, in order of their names."""
    found = [
        Dialogue.parse(entry)
        for path in sorted(folder.glob("part_*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]
    keys = Counter(dialogue.key for dialogue in found)
    for dialogue in found:
        problem = _problem(dialogue, keys)
        if problem:
            raise SystemExit(f"{dialogue.key}: {problem}")
    return found


def _problem(dialogue: Dialogue, keys: Counter[str]) -> str | None:
    if keys[dialogue.key] > 1:
        return "this key stands twice"
    if dialogue.file not in FILES:
        return f"unknown file {dialogue.file!r}; known: {', '.join(FILES)}"
    if dialogue.expect not in EXPECTATIONS:
        return f"unknown expectation {dialogue.expect!r}; known: {', '.join(EXPECTATIONS)}"
    if dialogue.of is not None and dialogue.of not in keys:
        return f"'of' names {dialogue.of!r}, which is no key"
    if dialogue.expect.endswith("_duplicate") and dialogue.of is None:
        return "a duplicate says with 'of' which dialogue is kept"
    if dialogue.file == "gb18030_csv" and [turn.doctor for turn in dialogue.turns] != [False, True]:
        return "a row of the CSV file holds one patient and one doctor turn"
    return None


def pairs(turns: Iterable[Turn]) -> list[list[str]]:
    """Press turns into [patient, doctor] pairs; where a side is silent its half stays empty, as crawls have it."""
    made: list[list[str]] = []
    answered = True
    for turn in turns:
        if not turn.doctor:
            made.append([turn.text, ""])
        elif answered:
            made.append(["", turn.text])
        else:
            made[-1][1] = turn.text
        answered = turn.doctor
    return made


def clinic_qa(dialogues: Sequence[Dialogue]) -> bytes:
    """GB18030 CSV, one question and one answer a row; the title is how the question begins."""
    rows = [_csv_row(CSV_HEADER)]
    for dialogue in dialogues:
        ask, answer = (turn.text for turn in dialogue.turns)
        title = re.split(r"[，。！？<\[]", ask)[0][:30]
        rows.append(_csv_row((dialogue.key, dialogue.department or "", title, ask, answer)))
    header, *records = rows
    return "".join([header, *_with_broken("clinic_qa.csv", records)]).encode("gb18030")


def _csv_row(fields: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(fields)
    return written.getvalue()


def consult_log(dialogues: Sequence[Dialogue]) -> bytes:
    """Gzipped JSON lines: earlier pairs in ``history``, the last one in ``instruction`` and ``output``."""
    records = []
    for dialogue in dialogues:
        *history, (question, answer) = pairs(dialogue.turns)
        record = {
            "id": dialogue.key,
            "cate1": dialogue.department,
            "instruction": question,
            "input": "",
            "output": answer,
            "history": history,
        }
        records.append(json.dumps(record, ensure_ascii=False) + "\n")
    text = "".join(_with_broken("consult_log.jsonl.gz", records))
    written = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=written, mtime=0) as packed:
        packed.write(text.encode("utf-8"))
    return written.getvalue()


def sharegpt(dialogues: Sequence[Dialogue]) -> bytes:
    """A JSON array in UTF-8 with a byte order mark."""
    records = [
        {
            "id": dialogue.key,
            "department": dialogue.department,
            "conversations": _told(dialogue, ("from", "value"), ("human", "gpt")),
        }
        for dialogue in dialogues
    ]
    return json.dumps(records, ensure_ascii=False, indent=1).encode("utf-8-sig")


def _told(dialogue: Dialogue, fields: tuple[str, str], roles: tuple[str, str]) -> list[dict[str, str]]:
    return [dict(zip(fields, (roles[turn.doctor], turn.text), strict=True)) for turn in dialogue.turns]


def transcripts(dialogues: Sequence[Dialogue]) -> bytes:
    """Transcripts in Big5, in the traditional script as Taiwan writes it: the variants of s2t are not in Big5."""
    convert = OpenCC("s2tw").convert
    records = []
    for dialogue in dialogues:
        lines = [f"编号：{dialogue.key}"]
        if dialogue.department:
            lines.append(f"科别：{dialogue.department}")
        lines += [f"{'医生' if turn.doctor else '患者'}：{turn.text}" for turn in dialogue.turns]
        text = convert("\n".join(lines))
        if lost := [character for character in text if not character.encode("big5", "ignore")]:
            raise SystemExit(f"{dialogue.key}: not in Big5: {' '.join(lost)}; reword it or move it to another file")
        records.append(text)
    return (f"\n{RULE}\n".join(records) + "\n").encode("big5")


_PAGE: Final = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>{title} - 云舟健康问诊社区</title>
<style>.post {{ margin: 1em; }} .ad-box {{ color: #c00; }}</style>
<script>var page = {{"id": {number}, "tip": "<div class='post'>下载APP</div>"}};</script>
</head>
<body>
<nav class="site-nav"><a href="/">首页</a> | <a href="/doctors">找医生</a> | <a href="/app">下载云舟健康APP</a></nav>
{threads}
<aside class="ad-box">【推广】家用血压计限时优惠，点击查看</aside>
<footer>本站内容仅供参考 &copy; 云舟健康</footer>
<script src="/static/track.js"></script>
</body>
</html>
"""
_THREAD: Final = """<div class="thread" data-id="{key}" data-department="{department}">
<h2 class="title">{title}</h2>
{posts}
</div>"""
_POST: Final = """<div class="post {side}">
  <span class="author">{author}</span> <span class="floor">{floor}楼</span>
  <div class="content">{text}</div>
</div>"""
_AD_BOX: Final = '<div class="ad-box">名医在线，首单立减，<a href="/buy">立即咨询</a></div>'


def forum_pages(dialogues: Sequence[Dialogue]) -> bytes:
    """A zip archive of HTML pages with one, two or three threads each."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        number, start = 0, 0
        while start < len(dialogues):
            count = 1 + number % 3
            number += 1
            threads = [_thread(dialogue) for dialogue in dialogues[start : start + count]]
            page = _PAGE.format(title=f"第{number}页", number=number, threads="\n".join(threads))
            # A fixed date and no compression: neither the clock nor the version of zlib shows.
            archive.writestr(zipfile.ZipInfo(f"pages/{number:04d}.html", (1980, 1, 1, 0, 0, 0)), page.encode("utf-8"))
            start += count
    return written.getvalue()


def _thread(dialogue: Dialogue) -> str:
    posts = [
        _POST.format(
            side="doctor" if turn.doctor else "patient",
            author="医生" if turn.doctor else "患者",
            floor=floor,
            text=html.escape(turn.text, quote=False).replace("\n", "<br>\n"),
        )
        for floor, turn in enumerate(dialogue.turns, start=1)
    ]
    posts.insert(1, _AD_BOX)
    return _THREAD.format(
        key=dialogue.key,
        department=dialogue.department or "",
        title=f"{dialogue.department or '在线'}问诊记录",
        posts="\n".join(posts),
    )


def messages(dialogues: Sequence[Dialogue]) -> bytes:
    """Parquet with OpenAI messages."""
    rows = [
        {
            "id": dialogue.key,
            "department": dialogue.department,
            "messages": _told(dialogue, ("role", "content"), ("user", "assistant")),
        }
        for dialogue in dialogues
    ]
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("id", pa.string()), ("department", pa.string()), ("messages", pa.list_(message))])
    written = io.BytesIO()
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, written, version="2.6", compression="none", use_dictionary=False, write_statistics=False)
    return written.getvalue()


def _with_broken(name: str, records: Sequence[str]) -> list[str]:
    """Put the broken records of a file where `BROKEN` says."""
    mixed: list[str] = []
    for place, record in enumerate([*records, ""]):
        mixed += [broken.raw for broken in BROKEN[name] if broken.after == place]
        mixed.append(record)
    return mixed


@dataclass(frozen=True)
class File:
    """One file of the crawl: what it is called, how it is written, what it is."""

    name: str
    write: Callable[[Sequence[Dialogue]], bytes]
    about: str


FILES: Final = {
    "gb18030_csv": File("clinic_qa.csv", clinic_qa, "GB18030 CSV: id, department, title, ask, answer"),
    "jsonl_gz": File("consult_log.jsonl.gz", consult_log, "gzipped JSON lines: history, instruction, output"),
    "html": File("forum_pages.zip", forum_pages, "zip of UTF-8 HTML pages, one to three threads each"),
    "parquet": File("messages.parquet", messages, "Parquet: messages with role and content"),
    "sharegpt_json": File("sharegpt.json", sharegpt, "JSON array with a byte order mark: from, value"),
    "big5_transcript": File("transcripts_big5.txt", transcripts, "Big5, traditional: speaker prefixes"),
}
"""In order of the files' names, which is the order in which a build reads them."""


def expected(dialogues: Sequence[Dialogue]) -> dict[str, Any]:
    """Return what a pipeline should make of the crawl: per dialogue, and in total."""
    identifiers = sum((Counter(dialogue.marks) for dialogue in dialogues), Counter[str]())
    return {
        "dialogues": {
            dialogue.key: {
                "file": FILES[dialogue.file].name,
                **{name: getattr(dialogue, name) for name in ("expect", "of", "marks", "inquiries", "note")},
            }
            for dialogue in dialogues
        },
        "broken": {name: [broken.reason for broken in records] for name, records in BROKEN.items()},
        "totals": {
            "dialogues": len(dialogues),
            "broken": sum(len(records) for records in BROKEN.values()),
            "by_file": dict(Counter(FILES[dialogue.file].name for dialogue in dialogues)),
            "by_expectation": dict(Counter(dialogue.expect for dialogue in dialogues)),
            "identifiers": dict(identifiers),
            "inquiries": sum(dialogue.inquiries for dialogue in dialogues),
        },
    }


_README: Final = """# The example crawl

Six files as a crawl might leave them: {dialogues} dialogues and {broken} records that cannot be read. Everything here was
written for this project; people, hospitals, numbers and platforms are invented. None of it is medical advice.

| File | What it is | Dialogues | Broken records |
|---|---|---|---|
{rows}

Made by `python examples/make_crawl.py` from `examples/dialogues/part_*.yaml`, where every dialogue can be read with
what is wrong with it. `expected.json` says what a pipeline should make of each: kept or dropped and why, which of two
duplicates survives, how many identifiers and doctor's questions it holds. Edit the YAML, never these files.
"""


def readme(dialogues: Sequence[Dialogue]) -> str:
    """Describe the crawl, with its counts."""
    rows = []
    for key, file in FILES.items():
        broken = Counter(record.reason for record in BROKEN.get(file.name, ()))
        told = ", ".join(f"{number} `{reason}`" for reason, number in broken.items())
        rows.append(
            f"| `{file.name}` | {file.about} | {sum(dialogue.file == key for dialogue in dialogues)} | {told or 'none'} |"
        )
    return _README.format(
        dialogues=len(dialogues), broken=sum(len(records) for records in BROKEN.values()), rows="\n".join(rows)
    )


def render(dialogues: Sequence[Dialogue], out: Path) -> None:
    """Write the six files, what is expected of them, and their description."""
    out.mkdir(parents=True, exist_ok=True)
    for key, file in FILES.items():
        (out / file.name).write_bytes(file.write([dialogue for dialogue in dialogues if dialogue.file == key]))
    told = json.dumps(expected(dialogues), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (out / "expected.json").write_bytes(told.encode("utf-8"))
    (out / "README.md").write_bytes(readme(dialogues).encode("utf-8"))


def main() -> None:
    """Render the crawl."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "crawl"
    dialogues = load(HERE / "dialogues")
    render(dialogues, out)
    print(f"{len(dialogues)} dialogues written to {out}")


if __name__ == "__main__":
    main()
