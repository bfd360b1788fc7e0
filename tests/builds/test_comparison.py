"""Two builds side by side: every dialogue has one outcome, with the stage responsible."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import cmtmed
from cmtmed.builds.comparison import ROWS, compare
from cmtmed.cli import app
from cmtmed.errors import DatasetError

LINES = [
    {"id": "a", "question": "头痛三天了，有点恶心", "answer": "您好，发烧吗？先量血压。"},
    {"id": "b", "question": "咳嗽一周，痰是黄的", "answer": "您好，几岁了？多喝温水。"},
    {"id": "c", "question": "我叫王建国，胃胀反酸半个月", "answer": "您好，做过胃镜吗？清淡饮食。"},
    {"id": "d", "question": "疼", "answer": "哪里疼？"},
]


def build_corpus(folder, lines, **options):
    crawl = folder / "crawl.jsonl"
    crawl.parent.mkdir(parents=True, exist_ok=True)
    crawl.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    pipeline = cmtmed.Pipeline.parse({"name": "p", "extends": "cmtmedqa", "options": options})
    cmtmed.build(pipeline, [crawl], folder / "out", workers=1)
    return folder / "out"


def test_a_build_is_the_same_as_itself(tmp_path):
    out = build_corpus(tmp_path / "one", LINES)
    comparison = compare(out, out)
    kept = comparison.counts[0]["kept"]
    assert comparison.rows == dict.fromkeys(ROWS, 0) | {"same": kept, "dropped_both": len(LINES) - kept}
    assert (comparison.stages, comparison.versions, comparison.edited) == ({}, {}, {})


def test_every_dialogue_has_one_outcome_and_a_stage_responsible(tmp_path):
    old = build_corpus(
        tmp_path / "one", LINES, drop_by_length={"min_chars": 1}, redact_identifiers={"actions": {"PERSON": "keep"}}
    )
    lines = [*LINES[1:], {"id": "e", "question": "膝盖疼，上下楼明显", "answer": "您好，肿吗？少爬楼。"}]
    new = build_corpus(tmp_path / "two", lines, drop_by_length={"min_chars": 12})
    comparison = compare(old, new)
    assert sum(comparison.rows.values()) == len({line["id"] for line in [*LINES, *lines]})
    assert comparison.rows == dict.fromkeys(ROWS, 0) | {"gone": 1, "same": 1, "edited": 1, "dropped": 1, "new_kept": 1}
    assert dict(comparison.dropped) == {"too_short": 1}
    assert dict(comparison.edited) == {"redact_identifiers": 1}
    assert set(comparison.stages) == {"drop_by_length", "redact_identifiers"}
    reverse = compare(new, old)
    assert dict(reverse.regained) == {"too_short": 1}
    assert (reverse.rows["regained"], reverse.rows["new_kept"], reverse.rows["gone"]) == (1, 1, 1)


def test_the_command_prints_no_text(tmp_path):
    old = build_corpus(tmp_path / "one", LINES)
    new = build_corpus(tmp_path / "two", LINES, tag_inquiries={}, assign_split={"seed": 5, "test": 0.9})
    text = CliRunner().invoke(app, ["compare", str(old), str(new)], catch_exceptions=False).output
    assert "assign_split.seed: 0 -> 5" in text
    assert "other questions, redactions, cluster or split" in text
    as_json = CliRunner().invoke(app, ["compare", str(old), str(new), "--json"], catch_exceptions=False).output
    assert json.loads(as_json)["rows"]["retagged"] >= 1
    assert not [word for word in ("头痛", "咳嗽", "王建国") if word in text + as_json]


def test_what_is_no_build_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="holds no finished build"):
        compare(tmp_path, tmp_path)
