"""Privacy at rest: whose files they are, labels that look like identifiers, and ids that are keyed hashes."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmtmed
from cmtmed.anonymize.labels import count_identifying_labels, find_identifying_labels
from cmtmed.anonymize.replace.hashed_ids import hash_ids
from cmtmed.artifacts import write_text
from cmtmed.audit import audit_build
from cmtmed.audit.review import read_sampled_turns, record_verdict
from cmtmed.builds import Build
from cmtmed.builds.clusters import find_cluster, list_clusters
from cmtmed.builds.explanation import explain
from cmtmed.engine.build import build
from cmtmed.errors import UsageError
from cmtmed.hub.versions import compare
from cmtmed.private_files import make_private_folder, restrict_to_owner
from cmtmed.report.writer import write_report
from tests.support.files import write_json_lines
from tests.support.published import LINES, build_small

KEY = "0123456789abcdef" * 2
UMASKS = [0o000, 0o002, 0o022, 0o077, 0o177]


@pytest.fixture
def set_umask():
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def list_modes(folder):
    """Return mode and path of everything in a directory, and of the directory itself."""
    paths = [folder, *folder.rglob("*")]
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.lstat().st_mode)
        for path in paths
        if not path.is_symlink()
    }


def assert_private(folder):
    for name, mode in list_modes(folder).items():
        expected = 0o700 if (folder / name).is_dir() else 0o600
        assert mode == expected, f"{name}: {mode:o}"


def write_crawl(folder, name="crawl.jsonl", lines=LINES):
    path = write_json_lines(folder / name, lines)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"question": "我叫费思源，住青禾路88号"\n')
    return path


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_files_with_crawled_text_are_their_owners_alone(tmp_path, set_umask, umask):
    """While the build runs, after a kill, after resuming, and in what is left at the end."""
    crawl = write_crawl(tmp_path)
    set_umask(umask)
    out, workspace = tmp_path / "out", tmp_path / ".out.building"
    seen = []

    def look(phase, completed, total):
        if workspace.exists():
            assert_private_workspace(workspace)
            seen.append(phase)
        if phase == "emit" and completed == 0 and len(seen) < 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build("cmtmedqa", [crawl], out, workers=1, progress=look)
    assert_private(workspace)
    for path in workspace.rglob("*"):
        path.chmod(0o755)
    workspace.chmod(0o755)

    def look_again(_phase, _completed, _total):
        if workspace.exists():
            assert_private_workspace(workspace)

    report = build("cmtmedqa", [crawl], out, workers=1, progress=look_again)
    assert report.counts["quarantined"] == 1
    assert_private(out / "quarantine")
    mode = list_modes(out)["dialogues"]
    assert mode == 0o777 & ~(umask), "tables without crawled text are as the umask says"
    audit = audit_build(out)
    record_verdict(audit, read_sampled_turns(audit)[0].turn, "fine")
    audit_build(out)
    assert_private(out / "audit")
    assert stat.S_IMODE(write_report(out).stat().st_mode) == 0o600


def assert_private_workspace(workspace):
    """Make sure that nobody else can enter a workspace; in the result, what holds no crawled text may be open."""
    for name, mode in list_modes(workspace).items():
        if not name.startswith("result") or name.startswith("result/quarantine"):
            assert mode & 0o077 == 0, f"{name}: {mode:o}"
    assert stat.S_IMODE(workspace.stat().st_mode) == 0o700


def test_worker_processes_write_private_files(tmp_path, set_umask, monkeypatch):
    monkeypatch.setattr("cmtmed.engine.local.GROUP_BYTES", 1)
    files = [write_crawl(tmp_path, f"crawl{number}.jsonl") for number in range(3)]
    set_umask(0)
    modes: dict[str, int] = {}
    workspace = tmp_path / ".out.building"
    done = threading.Event()

    def watch():
        while not done.wait(0.002):
            # Files and folders come and go while they are looked at.
            for folder, names, files in os.walk(workspace):
                for path in (Path(folder, name) for name in (*names, *files)):
                    with suppress(FileNotFoundError):
                        modes[path.relative_to(workspace).as_posix()] = stat.S_IMODE(path.lstat().st_mode)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        build("cmtmedqa", files, tmp_path / "out", workers=2)
    finally:
        done.set()
        watcher.join()
    # What is computed from all texts lies in private directories for temporary files, which the walk sees, too.
    intermediate = {
        name: mode
        for name, mode in modes.items()
        if not name.startswith(("result", "replaced")) and not (name.startswith("tmp/") and name.count("/") > 1)
    }
    assert any(name.endswith(".arrow") for name in intermediate)
    assert {name: oct(mode) for name, mode in intermediate.items() if mode & 0o077} == {}


def test_without_redaction_every_table_is_private(tmp_path, set_umask):
    set_umask(0)
    out = build_small(tmp_path, stages=["normalize_text", "merge_turns", "assign_split"])
    assert list_modes(out)["."] == 0o700
    for table in ("dialogues", "sft", "pretrain", "prompts", "dropped", "quarantine"):
        assert_private(out / table)


@given(st.sampled_from(UMASKS), st.booleans())
def test_private_writing_under_any_umask(tmp_path_factory, umask, exists):
    folder = tmp_path_factory.mktemp("umask") / "private"
    before = os.umask(umask)
    try:
        if exists:
            folder.mkdir()
        make_private_folder(folder)
        write_text(folder / "a", "旧", private=True)
        write_text(folder / "a", "新", private=True)
        restrict_to_owner(folder)
    finally:
        os.umask(before)
    assert_private(folder)
    assert (folder / "a").read_text(encoding="utf-8") == "新"


# --- labels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "count"),
    [
        (["clinic.jsonl:1", "clinic.jsonl:12345", "a.tar.gz!b.csv:7#2", None, "4711"], 0),
        (["13800138000", "13800138000", "a/4711"], 2),
        (["费思源.csv:1", "费思源.csv:2", "王建国.json!x.csv:3"], 3),
        (["110101199003078515", "user=13800138000x", "zhao@example.invalid"], 3),
        ([], 0),
    ],
)
def test_labels_are_counted_like_the_gate_finds_them(labels, count):
    assert count_identifying_labels(pl.Series(labels, dtype=pl.String)) == count
    assert len(find_identifying_labels([label for label in labels if label])) == count


def list_label_warnings(report):
    return {next(iter(warning.counts)): warning for warning in report.warnings if warning.code == "identifying_labels"}


def build_with_labels(folder, **pipeline):
    lines = [line | {"id": f"1380013800{number}", "department": "费思源"} for number, line in enumerate(LINES[:3])] + [
        LINES[3]
    ]
    crawl = write_json_lines(folder / "患者费思源.jsonl", lines)
    definition = {"name": "labels", "extends": "cmtmedqa", **pipeline}
    return cmtmed.build(cmtmed.Pipeline.parse(definition), [crawl], folder / "out", workers=1)


def test_every_build_tells_of_labels_that_look_like_identifiers(tmp_path, capsys):
    from typer.testing import CliRunner

    from cmtmed.cli import app

    report = build_with_labels(tmp_path)
    warnings = list_label_warnings(report)
    assert {name: warning.counts[name] for name, warning in warnings.items()} == {
        "source_id": 3, "department": 3, "file": 1,
    }  # fmt: skip
    assert "`ids: hash`" in warnings["source_id"].message
    stored = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    assert "look like identifiers of people" in stored
    result = CliRunner().invoke(
        app,
        ["build", "cmtmedqa", str(tmp_path / "患者费思源.jsonl"), "--out", str(tmp_path / "out2"), "--workers", "1"],
    )
    assert result.exit_code == 0, result.output
    assert "3 record ids look like identifiers" in result.output
    for text in ("13800138000", "费思源"):
        assert all(text not in warning.message for warning in report.warnings)
    assert capsys.readouterr().out == ""


def test_a_build_without_such_labels_says_nothing(tmp_path):
    assert list_label_warnings(Build.open(build_small(tmp_path)).report) == {}


# --- hashed ids -----------------------------------------------------------------------------------------------------


def test_hashed_ids_are_stable_and_traced_by_whoever_has_the_key(tmp_path, monkeypatch):
    lines = [*LINES, LINES[0] | {"id": "a2"}]
    plain_folder, folder = tmp_path / "plain", tmp_path / "hashed"
    plain_folder.mkdir()
    folder.mkdir()
    crawl = write_json_lines(tmp_path / "crawl.jsonl", lines)
    plain = {"name": "x", "extends": "cmtmedqa"}
    cmtmed.build(cmtmed.Pipeline.parse(plain), [crawl], plain_folder / "out", workers=1)
    hashing = cmtmed.Pipeline.parse({**plain, "ids": "hash"})
    monkeypatch.delenv("CMTMED_KEY", raising=False)
    with pytest.raises(UsageError, match="CMTMED_KEY is not set"):
        cmtmed.build(hashing, [crawl], folder / "out", workers=1)
    assert list(folder.iterdir()) == []
    monkeypatch.setenv("CMTMED_KEY", KEY)
    report = cmtmed.build(hashing, [crawl], folder / "out", workers=1)
    assert list_label_warnings(report) == {}
    tables = {
        name: pl.concat([rows for table in ("dialogues", "dropped") for rows in Build.open(out).iter_batches(table)])
        for name, out in (("plain", plain_folder / "out"), ("hashed", folder / "out"))
    }
    for column in ("id", "source_id", "cluster"):
        expected = hash_ids(tables["plain"][column], KEY.encode())
        assert tables["hashed"][column].to_list() == expected
    rest = pl.exclude("id", "source_id", "cluster")
    assert tables["plain"].select(rest).equals(tables["hashed"].select(rest))
    ids = tables["plain"]["id"].to_list()
    for view in ("sft", "pretrain", "prompts"):
        rows = [row for split in cmtmed.load(folder / "out", view).values() for row in split]
        assert rows
        assert {row["id"] for row in rows} <= {*hash_ids(ids, KEY.encode())}
    written = b"".join(path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file())
    assert KEY.encode() not in written
    assert not [id_ for id_ in ids if id_.encode() in written]

    again = tmp_path / "again"
    again.mkdir()
    cmtmed.build(hashing, [crawl], again / "out", workers=2)
    for path in (folder / "out").rglob("*.arrow"):
        assert path.read_bytes() == (again / "out" / path.relative_to(folder / "out")).read_bytes()
    assert (folder / "out" / "manifest.json").read_bytes() == (again / "out" / "manifest.json").read_bytes()
    assert compare(folder / "out", again / "out").rows["same"] == report.counts["kept"]

    kept = tables["plain"]["id"][0]
    hashed = hash_ids([kept], KEY.encode())[0]
    assert explain(folder / "out", kept).dialogue["id"] == hashed
    assert explain(folder / "out", hashed).dialogue["id"] == hashed
    cluster = list_clusters(plain_folder / "out")["cluster"][0]
    assert len(find_cluster(folder / "out", cluster)) == len(find_cluster(plain_folder / "out", cluster)) == 2
    monkeypatch.setenv("CMTMED_KEY", KEY[::-1])
    with pytest.raises(UsageError, match="were hashed with another key"):
        explain(folder / "out", kept)
    cmtmed.build(hashing, [crawl], again / "out", workers=1)
    with pytest.raises(UsageError, match="were hashed with different keys"):
        compare(folder / "out", again / "out")
    with pytest.raises(UsageError, match="hashed with different keys, or only one was"):
        compare(folder / "out", plain_folder / "out")
    monkeypatch.delenv("CMTMED_KEY")
    with pytest.raises(UsageError, match=r"are hashed, and looking up .* needs a secret key"):
        explain(folder / "out", kept)


def test_pipelines_without_the_option_are_what_they_were():
    pipeline = {"name": "x", "stages": ["merge_turns"]}
    assert (
        cmtmed.Pipeline.parse(pipeline).fingerprint()
        == cmtmed.Pipeline.parse({**pipeline, "ids": "source"}).fingerprint()
    )
    assert (
        cmtmed.Pipeline.parse(pipeline).fingerprint()
        != cmtmed.Pipeline.parse({**pipeline, "ids": "hash"}).fingerprint()
    )
