"""From crawl to build: counts add up, bytes repeat, a kill loses nothing, foreign directories are never touched."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import cmtmed
from cmtmed.engine import local, reading, tasks
from cmtmed.errors import DatasetError, InputError, OutputError, StrictError, UsageError
from cmtmed.resources import bundled

SECRET = "我左边第三颗牙疼得厉害"


def record(number, question=None, answer=None):
    return {
        "id": f"r{number}",
        "question": question or f"第{number}个问题：孩子发烧{37 + number / 10:.1f}度，咳嗽{number}天了怎么办？",
        "answer": answer
        or f"您好，请问第{number}位孩子多大了？有没有流鼻涕？先物理降温，每{number + 4}小时量一次体温。",
    }


def write_crawl(folder, records, name="crawl.jsonl"):
    folder.mkdir(parents=True, exist_ok=True)
    lines = [content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) for content in records]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


@pytest.fixture
def crawl(tmp_path):
    records = [record(number) for number in range(40)]
    records += [
        record(99, question=SECRET),
        record(3),
        record(100, question="嗯", answer="好"),
        "{broken",
        record(101),
    ]
    records.append(record(102, question=records[5]["question"], answer=records[5]["answer"]))
    return write_crawl(tmp_path / "crawl", records)


@pytest.fixture
def small_shards(monkeypatch):
    """Split a small crawl into several shards."""
    monkeypatch.setattr(local, "SHARD_ROWS", 7)


def fingerprints(out):
    """Return the hash of every file that must repeat byte for byte."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "report.json"
    }


def test_counts_add_up_and_every_table_opens_without_cmtmed(crawl, tmp_path):
    out = tmp_path / "out"
    report = cmtmed.build("cmtmedqa", [crawl], out)
    assert report.counts == {"read": 46, "kept": 42, "dropped": 3, "quarantined": 1}
    assert dict(report.drops) == {"one_speaker": 1, "exact_duplicate": 2}
    assert dict(report.quarantine) == {"invalid_json": 1}
    code = """
import datasets, json, sys
out = sys.argv[1]
rows = {name: sum(split.num_rows for split in datasets.load_from_disk(f"{out}/{name}").values())
        for name in ("dialogues", "pretrain", "sft", "prompts")}
rows |= {name: datasets.load_from_disk(f"{out}/{name}").num_rows for name in ("dropped", "quarantine")}
ids = [set(id for split in datasets.load_from_disk(f"{out}/{name}").values() for id in split["id"])
       for name in ("dialogues", "pretrain", "sft", "prompts")]
assert all(view_ids == ids[0] for view_ids in ids)
assert "cmtmed" not in sys.modules
print(json.dumps(rows))
"""
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", code, str(out)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert json.loads(loaded.stdout) == {
        "dialogues": 42,
        "pretrain": 42,
        "sft": 42,
        "prompts": 42,
        "dropped": 3,
        "quarantine": 1,
    }


