"""Not a character is lost: what a file holds is in turns, in the trace, or in quarantine, whatever its format.

The counters here know nothing of the readers: they walk the values that were written, or the text of the page.
"""

from __future__ import annotations

import csv
import html.parser
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cmtmed.io.read import read_file
from cmtmed.source import Source
from tests.io.test_containers import make_tar, make_workbook, make_zip
from tests.support.dialogues import SHARED

CASES = SHARED.parent / "cases" / "reading"


def count(value):
    """Count the characters of a value that are no white space, as JSON writes it."""
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    if isinstance(value, list):
        return sum(map(count, value))
    if value is None:
        return 0
    text = value if isinstance(value, str) else json.dumps(value)
    return sum(not character.isspace() for character in text)


def count_read(path, **source):
    """Count what became of a file: characters in turns, left out, and in quarantine."""
    in_turns = left_out = quarantined = 0
    for batch in read_file(path, [Source(name="s", **source)]):
        for row in batch.dialogues.to_dicts():
            in_turns += sum(count(message["content"]) for message in row["messages"])
            left_out += sum(entry["characters"] for entry in row["trace"])
        quarantined += sum(count(parse_raw(raw)) for raw in batch.quarantined["raw"])
    return in_turns + left_out + quarantined


def parse_raw(raw):
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


words = st.text(st.sampled_from("头痛三天吃药吗？。：，患者医生问答\n 1a\"'"), min_size=0, max_size=16)
lines = st.text(st.sampled_from("头痛三天吃药吗？。，1a"), min_size=1, max_size=12)
roles = st.sampled_from(["user", "assistant", "患者", "医生", "system", "机器人", "甲"])
messages = st.lists(
    st.fixed_dictionaries({"role": roles, "content": words}, optional={"time": words, "images": st.lists(words)}),
    min_size=1,
    max_size=4,
)
turns = st.one_of(
    messages,
    st.lists(words, max_size=4),
    st.lists(st.tuples(words, words).map(list), max_size=3),
    st.lists(st.dictionaries(st.sampled_from(["患者", "医生", "human", "assistant"]), words, max_size=2), max_size=3),
    messages.map(lambda items: json.dumps(items, ensure_ascii=False)),
    messages.map(lambda items: {str(number): item for number, item in enumerate(items)}),
)
FIELDS = [
    "id", "department", "title", "description", "question", "instruction", "input", "answer", "answers", "question1",
    "answer1", "question2", "answer2", "system", "text", "content", "备注", "医生的回复", "data.question", "url",
]  # fmt: skip
cells = st.one_of(words, st.integers(0, 10**20), st.booleans(), st.none())
fields = st.dictionaries(st.sampled_from(FIELDS), st.one_of(cells, st.lists(words, max_size=3)), max_size=6)
records = st.tuples(fields, st.dictionaries(st.sampled_from(["messages", "history", "dialogue", "log"]), turns)).map(
    lambda parts: {**parts[0], **parts[1]}
)
quick = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)

JSON_FORMS = {
    "lines": lambda values: "\n".join(json.dumps(value, ensure_ascii=False) for value in values),
    "array": lambda values: json.dumps(values, ensure_ascii=False),
    "pretty": lambda values: "\n".join(json.dumps(value, ensure_ascii=False, indent=1) for value in values),
    "list a line": lambda values: "\n".join(json.dumps([value], ensure_ascii=False) for value in values),
}


@quick
@given(st.lists(records, min_size=1, max_size=4), st.sampled_from(sorted(JSON_FORMS)))
@example([{"question": "头痛", "answer1": "一", "answer2": "二", "title": "头痛"}], "lines")
@example([{"messages": [{"role": "甲", "content": "头痛"}, {"role": "医生", "content": "几天了"}]}], "array")
def test_records_of_json(tmp_path, values, form):
    # A field that is no dialogue: without it one object may be a file of records keyed by their ids.
    values = [{**value, "url": "x"} for value in values]
    path = tmp_path / "crawl.json"
    path.write_text(JSON_FORMS[form](values), encoding="utf-8")
    assert count_read(path) == count(values)


