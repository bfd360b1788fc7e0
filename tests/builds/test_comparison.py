"""Two builds side by side: every dialogue is told once, and the stage that made the difference is named."""

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


def built(folder, lines, **options):
    crawl = folder / "crawl.jsonl"
    crawl.parent.mkdir(parents=True, exist_ok=True)
    crawl.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    chosen = cmtmed.Pipeline.parse({"name": "p", "extends": "cmtmedqa", "options": options})
    cmtmed.build(chosen, [crawl], folder / "out", workers=1)
    return folder / "out"


def test_a_build_is_the_same_as_itself(tmp_path):
    out = built(tmp_path / "one", LINES)
    told = compare(out, out)
    kept = told.counts[0]["kept"]
    assert told.rows == dict.fromkeys(ROWS, 0) | {"same": kept, "dropped_both": len(LINES) - kept}
    assert (told.stages, told.versions, told.edited) == ({}, {}, {})


def test_every_dialogue_is_told_once_with_the_stage_that_did_it(tmp_path):
    one = built(
        tmp_path / "one", LINES, drop_by_length={"min_chars": 1}, redact_identifiers={"actions": {"PERSON": "keep"}}
    )
    lines = [*LINES[1:], {"id": "e", "question": "膝盖疼，上下楼明显", "answer": "您好，肿吗？少爬楼。"}]
    two = built(tmp_path / "two", lines, drop_by_length={"min_chars": 12})
    told = compare(one, two)
    assert sum(told.rows.values()) == len({line["id"] for line in [*LINES, *lines]})
    assert told.rows == dict.fromkeys(ROWS, 0) | {"gone": 1, "same": 1, "edited": 1, "dropped": 1, "new_kept": 1}
    assert dict(told.dropped) == {"too_short": 1}
    assert dict(told.edited) == {"redact_identifiers": 1}
    assert set(told.stages) == {"drop_by_length", "redact_identifiers"}
    back = compare(two, one)
    assert dict(back.regained) == {"too_short": 1}
    assert (back.rows["regained"], back.rows["new_kept"], back.rows["gone"]) == (1, 1, 1)


def test_the_command_prints_no_text(tmp_path):
    one = built(tmp_path / "one", LINES)
    two = built(tmp_path / "two", LINES, tag_inquiries={}, assign_split={"seed": 5, "test": 0.9})
    shown = CliRunner().invoke(app, ["compare", str(one), str(two)], catch_exceptions=False).output
    assert "assign_split.seed: 0 -> 5" in shown
    assert "different questions, redactions, cluster or split" in shown
    as_json = CliRunner().invoke(app, ["compare", str(one), str(two), "--json"], catch_exceptions=False).output
    assert json.loads(as_json)["rows"]["retagged"] >= 1
    assert not [word for word in ("头痛", "咳嗽", "王建国") if word in shown + as_json]


def test_what_is_no_build_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="holds no finished build"):
        compare(tmp_path, tmp_path)
