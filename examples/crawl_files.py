"""The six files of the example crawl, each in its own format and with its broken records.

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
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from opencc import OpenCC

from crawl_dialogues import Dialogue, Turn

CSV_HEADER: Final = ("id", "department", "title", "ask", "answer")
RULE: Final = "-" * 24


@dataclass(frozen=True)
class Broken:
    """A record that no reader should accept.

    Attributes:
        after: number of readable records before it in its file.
        raw: the record as written to the file, before encoding, with its line break.
        reason: the quarantine reason that it should get.
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


def pair_turns(turns: Iterable[Turn]) -> list[list[str]]:
    """Arrange turns in [patient, doctor] pairs; a missing side of a pair is empty, as in real crawls."""
    pairs: list[list[str]] = []
    is_complete = True
    for turn in turns:
        if not turn.doctor:
            pairs.append([turn.text, ""])
        elif is_complete:
            pairs.append(["", turn.text])
        else:
            pairs[-1][1] = turn.text
        is_complete = turn.doctor
    return pairs


def render_clinic_qa(dialogues: Sequence[Dialogue]) -> bytes:
    """Render GB18030 CSV, one question and one answer per row; the title is the beginning of the question."""
    rows = [_format_csv_row(CSV_HEADER)]
    for dialogue in dialogues:
        ask, answer = (turn.text for turn in dialogue.turns)
        title = re.split(r"[，。！？<\[]", ask)[0][:30]
        rows.append(_format_csv_row((dialogue.key, dialogue.department or "", title, ask, answer)))
    header, *records = rows
    return "".join([header, *_insert_broken("clinic_qa.csv", records)]).encode("gb18030")


def _format_csv_row(fields: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(fields)
    return buffer.getvalue()


def render_consult_log(dialogues: Sequence[Dialogue]) -> bytes:
    """Render gzipped JSON lines: earlier pairs in ``history``, the last one in ``instruction`` and ``output``."""
    records = []
    for dialogue in dialogues:
        *history, (question, answer) = pair_turns(dialogue.turns)
        record = {
            "id": dialogue.key,
            "cate1": dialogue.department,
            "instruction": question,
            "input": "",
            "output": answer,
            "history": history,
        }
        records.append(json.dumps(record, ensure_ascii=False) + "\n")
    text = "".join(_insert_broken("consult_log.jsonl.gz", records))
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as stream:
        stream.write(text.encode("utf-8"))
    return buffer.getvalue()


def render_sharegpt(dialogues: Sequence[Dialogue]) -> bytes:
    """Render a JSON array in UTF-8 with a byte order mark."""
    records = [
        {
            "id": dialogue.key,
            "department": dialogue.department,
            "conversations": _list_turns(dialogue, ("from", "value"), ("human", "gpt")),
        }
        for dialogue in dialogues
    ]
    return json.dumps(records, ensure_ascii=False, indent=1).encode("utf-8-sig")


def _list_turns(dialogue: Dialogue, fields: tuple[str, str], roles: tuple[str, str]) -> list[dict[str, str]]:
    return [dict(zip(fields, (roles[turn.doctor], turn.text), strict=True)) for turn in dialogue.turns]


def render_transcripts(dialogues: Sequence[Dialogue]) -> bytes:
    """Render transcripts in Big5, with the characters used in Taiwan: some variants that s2t produces are not in Big5."""
    convert = OpenCC("s2tw").convert
    records = []
    for dialogue in dialogues:
        lines = [f"编号：{dialogue.key}"]
        if dialogue.department:
            lines.append(f"科别：{dialogue.department}")
        lines += [f"{'医生' if turn.doctor else '患者'}：{turn.text}" for turn in dialogue.turns]
        text = convert("\n".join(lines))
        if missing := [character for character in text if not character.encode("big5", "ignore")]:
            raise SystemExit(f"{dialogue.key}: not in Big5: {' '.join(missing)}; reword it or move it to another file")
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


def render_forum_pages(dialogues: Sequence[Dialogue]) -> bytes:
    """Render a zip archive of HTML pages with one, two or three threads each."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        number, start = 0, 0
        while start < len(dialogues):
            count = 1 + number % 3
            number += 1
            threads = [_render_thread(dialogue) for dialogue in dialogues[start : start + count]]
            page = _PAGE.format(title=f"第{number}页", number=number, threads="\n".join(threads))
            # A fixed date and no compression, so that the bytes depend neither on the clock nor on the version of zlib.
            archive.writestr(zipfile.ZipInfo(f"pages/{number:04d}.html", (1980, 1, 1, 0, 0, 0)), page.encode("utf-8"))
            start += count
    return buffer.getvalue()


def _render_thread(dialogue: Dialogue) -> str:
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


def render_messages(dialogues: Sequence[Dialogue]) -> bytes:
    """Render Parquet with OpenAI messages."""
    rows = [
        {
            "id": dialogue.key,
            "department": dialogue.department,
            "messages": _list_turns(dialogue, ("role", "content"), ("user", "assistant")),
        }
        for dialogue in dialogues
    ]
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("id", pa.string()), ("department", pa.string()), ("messages", pa.list_(message))])
    buffer = io.BytesIO()
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, buffer, version="2.6", compression="none", use_dictionary=False, write_statistics=False)
    return buffer.getvalue()


def _insert_broken(name: str, records: Sequence[str]) -> list[str]:
    """Insert the broken records of a file at their positions in `BROKEN`."""
    lines: list[str] = []
    for index, line in enumerate([*records, ""]):
        lines += [record.raw for record in BROKEN[name] if record.after == index]
        lines.append(line)
    return lines


@dataclass(frozen=True)
class File:
    """One file of the crawl: its name, the function that renders it, and its description."""

    name: str
    render: Callable[[Sequence[Dialogue]], bytes]
    description: str


FILES: Final = {
    "gb18030_csv": File("clinic_qa.csv", render_clinic_qa, "GB18030 CSV: id, department, title, ask, answer"),
    "jsonl_gz": File("consult_log.jsonl.gz", render_consult_log, "gzipped JSON lines: history, instruction, output"),
    "html": File("forum_pages.zip", render_forum_pages, "zip of UTF-8 HTML pages, one to three threads each"),
    "parquet": File("messages.parquet", render_messages, "Parquet: messages with role and content"),
    "sharegpt_json": File("sharegpt.json", render_sharegpt, "JSON array with a byte order mark: from, value"),
    "big5_transcript": File("transcripts_big5.txt", render_transcripts, "Big5, traditional: speaker prefixes"),
}
"""Sorted by name, which is the order in which a build reads them."""