@quick
@given(
    st.lists(st.sampled_from(FIELDS), min_size=2, max_size=5, unique=True),
    st.lists(st.lists(words, min_size=5, max_size=5), min_size=1, max_size=5),
    st.sampled_from(["csv", "tsv", "parquet", "xlsx"]),
)
def test_rows_of_tables(tmp_path, names, rows, suffix):
    rows = [[f"值{cell}".replace("\n", "") for cell in row[: len(names)]] for row in rows]
    path = tmp_path / f"crawl.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)}), path)
    elif suffix == "xlsx":
        rows = [[cell.replace("'", "") for cell in row] for row in rows]
        path.write_bytes(make_workbook([names, *rows]))
    else:
        out = io.StringIO(newline="")
        quoted = {"quoting": csv.QUOTE_ALL}
        plain = {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "quotechar": None}
        csv.writer(out, **(plain if suffix == "tsv" else quoted)).writerows([names, *rows])
        path.write_text(out.getvalue(), encoding="utf-8", newline="")
    assert count_read(path, header="first") == count(rows)


@quick
@given(st.lists(st.tuples(st.sampled_from(["患者", "医生"]), lines), min_size=2, max_size=6), st.booleans())
def test_transcripts(tmp_path, dialogue, is_packed):
    text = "".join(f"{name}：{words}\n" for name, words in dialogue)
    path = tmp_path / ("crawl.zip" if is_packed else "crawl.txt")
    data = text.encode("gb18030")
    path.write_bytes(make_zip({"a.tar": make_tar({"visit.txt": data})}) if is_packed else data)
    assert count_read(path, encoding="gb18030") == count(text)


class VisibleText(html.parser.HTMLParser):
    """Collects the text that a page shows."""

    def __init__(self):
        super().__init__()
        self.hidden, self.text = 0, ""

    def handle_starttag(self, tag, _attributes):
        self.hidden += tag in {"script", "style", "title"}

    def handle_endtag(self, tag):
        self.hidden -= tag in {"script", "style", "title"}

    def handle_data(self, data):
        if not self.hidden:
            self.text += data


def count_page(page):
    parser = VisibleText()
    parser.feed(page)
    return count(parser.text)


@quick
@given(st.lists(st.tuples(st.sampled_from(["患者", "医生"]), lines, lines), min_size=1, max_size=4), lines)
def test_pages(tmp_path, posts, outside):
    page = (
        f"<html><head><title>问诊</title><script>x=1</script></head><body><nav>{outside}</nav><div class='thread'>"
        + (
            "".join(
                f"<div class='post'><b>{name}</b><i>{aside}</i><div class='text'><p>{text}</p></div></div>"
                for name, text, aside in posts
            )
            + "</div></body></html>"
        )
    )
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    selectors = {"dialogue": "div.thread", "turn": "div.post", "role": "b", "text": "div.text"}
    assert count_read(path, html=selectors) == count_page(page)


def parse_values(text):
    """Return the JSON values of a text, one after another."""
    decoder = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
    values, position = [], 0
    while position < len(text):
        if text[position] in " \r\n\ufeff,":
            position += 1
            continue
        value, position = decoder.raw_decode(text, position)
        values.append(value)
    return values


JSON_CASES = sorted(
    path for path in CASES.rglob("*") if path.suffix in {".json", ".jsonl"} and path.stat().st_size < 10**5
)


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is absent")
@pytest.mark.parametrize("path", JSON_CASES, ids=lambda path: path.name)
def test_cases_of_json(path):
    try:
        values = parse_values(path.read_text(encoding="utf-8"))
    except ValueError:
        pytest.skip("no strict JSON")
    if path.name == "06_pandas_cols.json":
        values = [list(column.values()) for column in values[0].values()]
    assert count_read(path) == count_ids(values, path)


def count_ids(values, path: Path):
    # The ids of records keyed by them are keys, which the readers take as fields of the records.
    keyed = {"05b_imcs.json", "keyed_object.json", "imcs.json"}
    return count(values) + (sum(count(key) for key in values[0]) if path.name in keyed else 0)


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is absent")
@pytest.mark.parametrize(
    "name", ["04-csv-cr-only-file-vanishes/mac_cr.csv", "crawl-shapes/qa.csv", "crawl-shapes/turns.csv"]
)
def test_cases_of_tables(name):
    text = (CASES / name).read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    _, *rows = csv.reader(io.StringIO(text))
    assert count_read(CASES / name) == count(rows)
