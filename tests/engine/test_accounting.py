"""Characters of a build add up, step by step, and losses are warned of."""

from __future__ import annotations

import json
from typing import get_args

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import cmtmed
from cmtmed.builds import Build
from cmtmed.builds.warnings import BuildWarning
from cmtmed.cli import app
from cmtmed.messages import count_dialogue_characters
from cmtmed.report import texts
from cmtmed.text.characters import count_characters
from tests.support.dialogues import SHARED
from tests.support.files import write_json_lines

CASES = SHARED.parent / "cases" / "reading"
TEXTS = st.text(st.sampled_from("头痛咳嗽发烧三天了吗？，。您好！[图片] \n<br>１２"), max_size=30)
RECORDS = st.fixed_dictionaries(
    {"question": TEXTS, "answer": TEXTS}, optional={"title": TEXTS, "note": TEXTS, "department": TEXTS, "system": TEXTS}
)


def build(crawl, tmp_path):
    return cmtmed.build("cmtmedqa", [crawl], tmp_path / "out", workers=1)


def check_accounts(report):
    """Check a build's accounts against its tables."""
    tables = Build.open(report.out)
    totals = {"kept": 0, "dropped": 0, "left_out": 0}
    for table, outcome in (("dialogues", "kept"), ("dropped", "dropped")):
        for batch in tables.iter_batches(table):
            totals[outcome] += int(count_dialogue_characters(batch["messages"]).sum())
            entries = batch["trace"].explode(empty_as_null=False, keep_nulls=False).struct.unnest()
            totals["left_out"] += int(entries["characters"].sum() or 0)
    assert report.characters == {"read": sum(totals.values()), **totals}
    left_out = report.reading.left_out.total() + sum(stage.left_out.total() for stage in report.stages)
    assert left_out == totals["left_out"]
    return totals


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=st.lists(RECORDS, min_size=1, max_size=5))
def test_every_character_of_made_up_records_is_accounted_for(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("crawl")
    report = build(write_json_lines(folder / "crawl.jsonl", records), folder)
    check_accounts(report)
    if not report.counts["quarantined"]:
        assert report.characters["read"] == sum(
            count_characters(text) for record in records for text in record.values()
        )


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not there")
@pytest.mark.parametrize("case", sorted(path.name for path in CASES.glob("*") if path.is_dir()))
def test_accounts_of_real_cases_add_up(case, tmp_path):
    check_accounts(build(CASES / case, tmp_path))


def test_what_was_left_out_is_shown_by_dialogue(tmp_path):
    record = {"id": "7", "title": "头痛", "question": "头痛三天，早上最重", "answer": "多久了？发烧吗？", "url": "a/b"}
    report = build(write_json_lines(tmp_path / "crawl.jsonl", [record]), tmp_path)
    explanation = cmtmed.explain(report.out, "crawl/7")
    left_out = {entry["reason"]: entry["characters"] for entry in explanation.trace if entry["action"] == "left_out"}
    assert left_out == {"metadata": 1, "title": 2, "ignored_field": 3}
    result = CliRunner().invoke(app, ["explain", str(report.out), "crawl/7"])
    assert "read: left out 3 characters (ignored_field)" in result.stdout


def test_fields_that_were_not_read_are_named_with_their_size(tmp_path):
    records = [{"question": f"头痛第{number}天", "answer": "多久了？", "运营标语": "天天健康"} for number in range(3)]
    report = build(write_json_lines(tmp_path / "crawl.jsonl", records), tmp_path)
    (warning,) = [warning for warning in report.warnings if warning.code == "unread_fields"]
    assert warning.counts == {"运营标语": 12}
    assert "运营标语 (3 records, 12 characters)" in warning.message
    content = json.loads((report.out / "report.json").read_text(encoding="utf-8"))
    assert content["reading"]["unread_records"] == {"运营标语": 3}
    assert {"unread_fields", "text_left_out"} <= {entry["code"] for entry in content["warnings"]}


def test_fields_that_are_to_be_ignored_are_not_warned_of(tmp_path):
    records = [{"question": "头痛三天了，越来越重", "answer": "多久了？有没有发烧？", "url": "x"}] * 3
    pipeline = {"name": "p", "extends": "cmtmedqa", "sources": [{"name": "crawl", "ignore_fields": ["url"]}]}
    crawl = write_json_lines(tmp_path / "crawl.jsonl", records)
    report = cmtmed.build(cmtmed.Pipeline.parse(pipeline), [crawl], tmp_path / "out", workers=1)
    assert [warning.code for warning in report.warnings if warning.code == "unread_fields"] == []
    assert report.reading.left_out["ignored_field"] == 3


def test_most_records_lost_to_one_reason_is_warned_of(tmp_path):
    records = [{"question": f"头痛第{number}天", "answer": ""} for number in range(8)]
    records.append({"question": "咳嗽一周，痰多", "answer": "发烧吗？"})
    report = build(write_json_lines(tmp_path / "crawl.jsonl", records), tmp_path)
    (warning,) = [warning for warning in report.warnings if warning.code == "lost_to_one_reason"]
    assert warning.counts == {"one_speaker": 8}
    assert "8 of 9 records (89%)" in warning.message


def test_records_without_a_known_field_are_told_of_with_the_fields_they_have(tmp_path):
    records = [{"甲栏": "头痛三天了", "乙栏": "多久了？"}] * 3 + [
        {"question": "咳嗽一周，痰多色黄", "answer": "发烧吗？量过体温没有？"}
    ]
    report = build(write_json_lines(tmp_path / "crawl.jsonl", records), tmp_path)
    (warning,) = [warning for warning in report.warnings if warning.code == "missing_field"]
    assert warning.counts == {"甲栏": 3, "乙栏": 3}
    assert warning.message.startswith("3 records have no field")
    assert report.quarantine == {"missing_field": 3}


@pytest.mark.parametrize("code", get_args(BuildWarning.model_fields["code"].annotation))
def test_every_warning_has_a_heading_on_the_page(code):
    assert all(texts.TEXTS[f"warning_{code}"])


def test_dynamic_field_names_are_not_listed(tmp_path):
    records = [{"question": "头痛三天了", "answer": "多久了？", f"患者{number}": "张"} for number in range(250)]
    report = build(write_json_lines(tmp_path / "crawl.jsonl", records), tmp_path)
    assert report.to_dict()["reading"]["unread_records"] == {"*": 250}
    assert "患者" not in (report.out / "report.json").read_text(encoding="utf-8")


def test_tables_of_the_first_version_are_read(tmp_path):
    report = build(
        write_json_lines(
            tmp_path / "crawl.jsonl", [{"question": "头痛１天了，早上起来最重，吃了药", "answer": "多久了？发烧吗？"}]
        ),
        tmp_path,
    )
    (path,) = Build.open(report.out).paths()
    rows = next(Build.open(report.out).iter_batches())
    old = rows.with_columns(
        pl.col("trace").list.eval(pl.struct(pl.element().struct.field(name) for name in ("stage", "action", "reason")))
    )
    # Another file: the rows are a view of the one that they were read from.
    path.unlink()
    old.write_ipc_stream(path)
    upgraded = next(Build.open(report.out).iter_batches())
    assert upgraded.schema == rows.schema
    assert {entry["characters"] for entry in upgraded["trace"].to_list()[0]} == {0}