def test_report_and_manifest_follow_their_schemas(crawl, tmp_path):
    cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
    for name in ("manifest", "report"):
        schema = json.loads(bundled(f"schemas/{name}.v1.json").read_text(encoding="utf-8"))
        content = json.loads((tmp_path / "out" / f"{name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(content, schema, jsonschema.Draft202012Validator)


@pytest.mark.usefixtures("small_shards")
def test_the_same_input_gives_the_same_bytes(crawl, tmp_path):
    cmtmed.build("cmtmedqa", [crawl], tmp_path / "one", workers=1)
    cmtmed.build("cmtmedqa", [crawl], tmp_path / "two", workers=1)
    assert fingerprints(tmp_path / "one") == fingerprints(tmp_path / "two")


def test_worker_processes_change_nothing(tmp_path):
    for number in range(3):
        write_crawl(tmp_path / "crawl", [record(index + number * 50) for index in range(50)], f"{number}.jsonl")
    groups = "from cmtmed.engine import local; local.GROUP_BYTES = 1; local.SHARD_ROWS = 16"
    for workers in (1, 2):
        code = f"import cmtmed; {groups}; cmtmed.build('cmtmedqa', ['crawl'], 'out{workers}', workers={workers})"
        # A script without a main guard, as users write it.
        subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert fingerprints(tmp_path / "out1") == fingerprints(tmp_path / "out2")


class _Killed(BaseException):
    """Simulates a kill: nothing in the library may catch it."""


def test_interrupted_at_every_write_and_resumed(crawl, tmp_path, monkeypatch):
    # Enough shards that one is complete while the next is not.
    monkeypatch.setattr(local, "SHARD_ROWS", 16)
    cmtmed.build("cmtmedqa", [crawl], tmp_path / "whole", workers=1)
    expected = fingerprints(tmp_path / "whole")
    path_replace = Path.replace
    allowed, finished = 0, False
    while not finished:
        # Early writes one by one, the rest in steps, to bound the time.
        allowed += 1 if allowed < 8 else 5
        out, remaining = tmp_path / f"out{allowed}", allowed

        def replace(source, target):
            nonlocal remaining
            if remaining == 0:
                raise _Killed
            remaining -= 1
            return path_replace(source, target)

        monkeypatch.setattr(Path, "replace", replace)
        try:
            cmtmed.build("cmtmedqa", [crawl], out, workers=1)
            finished = True
        except _Killed:
            assert not out.exists()
        monkeypatch.setattr(Path, "replace", path_replace)
        cmtmed.build("cmtmedqa", [crawl], out, workers=1)
        assert fingerprints(out) == expected
        assert not list(tmp_path.glob(".out*"))
    assert allowed > 20


def test_a_resumed_build_does_not_read_again(crawl, tmp_path, monkeypatch):
    monkeypatch.setattr(tasks.lineage, "apply_stage", lambda *_: (_ for _ in ()).throw(_Killed))
    with pytest.raises(_Killed):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(reading, "read_file", lambda *_, **__: pytest.fail("read again"))
    assert cmtmed.build("cmtmedqa", [crawl], tmp_path / "out").counts["read"] == 46


def test_a_changed_input_starts_over(crawl, tmp_path, monkeypatch):
    monkeypatch.setattr(tasks.lineage, "apply_stage", lambda *_: (_ for _ in ()).throw(_Killed))
    with pytest.raises(_Killed):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
    monkeypatch.undo()
    write_crawl(crawl.parent, [record(number) for number in range(5)])
    assert cmtmed.build("cmtmedqa", [crawl], tmp_path / "out").counts["read"] == 5


def test_strict_stops_at_the_first_unreadable_record(crawl, tmp_path):
    with pytest.raises(StrictError, match=r"crawl\.jsonl: line 44: invalid_json; fix the input") as error:
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out", strict=True)
    assert "broken" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_ids_are_unique_whatever_the_crawl_does(tmp_path):
    write_crawl(tmp_path / "crawl", [record(1), record(2)], "a.jsonl")
    write_crawl(
        tmp_path / "crawl",
        [record(1, question="老人夜里腿抽筋，一周三四次，需要补钙吗？"), record(3)],
        "b.jsonl",
    )
    cmtmed.build("cmtmedqa", [tmp_path / "crawl"], tmp_path / "out")
    ids = [row["id"] for split in cmtmed.load(tmp_path / "out").values() for row in split]
    assert sorted(ids) == ["crawl/r1", "crawl/r1~2", "crawl/r2", "crawl/r3"]


def test_equal_ids_of_two_sources_stay_apart(tmp_path):
    write_crawl(tmp_path / "crawl", [record(1)], "a.jsonl")
    write_crawl(tmp_path / "crawl", [record(1, question="老人夜里腿抽筋，一周三四次，需要补钙吗？")], "b.jsonl")
    sources = [{"name": "north", "match": "a.*"}, {"name": "south", "match": "b.*"}]
    pipeline = cmtmed.Pipeline.parse({"name": "x", "extends": "cmtmedqa", "sources": sources})
    cmtmed.build(pipeline, [tmp_path / "crawl"], tmp_path / "out")
    ids = [row["id"] for split in cmtmed.load(tmp_path / "out").values() for row in split]
    assert sorted(ids) == ["north/r1", "south/r1"]


class TestOutputDirectory:
    """Nothing but this pipeline's own earlier build is ever replaced."""

    def test_foreign_directory(self, crawl, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError, match=r"is neither empty nor a build of cmtmed; choose another --out"):
            cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
        assert (tmp_path / "out" / "thesis.txt").read_text(encoding="utf-8") == "mine"

    def test_file(self, crawl, tmp_path):
        (tmp_path / "out").write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError, match="is a file; pass a directory"):
            cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")

    def test_build_of_another_pipeline(self, crawl, tmp_path):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
        with pytest.raises(OutputError, match="holds a build of pipeline 'cmtmedqa', not of 'single_turn'"):
            cmtmed.build("single_turn", [crawl], tmp_path / "out")

    def test_own_build_is_replaced_when_the_new_one_is_complete(self, crawl, tmp_path):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
        write_crawl(crawl.parent, [record(number) for number in range(5)])
        assert cmtmed.build("cmtmedqa", [crawl], tmp_path / "out").counts["kept"] == 5
        assert sum(split.num_rows for split in cmtmed.load(tmp_path / "out").values()) == 5

    def test_empty_directory(self, crawl, tmp_path):
        (tmp_path / "out").mkdir()
        assert cmtmed.build("cmtmedqa", [crawl], tmp_path / "out").counts["kept"] == 42

    def test_not_writable(self, crawl, tmp_path):
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(OutputError, match=r"cannot write next to .*: Not a directory; choose another --out"):
            cmtmed.build("cmtmedqa", [crawl], tmp_path / "file" / "out")

    def test_full(self, crawl, tmp_path):
        """A file size limit simulates a full disk: the same system call fails."""
        process = subprocess.run(
            [
                sys.executable,
                "-m",
                "cmtmed.cli",
                "build",
                "cmtmedqa",
                str(crawl),
                "--out",
                str(tmp_path / "out"),
            ],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        )
        assert process.returncode == 1
        assert "cannot write the build to" in process.stderr
        assert "free some space or choose another --out" in process.stderr
        assert "Traceback" not in process.stderr
        assert not (tmp_path / "out").exists()
        assert cmtmed.build("cmtmedqa", [crawl], tmp_path / "out").counts["kept"] == 42


def test_a_crawl_of_nothing_gives_an_empty_dataset(tmp_path):
    write_crawl(tmp_path / "crawl", ["{broken"])
    report = cmtmed.build("cmtmedqa", [tmp_path / "crawl"], tmp_path / "out")
    assert report.counts == {"read": 1, "kept": 0, "dropped": 0, "quarantined": 1}
    assert cmtmed.load(tmp_path / "out")["train"].num_rows == 0


def test_bad_calls(crawl, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        cmtmed.build("cmtmedqa", [tmp_path / "nowhere.jsonl"], tmp_path / "out")
    with pytest.raises(UsageError, match="unknown engine 'spark'; available: local"):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out", engine="spark")
    with pytest.raises(UsageError, match="workers is 0"):
        cmtmed.build("cmtmedqa", [crawl], tmp_path / "out", workers=0)
    with pytest.raises(DatasetError, match=r"holds no finished build: manifest\.json is missing"):
        cmtmed.load(tmp_path)
    cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
    with pytest.raises(UsageError, match="no view 'stf'; did you mean 'sft'"):
        cmtmed.load(tmp_path / "out", view="stf")
    with pytest.raises(UsageError, match="no dialogue 'crawl/r999'"):
        cmtmed.explain(tmp_path / "out", id="crawl/r999")
    (tmp_path / "out" / "sft" / "train" / "state.json").unlink()
    with pytest.raises(DatasetError, match=r"state\.json. cannot be read: it is missing; run cmtmed build again"):
        cmtmed.load(tmp_path / "out")


def test_explain_tells_why(crawl, tmp_path):
    cmtmed.build("cmtmedqa", [crawl], tmp_path / "out")
    dropped = cmtmed.explain(tmp_path / "out", id="crawl/r102")
    assert not dropped.kept
    assert dropped.verdict() == "dropped by drop_duplicates: exact_duplicate of crawl/r5"
    kept = cmtmed.explain(tmp_path / "out", id="crawl/r7")
    assert kept.kept
    assert {"stage": "tag_inquiries", "action": "tagged", "reason": "inquiries", "characters": 0} in kept.trace


def test_no_patient_text_outside_the_tables(crawl, tmp_path):
    process = subprocess.run(
        [sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", str(crawl), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    out: Path = tmp_path / "out"
    published = process.stdout + process.stderr + "".join(path.read_text("utf-8") for path in out.rglob("*.json"))
    assert any(SECRET in row["messages"][0]["content"] for row in cmtmed.load(out)["train"])
    for start in range(len(SECRET) - 3):
        assert SECRET[start : start + 4] not in published
