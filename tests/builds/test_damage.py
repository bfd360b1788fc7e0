"""Damaged builds: whatever has happened to their files, commands say so in one line, and no process ends without a word."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cmtmed
from cmtmed.builds import Build
from cmtmed.builds.clusters import list_clusters
from cmtmed.errors import DatasetError
from tests.builds.damage import (
    COMMANDS,
    CONTENTS,
    READERS,
    SLOW,
    copy_build,
    list_json_files,
    mutate,
    run,
)
from tests.support.published import LINES, audit_and_review, build_small

MUTATIONS = 30
FLIPS = 20
WHOLE = {**CONTENTS, "missing": None, "directory": None}
FILES = {
    "manifest.json": ["stats", "load", "explain", "compare"],
    "report.json": ["stats", "compare"],
    "sft/dataset_dict.json": ["load"],
    "sft/train/state.json": ["load"],
    "sft/train/dataset_info.json": ["load"],
    "audit/sample.jsonl": ["show"],
}
"""Files of a build, and commands that cannot do without them."""


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    lines = [*LINES, LINES[0] | {"id": "a2"}]
    return audit_and_review(build_small(tmp_path_factory.mktemp("intact"), lines, broken_lines=1))


@pytest.fixture
def out(intact, tmp_path):
    return copy_build(intact, tmp_path / "out")


@pytest.fixture(scope="module")
def id_(intact):
    return list_clusters(intact)["cluster"][0]


@pytest.fixture(autouse=True)
def no_hub(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def show_sample(out, _id):
    from cmtmed.audit import read_audit
    from cmtmed.audit.review import read_sampled_turns

    read_sampled_turns(read_audit(out))


def assert_one_line(message, *names):
    assert "\n" not in message
    assert "; " in message, "no next step"
    for name in names:
        assert name in message
    assert len(message) < 1000


def write_whole(path, name):
    path.unlink()
    if name == "directory":
        path.mkdir()
    elif name != "missing":
        path.write_bytes(CONTENTS[name])


def test_every_command_works_on_an_intact_build(intact, id_):
    for name, command in {**COMMANDS, **READERS, "show": show_sample}.items():
        assert run(command, intact, id_) == ("done", ""), name


@pytest.mark.parametrize("content", WHOLE)
@pytest.mark.parametrize("file", FILES)
def test_a_json_file_that_is_something_else(intact, out, id_, file, content):
    write_whole(out / file, content)
    commands = {**COMMANDS, "show": show_sample}
    for name in FILES[file]:
        outcome, message = run(commands[name], out, id_)
        if file == "sft/train/dataset_info.json" and outcome == "done":
            continue  # `datasets` then takes the description in the Arrow file
        if file == "audit/sample.jsonl" and content in {"empty", "blank"}:
            continue  # an empty sample
        assert outcome == "refused", (name, message)
        assert_one_line(message, Path(file).name if file != "sft/train/dataset_info.json" else "sft")


@pytest.mark.parametrize("content", WHOLE)
@pytest.mark.parametrize("file", ["audit/audit.json", "audit/verdicts.jsonl"])
def test_an_audit_that_is_something_else(intact, out, id_, file, content):
    write_whole(out / file, content)
    outcome, message = run(COMMANDS["audit"], out, id_)
    assert outcome in {"done", "refused"}, message
    if outcome == "refused":
        assert_one_line(message, file.split("/")[1] if "verdicts" in file else "audit")


@pytest.mark.parametrize("version", [0, 2, "1", None, [], {"x": [1] * 1000}])
def test_another_version(out, version):
    path = out / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8")) | {"version": version}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(
        DatasetError, match=r"manifest.json. has version .*, but this cmtmed reads version 1; run"
    ) as refused:
        Build.open(out)
    assert_one_line(str(refused.value))


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_no_mutation_of_a_json_file_ends_in_a_traceback(out, id_, seed):
    rng = random.Random(seed)
    path = rng.choice(list_json_files(out))
    label = f"{path.relative_to(out)}: {mutate(path, rng)}"
    for name, command in COMMANDS.items():
        if name in SLOW and seed % 6:
            continue
        outcome, message = run(command, out, id_)
        assert outcome != "crash", f"{label}: {name}: {message}"
        if outcome == "refused" and name != "publish":
            assert_one_line(message)


def test_no_flipped_byte_ends_the_process(intact, tmp_path):
    """In a process of its own: what this looks for would end the one that runs the tests."""
    (tmp_path / "scratch").mkdir()
    arguments = [str(intact), str(FLIPS), "0", str(tmp_path / "scratch")]
    process = subprocess.run(
        [sys.executable, "-m", "tests.builds.damage", *arguments], capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert process.returncode == 0, (lines[-1:], process.stderr[-2000:])
    outcomes = [line for line in lines if line[3] != "begins"]
    assert [line for line in outcomes if line[3] == "crash"] == []
    assert len(outcomes) == FLIPS * len(READERS)
    for *_, outcome, message in outcomes:
        if outcome == "refused":
            assert_one_line(message)
    assert sum(line[3] == "refused" for line in outcomes if line[2] == "explain --verify") >= FLIPS * 0.8


TABLES = ["dialogues/train/data-00000-of-00001.arrow", "dropped/data-00000-of-00001.arrow"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "longer", "extra", "copied"])
def test_tables_that_are_missing_cut_or_too_many(out, id_, table, damage):
    path = out / table
    content = path.read_bytes()
    expected = path.name
    if damage == "missing":
        path.unlink()
    elif damage in {"cut", "empty"}:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    elif damage == "longer":
        path.write_bytes(content + b"\0")
    elif damage == "extra":
        expected = "data-00001-of-00001.arrow"
        (path.parent / expected).write_bytes(content)
    else:
        expected = "x"
        shutil.copytree(path.parent, path.parent.parent / "x" if "train" in table else path.parent / "x")
    for name, command in READERS.items():
        if name in {"raw", "stats", "open_view"}:
            continue
        outcome, message = run(command, out, id_)
        assert outcome == "refused", (name, message)
        assert_one_line(message, expected)


def test_verification_finds_what_reading_cannot(out, id_):
    path = out / "dialogues/train/data-00000-of-00001.arrow"
    content = path.read_bytes()
    changed = content.replace("咳嗽".encode(), "呕吐".encode())
    assert changed != content
    path.write_bytes(changed)
    assert run(COMMANDS["explain"], out, id_) == ("done", "")
    for call in (
        lambda: cmtmed.load(out, verify=True),
        lambda: cmtmed.explain(out, id_, verify=True),
        lambda: list_clusters(out, verify=True),
        lambda: cmtmed.write_report(out, verify=True),
        lambda: cmtmed.audit_build(out, verify=True),
    ):
        with pytest.raises(
            DatasetError, match=r"train/data-\S+ does not have the checksum that it was built with; run"
        ):
            call()
    refused = cmtmed.publish(out, "org/x", dry_run=True).refused
    assert "files" in [finding.check for finding in refused]


def test_files_that_the_library_datasets_leaves_are_no_damage(out, id_):
    rows = cmtmed.load(out)["train"]
    rows.map(lambda row: row, load_from_cache_file=False)
    folder = out / "sft/train"
    shutil.copy(folder / "data-00000-of-00001.arrow", folder / "cache-0123456789abcdef.arrow")
    for name, command in READERS.items():
        assert run(command, out, id_) == ("done", ""), name


def test_a_pipe_is_not_waited_for(out):
    (out / "manifest.json").unlink()
    os.mkfifo(out / "manifest.json")
    with pytest.raises(DatasetError, match="it is no regular file"):
        Build.open(out)


def test_a_manifest_that_points_elsewhere(out, tmp_path):
    path = out / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for name in ("../other.arrow", "/etc/hostname", "sft/../../x"):
        content["files"][0]["path"] = name
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(DatasetError, match="which is not in the build"):
            Build.open(out).check_files(verify=True)
    assert tmp_path.exists()
