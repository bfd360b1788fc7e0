"""An input that changes, grows or vanishes while a build reads it is named; outputs are not inputs."""

from __future__ import annotations

import json
import os

import polars as pl
import pytest

import cmtmed
from cmtmed.engine import inputs, reading
from cmtmed.engine.inputs import InputFile
from cmtmed.errors import BuildError, InputError, OutputError
from cmtmed.io.read import match_files
from cmtmed.source import Source

CONTENT = "甲" * 100


def age(path):
    """Make a file look as if it had been written long ago, as most of a crawl was."""
    os.utime(path, ns=(10**18, 10**18))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "crawl.txt"
    path.write_text(CONTENT, encoding="utf-8")
    return path


def append(path):
    with path.open("a", encoding="utf-8") as stream:
        stream.write("乙")


def cut(path):
    os.truncate(path, 10)


def overwrite(path):
    path.write_text("丙" * 100, encoding="utf-8")


def overwrite_quietly(path):
    """As `rsync --inplace --times` does: same size, same time of change."""
    status = path.stat()
    overwrite(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(path):
    other = path.with_name("other")
    other.write_text("丁" * 100, encoding="utf-8")
    other.replace(path)


def remove(path):
    path.unlink()


def replace_by_directory(path):
    path.unlink()
    path.mkdir()


CHANGES = {
    append: "grew from 300 to 303 bytes",
    cut: "shrank from 300 to 10 bytes",
    overwrite: "changed",
    overwrite_quietly: "changed",
    replace: "changed",
    remove: "vanished",
}


@pytest.mark.parametrize("is_settled", [True, False])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changes_are_named(file, change, is_settled, monkeypatch):
    monkeypatch.setattr(inputs, "_COARSEST_CLOCK", -(10**12) if is_settled else 10**30)
    before = InputFile.of(file)
    assert before.is_settled is is_settled
    before.check(has_been_read=True)
    change(file)
    with pytest.raises(BuildError, match=rf"input '.*crawl\.txt' {CHANGES[change]} during the build; wait until"):
        before.check(has_been_read=True)


@pytest.mark.parametrize(
    "touch", [age, lambda path: path.chmod(0o600), lambda path: path.with_name("b").hardlink_to(path)]
)
def test_the_same_content_is_no_change(file, touch):
    before = InputFile.of(file)
    touch(file)
    before.check(has_been_read=False)
    before.check(has_been_read=True)


def test_a_change_within_a_tick_of_the_clock_is_found_by_content(file, monkeypatch):
    """A stamp alone could not tell: it is made equal here."""
    before = InputFile.of(file)
    overwrite(file)
    monkeypatch.setattr(inputs.Stamp, "of", lambda _: before.stamp)
    with pytest.raises(BuildError, match="changed during the build"):
        before.check(has_been_read=True)


def test_files_on_network_file_systems_are_never_settled(file, monkeypatch):
    monkeypatch.setattr(inputs, "_COARSEST_CLOCK", -(10**12))
    monkeypatch.setattr(inputs, "_is_on_network", lambda _: True)
    assert not InputFile.of(file).is_settled


def test_a_file_that_is_written_while_it_is_hashed_is_named(file, monkeypatch):
    original = inputs.HashedFile.of

    def hash_slowly(path):
        content = original(path)
        append(path)
        return content

    monkeypatch.setattr(inputs.HashedFile, "of", hash_slowly)
    with pytest.raises(BuildError, match=r"crawl\.txt' is being written while the build reads it"):
        InputFile.of(file)


def write_crawl(folder, name="a.jsonl", first=0):
    folder.mkdir(parents=True, exist_ok=True)
    records = [
        {
            "id": number,
            "question": f"孩子发烧{number}天了怎么办？",
            "answer": f"您好，体温最高多少度？先观察{number + 1}天。",
        }
        for number in range(first, first + 6)
    ]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    "change", [append, cut, replace, remove, replace_by_directory], ids=lambda change: change.__name__
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_change_while_a_file_is_read_fails_the_build_and_names_it(tmp_path, monkeypatch, change, name):
    path = write_crawl(tmp_path / "crawl")
    if name == "a.parquet":
        rows = pl.read_ndjson(path)
        path.unlink()
        path = path.with_name(name)
        rows.write_parquet(path)
    original = reading.read_file

    def read_slowly(file, *arguments, **options):
        change(file)
        yield from original(file, *arguments, **options)

    monkeypatch.setattr(reading, "read_file", read_slowly)
    with pytest.raises(BuildError, match=rf"input '.*{name}' \w+.* during the build"):
        cmtmed.build("single_turn", [tmp_path / "crawl"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_change_after_a_file_was_read_is_a_warning(tmp_path, monkeypatch):
    path = write_crawl(tmp_path / "crawl")
    check = InputFile.check

    def check_then_change(self, *, has_been_read):
        check(self, has_been_read=has_been_read)
        if has_been_read:
            append(path)

    monkeypatch.setattr(InputFile, "check", check_then_change)
    report = cmtmed.build("single_turn", [tmp_path / "crawl"], tmp_path / "out")
    warning = next(warning for warning in report.warnings if warning.code == "input_changed")
    assert f"'{path}' grew from" in warning.message
    assert report.counts["read"] == 6


def test_what_cmtmed_wrote_is_no_crawl(tmp_path):
    """Builds, workspaces, training runs and models below an input, found by what they hold."""
    crawl = tmp_path / "crawl"
    first = write_crawl(crawl)
    cmtmed.build("single_turn", [crawl], crawl / "builds" / "out")
    for name, content in {
        "march/manifest.json": {"format": "cmtmed.build", "pipeline": {}},
        "out.building/workspace.json": {"format": "cmtmed.workspace"},
        "runs/sft/run.json": {"stage": "sft", "finished": False, "fingerprint": "0"},
        "models/x/training.json": {"format": "cmtmed.training"},
    }.items():
        path = crawl / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        write_crawl(path.parent / "deeper")
    foreign = write_crawl(crawl / "site", "b.jsonl")
    (crawl / "site" / "manifest.json").write_text('{"format": "webpack"}', encoding="utf-8")
    sources = [Source(name="all")]
    expected = [first, foreign, crawl / "site" / "manifest.json"]
    assert match_files([crawl], sources) == sorted(expected)
    assert match_files([crawl / "**" / "*.jsonl"], sources) == [first, foreign]
    # As the shell expands crawl/*: files and directories by name.
    assert match_files(sorted(crawl.iterdir()), sources) == sorted(expected)
    with pytest.raises(InputError, match=r"is no crawl: cmtmed wrote all of it"):
        match_files([crawl / "march"], sources)
    # Whoever names the files of a build gets them.
    assert match_files([crawl / "march" / "deeper" / "a.jsonl"], sources) == [crawl / "march" / "deeper" / "a.jsonl"]


def test_a_build_into_its_own_input_directory_repeats(tmp_path):
    write_crawl(tmp_path / "crawl")
    counts = [cmtmed.build("single_turn", [tmp_path / "crawl"], tmp_path / "crawl" / "out").counts for _ in range(2)]
    assert counts[0]["read"] == counts[1]["read"] == 6


def test_inputs_in_the_target_are_refused(tmp_path):
    cmtmed.build("single_turn", [write_crawl(tmp_path / "crawl")], tmp_path / "out")
    inner = write_crawl(tmp_path / "out" / "new")
    with pytest.raises(OutputError, match="which the build replaces; move it out"):
        cmtmed.build("single_turn", [inner], tmp_path / "out")
    (tmp_path / "link").symlink_to(tmp_path / "out" / "new")
    with pytest.raises(OutputError, match="which the build replaces; move it out"):
        cmtmed.build("single_turn", [tmp_path / "link"], tmp_path / "out")
    assert inner.exists()


class TestLinks:
    """``--out`` through a symbolic link writes to where it points."""

    @pytest.mark.parametrize("exists", [True, False])
    def test_link(self, tmp_path, exists):
        (tmp_path / "disk").mkdir()
        if exists:
            (tmp_path / "disk" / "real").mkdir()
        (tmp_path / "out").symlink_to(tmp_path / "disk" / "real")
        for first in (0, 3):
            report = cmtmed.build("single_turn", [write_crawl(tmp_path / "crawl", first=first)], tmp_path / "out")
            assert report.out == tmp_path / "out"
            assert (tmp_path / "out").is_symlink()
            assert sum(split.num_rows for split in cmtmed.load(tmp_path / "disk" / "real").values()) == 6
        assert {path.name for path in tmp_path.rglob(".*")} == set()

    def test_link_to_itself(self, tmp_path):
        (tmp_path / "out").symlink_to(tmp_path / "out")
        with pytest.raises(OutputError, match="is a link that leads nowhere"):
            cmtmed.build("single_turn", [write_crawl(tmp_path / "crawl")], tmp_path / "out")

    def test_root_of_a_file_system(self, tmp_path):
        with pytest.raises(OutputError, match="'/' is the root of a file system; choose a directory in it"):
            cmtmed.build("single_turn", [write_crawl(tmp_path / "crawl")], "/")
