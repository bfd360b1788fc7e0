"""One build a directory: the second is refused by name, a dead holder's lock is taken over, foreign directories stay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from cmtmed.engine import lock, processes, workspace
from cmtmed.engine.file_systems import find_type
from cmtmed.engine.processes import ProcessIdentity, read_start
from cmtmed.engine.workspace import Workspace
from cmtmed.errors import OutputError

HOLDING = """
import sys, time
from pathlib import Path
from cmtmed.engine.workspace import Workspace
with Workspace(Path(sys.argv[1]), "p") as held:
    held.open({"engine": "local"})
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Return a process that holds the workspace of ``out``."""
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path / "out")], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def write_holder(folder, **changes):
    """Say that somebody holds a workspace; by default, this process."""
    process = ProcessIdentity.of_this_process().model_dump() | changes
    (folder / "holder.json").write_text(json.dumps({"process": process, "since": "2026-01-02 03:04:05 UTC"}), "utf-8")


def test_the_second_build_is_refused_by_name(holder, tmp_path):
    with pytest.raises(OutputError) as error, Workspace(tmp_path / "out", "p"):
        pass
    assert f"another build is writing to '{tmp_path}/out': process {holder.pid} on host" in str(error.value)
    assert "wait until it is done, or choose another --out" in str(error.value)


def test_a_build_in_the_same_process_is_refused_too(tmp_path):
    with (
        Workspace(tmp_path / "out", "p"),
        pytest.raises(OutputError, match=f"process {os.getpid()} on"),
        Workspace(tmp_path / "out", "p"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_dead_holder_is_taken_over(holder, tmp_path, caplog):
    holder.kill()
    holder.wait()
    with caplog.at_level("INFO"), Workspace(tmp_path / "out", "p") as taken:
        assert taken.open({"engine": "local"})
    assert f"taking over from process {holder.pid} on host" in caplog.text


def test_every_release_lets_the_next_one_in(tmp_path):
    """Many builds at once: one at a time is inside, and the last one leaves nothing."""
    inside, counts, refused = [], [], []

    def build():
        for _ in range(20):
            try:
                with Workspace(tmp_path / "out", "p", sync=False):
                    inside.append(1)
                    counts.append(len(inside))
                    time.sleep(0.001)
                    inside.pop()
            except OutputError:
                refused.append(1)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(counts) == {1}
    assert len(counts) + len(refused) == 80
    with Workspace(tmp_path / "out", "p"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, "another build is writing"),
        ({"start": 1}, None),
        ({"pid": 2**22 + 1}, None),
        ({"boot": "another"}, None),
        ({"host": "elsewhere"}, "another build is writing"),  # a container: the same system under another name
        ({"host": "elsewhere", "boot": "another"}, "cannot see whether that process still runs"),
    ],
    ids=["running", "number used again", "ended", "before a restart", "another container", "another host"],
)
def test_where_locks_do_not_work_the_named_process_decides(tmp_path, monkeypatch, changes, refused):
    monkeypatch.setattr(lock, "_lock", lambda _: None)
    (tmp_path / ".out.building").mkdir()
    write_holder(tmp_path / ".out.building", **changes)
    if refused is None:
        with Workspace(tmp_path / "out", "p"):
            pass
        assert list(tmp_path.iterdir()) == []
    else:
        with pytest.raises(OutputError, match=refused) as error, Workspace(tmp_path / "out", "p"):
            pass
        assert "since 2026-01-02 03:04:05 UTC" in str(error.value)


def test_network_file_systems_are_named_and_their_locks_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "find_type", lambda _: "nfs4")
    (tmp_path / ".out.building").mkdir()
    write_holder(tmp_path / ".out.building", host="elsewhere", boot="another")
    with pytest.raises(OutputError, match=r"on a network file system, nfs4\); if it does not, delete .*holder\.json"):
        Workspace(tmp_path / "out", "p").__enter__()
    write_holder(tmp_path / ".out.building")
    with pytest.raises(OutputError, match=r"another build is writing .* network file system, nfs4"):
        Workspace(tmp_path / "out", "p").__enter__()


def test_an_ended_process_that_nobody_collected_is_not_running():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    deadline = time.monotonic() + 60
    while read_start(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert read_start(child.pid) is None
    child.wait()


def test_a_name_with_spaces_and_parentheses_does_not_hide_the_start(tmp_path, monkeypatch):
    (tmp_path / "7").mkdir()
    fields = " ".join(str(number) for number in range(4, 53))
    (tmp_path / "7" / "stat").write_text(f"7 (a) S (b) R {fields}\n", encoding="utf-8")
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert read_start(7) == 22


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", "ext4"), ("/data", "nfs4"), ("/data/a b/c", "tmpfs"), ("/database", "ext4"), ("/data/a", "nfs4")],
)
def test_the_longest_mount_decides(path, expected):
    mounts = (
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:4 / /data rw - xfs /dev/sdb rw\n"
        "3 1 0:5 / /data rw shared:1 - nfs4 nas:/data rw\n"
        "4 3 0:6 / /data/a\\040b rw - tmpfs tmpfs rw\n"
    )
    assert find_type(workspace.Path(path), mounts) == expected


class TestForeignWorkspace:
    """What has the name of a workspace and is none is never touched."""

    @pytest.mark.parametrize("name", ["notes.txt", "plan.json", "result/manifest.json", "workspace.json"])
    def test_directory_of_somebody_else(self, tmp_path, name):
        path = tmp_path / ".out.building" / name
        path.parent.mkdir(parents=True)
        path.write_text('{"mine": true}', encoding="utf-8")
        with pytest.raises(OutputError, match=r"\.out\.building', where the build would grow, holds something else"):
            Workspace(tmp_path / "out", "p").__enter__()
        assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]

    def test_file(self, tmp_path):
        (tmp_path / ".out.building").write_text("mine", encoding="utf-8")
        with pytest.raises(OutputError, match="holds something else"):
            Workspace(tmp_path / "out", "p").__enter__()
        assert (tmp_path / ".out.building").read_text(encoding="utf-8") == "mine"

    def test_link(self, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / ".out.building").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(OutputError, match="holds something else"):
            Workspace(tmp_path / "out", "p").__enter__()
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_another_pipeline(self, tmp_path):
        with Workspace(tmp_path / "out", "first") as first:
            first.open({"engine": "local"})
        with pytest.raises(OutputError, match="unfinished build of pipeline 'first', not of 'second'"):
            Workspace(tmp_path / "out", "second").__enter__()
        with Workspace(tmp_path / "out", "first") as again:
            assert again.open({"engine": "local"})

    @pytest.mark.parametrize("names", [[], ["lock"], ["lock", ".holder.json.7.partial"], ["lock", "holder.json"]])
    def test_what_a_kill_at_the_very_beginning_leaves_is_ours(self, tmp_path, names):
        (tmp_path / ".out.building").mkdir()
        for name in names:
            (tmp_path / ".out.building" / name).touch()
        with Workspace(tmp_path / "out", "p") as ours:
            assert not ours.open({"engine": "local"})


def test_a_plan_that_cannot_be_read_starts_over(tmp_path, caplog):
    with Workspace(tmp_path / "out", "p") as first:
        first.open({"engine": "local"})
        (first.folder("read") / "rest").touch()
        (first.root / "plan.json").write_text('{"engine": "lo', encoding="utf-8")
    with Workspace(tmp_path / "out", "p") as second:
        assert not second.open({"engine": "local"})
        assert not (second.root / "read").exists()
    assert "starts over, because of a plan that cannot be read" in caplog.text


def test_an_earlier_build_comes_back_after_a_kill_between_the_renames(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").touch()
    with Workspace(tmp_path / "out", "p") as first:
        first.open({"engine": "local"})
        (tmp_path / "out").rename(first.root / "replaced")
    with Workspace(tmp_path / "out", "p") as second:
        second.open({"engine": "ray"})
    assert (tmp_path / "out" / "manifest.json").exists()
