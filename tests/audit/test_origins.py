"""How verdicts came, by whom and when: typed at a terminal, or from a file; card and statement claim no more than that."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from datetime import UTC, datetime

import jsonschema
import pytest
from typer.testing import CliRunner

import cmtmed
from cmtmed.audit import audit_build, read_audit
from cmtmed.audit.origins import ENGLISH, ZH, describe_origins
from cmtmed.audit.review import read_sampled_turns, record_verdict
from cmtmed.audit.verdicts import VERDICTS_FILE
from cmtmed.cli import app
from cmtmed.resources import bundled
from tests.support.files import write_json_lines
from tests.support.published import CARD, build_small


@pytest.fixture
def built(tmp_path):
    return build_small(tmp_path)


def read_statement(out):
    return (out / "audit/privacy.md").read_text(encoding="utf-8")


def read_verdict_lines(out):
    return [json.loads(line) for line in (out / "audit" / VERDICTS_FILE).read_text(encoding="utf-8").splitlines()]


def write_verdicts(folder, audit, **extra):
    rows = [
        {"id": sampled.turn.id, "message": sampled.turn.message, "verdict": "fine", **extra}
        for sampled in read_sampled_turns(audit)
    ]
    return write_json_lines(folder / "mine.jsonl", rows)


def review_at_a_terminal(out, *arguments, key="n"):
    """Answer every question of the review at a terminal of its own."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cmtmed.cli", "audit", str(out), "--review", *arguments],
        stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    os.close(slave)
    deadline = time.monotonic() + 300
    try:
        while process.poll() is None and time.monotonic() < deadline:
            os.write(master, key.encode())
            time.sleep(0.05)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(master)
    assert process.returncode == 0, output
    return output


def test_verdicts_typed_at_a_terminal(built):
    audit_build(built, size=12)
    review_at_a_terminal(built, "--size", "12", "--reader", "李小兰")
    content = read_audit(built).content
    today = datetime.now(UTC).date().isoformat()
    (origin,) = content["verdicts"]
    assert (origin["method"], origin["readers"]) == ("terminal", ["李小兰"])
    assert origin["turns"] == content["residual"]["read"] > 0
    assert {origin["first"], origin["last"]} <= {today, datetime.now(UTC).date().isoformat()}
    statement = read_statement(built)
    assert f"A person read {origin['turns']} turns at a terminal (李小兰; {origin['first']}" in statement
    assert f"人工在终端阅读 {origin['turns']} 轮（李小兰；" in statement
    assert "file" not in describe_origins(content, ENGLISH)
    for row in read_verdict_lines(built):
        assert (row["method"], row["reader"]) == ("terminal", "李小兰")
        assert datetime.fromisoformat(row["time"]).tzinfo is not None
        assert isinstance(row["account"], str)


def test_answers_from_a_pipe_are_no_reading(built):
    audit_build(built, size=12)
    result = CliRunner().invoke(app, ["audit", str(built), "--size", "12", "--review"], input="n\n" * 40)
    assert result.exit_code == 0, result.output
    content = read_audit(built).content
    assert [origin["method"] for origin in content["verdicts"]] == ["file"]
    assert "A person read" not in read_statement(built)


@pytest.mark.parametrize("claims", [{}, {"reader": "王医生"}, {"method": "terminal", "time": "2020-01-01T00:00:00"}])
def test_a_file_is_a_file_whatever_it_says(built, tmp_path, claims):
    verdicts = write_verdicts(tmp_path, audit_build(built, size=12), **claims)
    content = audit_build(built, size=12, verdicts=verdicts).content
    (origin,) = content["verdicts"]
    assert origin["method"] == "file"
    assert origin["readers"] == ([claims["reader"]] if "reader" in claims else [])
    assert origin["first"] != "2020-01-01", "the day on which they were imported"
    statement = read_statement(built)
    assert "A person read" not in statement
    assert "人工在终端" not in statement
    assert f"The verdicts on {origin['turns']} turns came from a file" in statement
    assert "whether a person read the turns is not recorded" in statement
    assert f"{origin['turns']} 轮的判断来自文件" in statement
    assert "是否经人工阅读没有记录" in statement
    assert ("according to the file by 王医生" in statement) == ("reader" in claims)
    again = audit_build(built, size=12, verdicts=verdicts)
    assert again.content == content
    assert len(read_verdict_lines(built)) == origin["turns"]


def test_both_ways_are_told_apart(built, tmp_path):
    audit = audit_build(built, size=12)
    sample = read_sampled_turns(audit)
    record_verdict(audit, sample[0].turn, "fine", method="terminal")
    record_verdict(audit, sample[1].turn, "leak", method="page", reader="a|b [c]")
    content = audit_build(built, size=12, verdicts=write_verdicts(tmp_path, audit)).content
    assert [(origin["method"], origin["turns"]) for origin in content["verdicts"]] == [
        ("terminal", 1), ("file", len(sample) - 1),
    ], "a verdict from a file replaces another one, not an equal one"  # fmt: skip
    text = describe_origins(content, ENGLISH)
    assert text.startswith("A person read 1 turn at a terminal (")
    assert f"The verdicts on {len(sample) - 1} turns came from a file" in text
    record_verdict(audit, sample[1].turn, "leak", method="page", reader="a|b [c]")
    content = audit_build(built, size=12).content
    assert "A person read 1 turn on a page (a\\|b \\[c\\]" in describe_origins(content, ENGLISH)
    assert "人工在网页上阅读 1 轮" in describe_origins(content, ZH)
    schema = json.loads(bundled("schemas/audit.v1.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((built / "audit/audit.json").read_text(encoding="utf-8")), schema)


def test_verdicts_of_earlier_releases_count_as_a_file(built):
    audit = audit_build(built, size=12)
    turn = read_sampled_turns(audit)[0].turn
    row = {"id": turn.id, "message": turn.message, "verdict": "fine", "data": audit.content["data"]}
    write_json_lines(built / "audit" / VERDICTS_FILE, [row])
    (origin,) = audit_build(built, size=12).content["verdicts"]
    assert origin == {"method": "file", "turns": 1, "readers": [], "first": "", "last": ""}
    assert "came from a file; whether" in read_statement(built)


def test_the_card_says_the_same(built, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for method, english, chinese in (
        ("file", "The verdicts on {} turns came from a file", "{} 轮的判断来自文件"),
        ("terminal", "A person read {} turns at a terminal (李小兰; ", "人工在终端阅读 {} 轮（李小兰；"),
    ):
        audit = audit_build(built)
        for sampled in read_sampled_turns(audit):
            record_verdict(audit, sampled.turn, "fine", method=method, reader="李小兰" if method == "terminal" else "")
        content = audit_build(built).content
        publication = cmtmed.publish(built, "org/dialogues", card=CARD, dry_run=True)
        assert publication.refused == ()
        read = content["residual"]["read"]
        assert publication.card.count(english.format(read)) == 2, "in the paragraph, and in the full statement"
        assert publication.card.count(chinese.format(read)) == 2
        assert ("A person read" in publication.card) == (method == "terminal")


def test_a_name_without_a_review(built):
    result = CliRunner().invoke(app, ["audit", str(built), "--reader", "x"])
    assert "--reader names who reads with --review" in str(result.exception)
