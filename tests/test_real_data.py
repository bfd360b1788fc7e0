"""Everything under ../shared/data through one pipeline."""

from __future__ import annotations

import html
from collections import Counter

import polars as pl
import pytest

import cmtmed
from cmtmed.io.read import read_file
from tests.support.dialogues import SHARED, needs_real_data

pytestmark = needs_real_data

PIPELINE = {
    "name": "real",
    "extends": "cmtmedqa",
    "sources": [
        {"name": "cmtmedqa_safety", "match": "CMtMedQA_test.json", "having": ["instruct"], "license": "Apache-2.0"},
        {
            "name": "cmtmedqa_test",
            "match": "CMtMedQA_test.json",
            "license": "Apache-2.0",
            "fields": {"department": "cate1", "subdepartment": "cate2"},
        },
        {"name": "huatuo26m_test", "match": "huatuo26M_test.json", "license": "Apache-2.0"},
        {
            "name": "toyhom",
            "match": "*.csv",
            "license": "MIT",
            "encoding": "gb18030",
            "fields": {"question": ["title", "ask"], "answer": "answer", "department": "department"},
        },
        {
            "name": "toyhom_text",
            "match": "internal_medicine*.txt",
            "license": "MIT",
            "format": "blocks",
        },
        {"name": "remedi", "match": "doctor_acts_dev.jsonl", "license": "MIT"},
        {"name": "disc_scored", "match": "scored_dialogues.jsonl", "license": "Apache-2.0"},
        {"name": "disc_test", "match": "test_examples.jsonl", "license": "Apache-2.0"},
        {
            "name": "medicalgpt_reward",
            "match": "reward_test.json",
            "format": "jsonl",
            "license": "Apache-2.0",
            "fields": {"question": "question", "answer": "response_chosen"},
        },
        {
            "name": "medicalgpt_dpo",
            "match": "dpo_zh_500.jsonl",
            "license": "Apache-2.0",
            "shape": "conversations",
        },
        {"name": "medicalgpt", "match": "medical_sft_1K_format.jsonl", "license": "Apache-2.0"},
        {
            "name": "medicalgpt_corpus",
            "match": "medical_corpus.txt",
            "format": "jsonl",
            "license": "Apache-2.0",
        },
        {"name": "huatuo_llama", "match": "liver_cancer.json", "license": "Apache-2.0"},
        {"name": "huatuo_sample", "match": "knowledge_tuning_data_sample.txt", "license": "Apache-2.0"},
        {"name": "huatuogpt", "match": "med_dialog_100.json", "license": "Apache-2.0"},
    ],
    "options": {"drop_benchmark_overlap": {"test_sources": ["cmtmedqa_test", "cmtmedqa_safety", "huatuo26m_test"]}},
}
FILES = sorted(path for path in SHARED.rglob("*") if path.suffix in {".json", ".jsonl", ".csv", ".txt"})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("real") / "out"
    pipeline = cmtmed.Pipeline.parse(PIPELINE)
    return out, cmtmed.build(pipeline, FILES, out, workers=1)


@pytest.fixture(scope="module")
def rows(built):
    """Return the dialogue table and the dropped rows as one table."""
    out, _ = built
    splits = [pl.from_arrow(split.data.table) for split in cmtmed.load(out, view="dialogues").values()]
    from datasets import load_from_disk

    return pl.concat([*splits, pl.from_arrow(load_from_disk(str(out / "dropped")).data.table)])


@pytest.fixture(scope="module")
def raw():
    """Return what was read, before any stage."""
    sources = cmtmed.Pipeline.parse(PIPELINE).sources
    return pl.concat([batch.dialogues for file in FILES for batch in read_file(file, sources)])


def test_counts_add_up(built, rows):
    _, report = built
    counts = report.counts
    assert counts["read"] == counts["kept"] + counts["dropped"] + counts["quarantined"]
    assert rows.height == counts["kept"] + counts["dropped"]
    for stage in report.stages:
        assert stage.rows >= stage.edited + stage.dropped.total()


def test_every_record_of_every_source_is_there(built):
    _, report = built
    read_from = dict(report.before.sources)
    assert read_from["cmtmedqa_test"] == 1000
    assert read_from["cmtmedqa_safety"] == 144
    assert read_from["huatuo26m_test"] == 6000
    assert read_from["toyhom"] == 7644
    assert read_from["remedi"] == 533
    assert read_from["disc_scored"] == 1879
    assert read_from["disc_test"] == 163
    assert read_from["medicalgpt_reward"] == 100
    assert read_from["medicalgpt_dpo"] == 500
    assert read_from["medicalgpt"] == 1000
    assert read_from["toyhom_text"] > 3900
    assert read_from["huatuo_llama"] == 1000
    assert read_from["huatuogpt"] == 100


