"""What a source declares and the crawl lacks is an error before the crawl is read, with the names that are there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import cmtmed
from cmtmed.errors import PipelineError
from cmtmed.io import declared_fields
from cmtmed.io.declared_fields import check_declared, list_record_names

CASE = Path(__file__).parents[2].parent / "shared/cases/reading/crawl-typo_field"
PAGE = "<div class=thread id=a7><div class=post><b class=who>患者</b><p class=words>咳嗽三天</p></div></div>"
TALK = "患者：咳嗽三天\n医生：有痰吗？\n{line}\n患者：发烧\n医生：几天了？\n"


def check(folder, files, **options):
    """Check a source of these options against files of this content."""
    paths = []
    for name, content in files.items():
        text = (
            content if isinstance(content, str) else "\n".join(json.dumps(row, ensure_ascii=False) for row in content)
        )
        paths.append(folder / name)
        data = text.encode()
        paths[-1].write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    sources = options.pop("sources", [{"name": "s", **options}])
    pipeline = cmtmed.Pipeline.parse({"name": "p", "extends": "cmtmedqa", "sources": sources})
    check_declared(sorted(paths), pipeline.sources, pipeline.name)


ROWS = [
    {"标题": "胃胀", "描述": "饭后胃胀", "医生回复": "反酸吗？", "n": 1},
    {"标题": "咳嗽", "描述": "夜里咳嗽", "医生回复": "有痰吗？", "n": 2},
]
MESSAGES = [{"turns": [{"who": "患者", "words": "咳嗽"}, {"who": "医生", "words": "几天了？"}]}]
NESTED = [{"data": {"ask": f"咳嗽{n}天怎么办", "reply": "有痰吗？"}, "code": n} for n in (1, 2)]
CSV = "标题,描述,医生回复\n胃胀,饭后胃胀,反酸吗\n咳嗽,夜里咳嗽,有痰吗\n"

WRONG = {
    "a field": ({"a.jsonl": ROWS}, {"fields": {"question": "描速"}}, r"\[0\].fields.question: no record has a field '描速'; fields that are there: n, 医生回复, 描述, 标题; did you mean '描述'"),
    "one of two": ({"a.csv": CSV}, {"fields": {"question": ["标题", "描速"]}}, "'描速'; .*did you mean '描述'"),
    "metadata": ({"a.csv": CSV}, {"fields": {"department": "科室"}}, "fields.department: no record has a field '科室'"),
    "compressed": ({"a.jsonl.gz": ROWS}, {"fields": {"answer": "医生回得"}}, "did you mean '医生回复'"),
    "a dotted path": ({"a.jsonl": NESTED}, {"fields": {"question": "data.aks"}}, "'data.aks'; .*did you mean 'data.ask'"),
    "a speaker": ({"a.jsonl": MESSAGES}, {"fields": {"messages": "turns", "role": "whom"}}, "fields.role: no turn has a field 'whom'; .*did you mean 'who'"),
    "a text of turns": ({"a.jsonl": MESSAGES}, {"fields": {"content": "word"}}, "no turn has a field 'word'; .*'words'"),
    "a group": ({"a.jsonl": ROWS}, {"group_by": "m"}, "group_by: no record has a field 'm'"),
    "an order": ({"a.jsonl": ROWS}, {"group_by": "n", "order_by": "no"}, "order_by: no record has a field 'no'"),
    "a condition": ({"a.jsonl": ROWS}, {"having": ["标提"]}, "having: no record has a field '标提'; .*did you mean '标题'"),
    "a dialogue": ({"a.html": PAGE}, {"html": {"dialogue": "div.threads", "turn": "div.post"}}, "html.dialogue: 'div.threads' matches nothing on 1 page; elements that are there: .*did you mean 'div.thread'"),
    "a turn": ({"a.html": PAGE}, {"html": {"turn": "div.posts"}}, "html.turn: 'div.posts' matches nothing"),
    "a role": ({"a.html": PAGE}, {"html": {"turn": "div.post", "role": "b@who"}}, "html.role: 'b@who' matches nothing"),
    "a text": ({"a.html": PAGE}, {"html": {"turn": "div.post", "text": "p.word"}}, "html.text: .*did you mean 'p.words'"),
    "a separator": ({"a.txt": TALK.format(line="=====")}, {"transcript": {"separator": "第\\d+条"}}, "transcript.separator: .* matches none of 5 lines"),
    "no rules": ({"a.txt": TALK.format(line="")}, {"transcript": {"separator": "rule"}}, "transcript.separator: 'rule' matches none of"),
}  # fmt: skip

RIGHT = {
    "a tuple": ({"a.csv": CSV}, {"fields": {"question": ["标题", "描述"], "answer": "医生回复"}}),
    "a rare field": ({"a.jsonl": [*ROWS, {**ROWS[0], "科室": "内科"}]}, {"fields": {"department": "科室"}}),
    "a field of the second file": ({"a.csv": CSV, "b.jsonl": [{"ask": "x"}]}, {"fields": {"question": ["描述", "ask"]}}),
    "a dotted path": ({"a.jsonl": NESTED}, {"fields": {"question": "data.ask", "answer": "data.reply"}}),
    "turns": ({"a.jsonl": MESSAGES}, {"fields": {"messages": "turns", "role": "who", "content": "words"}}),
    "turns as text in a cell": ({"a.csv": 'turns\n"[{""who"": ""患者"", ""words"": ""咳嗽""}]"\n'}, {"fields": {"role": "who"}}),
    "rows as turns": ({"a.jsonl": [{"g": 1, "who": "患者", "words": "咳嗽"}]}, {"group_by": "g", "fields": {"role": "who"}}),
    "a list of messages": ({"a.json": json.dumps(MESSAGES[0]["turns"])}, {"fields": {"role": "who"}}),
    "a condition that others meet": ({"a.jsonl": ROWS}, {"sources": [{"name": "t", "having": ["safety"]}, {"name": "s"}]}),
    "no readable record": ({"a.jsonl": "{broken\n"}, {"fields": {"question": "ask"}}),
    "an empty file": ({"a.jsonl": ""}, {"fields": {"question": "ask"}}),
    "selectors": ({"a.html": PAGE}, {"html": {"dialogue": "div.thread", "turn": "div.post", "role": "b.who", "text": "p", "id": "@id"}}),
    "a separator": ({"a.txt": TALK.format(line="第7条")}, {"transcript": {"separator": r"第(?P<id>\d+)条"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_there_is_named(tmp_path, name):
    files, options, message = WRONG[name]
    with pytest.raises(PipelineError, match=message):
        check(tmp_path, files, **options)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_there_passes(tmp_path, name):
    files, options = RIGHT[name]
    check(tmp_path, files, **options)


def test_a_name_that_is_rare_is_searched_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(declared_fields, "SAMPLE_RECORDS", 10)
    rows = [{"ask": f"第{number}个问题", "reply": "几天了？"} for number in range(200)]
    check(tmp_path, {"a.jsonl": [*rows, {**rows[0], "dept": "内科"}]}, fields={"department": "dept"})
    with pytest.raises(PipelineError, match=r"fields\.department: no record has a field 'depth'"):
        check(tmp_path, {"a.jsonl": [*rows, {**rows[0], "dept": "内科"}]}, fields={"department": "depth"})


def test_names_that_may_be_data_are_not_shown(tmp_path):
    rows = [{f"患者张三{number}": "咳嗽", "reply": "几天了？", "ask": "x"} for number in range(300)]
    with pytest.raises(PipelineError, match=r"fields that are there: ask, reply$"):
        check(tmp_path, {"a.jsonl": rows}, fields={"department": "zzzz"})


def test_names_of_records_and_turns():
    value = {"a": {"b": 1}, "t": [{"who": "x", "parts": [{"text": "y"}]}]}
    names, turn_names = list_record_names(value)
    assert names == {"a", "a.b", "t"}
    assert turn_names >= {"who", "parts", "text", "b"}


@pytest.mark.skipif(not CASE.exists(), reason="../shared/cases is not here")
def test_the_case_fails_before_a_row_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("cmtmed.engine.local.LocalEngine.run", lambda *_: pytest.fail("a row was read"))
    pipeline, crawl = next(CASE.glob("*.yaml")), next(CASE.glob("*.csv"))
    with pytest.raises(PipelineError, match=r"no record has a field '描速'; .*did you mean '描述'"):
        cmtmed.build(str(pipeline), [crawl], tmp_path / "out")
    assert not list(tmp_path.iterdir())