def test_turns_inside_one_field_and_cases_with_their_diagnoses(raw):
    """Compare two sources with what their files hold, divided here by hand."""
    import json
    import re

    items = json.loads((SHARED / "huatuo_llama" / "liver_cancer.json").read_text(encoding="utf-8"))
    rows = raw.filter(source="huatuo_llama")["messages"].to_list()
    for item, messages in zip(items, rows, strict=True):
        texts = [*re.split(r"<(?:user|bot)>:", item["instruction"])[1:], item["output"]]
        contents = [message["content"] for message in messages]
        # One record names its speakers twice: <user>: 用户:…
        expected, read = ([re.sub(r"^\s*(?:用户|医生):|\s+$|^\s+", "", t) for t in ts] for ts in (texts, contents))
        assert read == expected
    items = json.loads((SHARED / "huatuogpt" / "med_dialog_100.json").read_text(encoding="utf-8"))
    rows = raw.filter(source="huatuogpt")["messages"].to_list()
    assert [[message["content"] for message in messages] for messages in rows] == [
        [item["medical_case"], item["doctor_diagnosis"]] for item in items
    ]


def contents(rows):
    return rows["messages"].explode(empty_as_null=False).struct.field("content")


def test_nothing_was_decoded_wrongly(rows, raw):
    assert not contents(rows).str.contains("\ufffd").any()
    # One source holds the character itself; no reader makes one.
    assert not contents(raw.filter(pl.col("source") != "medicalgpt_dpo")).str.contains("\ufffd").any()


def test_histories_stand_in_order_and_the_last_pair_last(raw):
    import json

    for item in json.loads((SHARED / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8")):
        if "history" not in item:
            continue
        (row,) = raw.filter(id=f"cmtmedqa_test/{item['id']}").to_dicts()
        expected = [turn for pair in [*item["history"], [item["instruction"], item["output"]]] for turn in pair]
        assert [message["content"] for message in row["messages"]] == expected
        assert {message["role"] for message in row["messages"][::2]} == {"user"}
        assert {message["role"] for message in row["messages"][1::2]} == {"assistant"}
        break
    assert raw.filter(source="cmtmedqa_test")["id"].n_unique() == 1000


def test_a_department_called_nan_is_null(raw, rows):
    assert raw["department"].is_in(["nan", "None", ""]).sum() == 0
    assert raw.filter(source="cmtmedqa_test")["department"].null_count() == 1
    assert rows.filter(source="cmtmedqa_test")["department"].null_count() == 1


def test_exact_duplicate_questions_are_found(raw, rows):
    """Rows of the CSV with the same question and answer: all but one are dropped, in one cluster."""
    contents = raw.filter(source="toyhom").select(
        "id", pl.col("messages").list.eval(pl.element().struct.field("content"))
    )
    duplicated = contents.with_columns(pl.col("messages").list.join("\n")).filter(pl.len().over("messages") > 1)
    verdict = duplicated.join(rows.select("id", "drop_reason", "cluster"), on="id")
    groups = verdict.group_by("messages").agg(
        pl.col("cluster").n_unique(), pl.col("drop_reason").null_count().alias("kept")
    )
    assert groups.height > 300
    assert groups["cluster"].max() == 1
    assert groups["kept"].max() == 1


def digits(texts):
    return Counter(sign for text in texts for sign in text if sign.isdecimal())


def test_nobodys_dose_was_changed(raw, rows):
    """The multiset of digits before and after, in rows that no redaction touched and no other stage cut."""
    cutting = {"drop_boilerplate", "merge_turns"}
    untouched = rows.filter(pl.col("identifiers").list.len() == 0).filter(
        ~pl.col("trace")
        .list.eval(
            pl.element().filter(pl.element().struct.field("action") == "edited").struct.field("stage").is_in(cutting)
        )
        .list.any()
    )
    # One source names six dialogues alike; its second to sixth have other names in the build.
    uniquely_named = raw.filter(~pl.col("id").is_duplicated())
    before = uniquely_named.join(untouched.select("id"), on="id", how="semi").sort("id")
    after = untouched.join(uniquely_named.select("id"), on="id", how="semi").sort("id")
    assert after.height > 10_000
    pairs = zip(before["id"], before["messages"], after["messages"], strict=True)
    for identifier, messages_before, messages_after in pairs:
        texts = (
            [message["content"] or "" for message in messages_before],
            [message["content"] or "" for message in messages_after],
        )
        unescaped = [html.unescape(text).translate(FOLDED) for text in texts[0]]
        assert digits(unescaped) == digits(texts[1]), identifier


FOLDED = {ord("０") + value: str(value) for value in range(10)}


def test_offsets_point_at_what_they_name(rows):
    for row in rows.filter(pl.col("inquiries").list.len() > 0).head(2000).to_dicts():
        for span in row["inquiries"]:
            message = row["messages"][span["message"]]
            assert message["role"] == "assistant"
            assert message["content"][span["start"] : span["end"]].strip()
    for row in rows.filter(pl.col("identifiers").list.len() > 0).to_dicts():
        for span in row["identifiers"]:
            text = row["messages"][span["message"]]["content"]
            assert text[span["start"] : span["end"]].startswith("[")
