"""Whatever ends a build, its workers end too, nothing is left behind, and the same command goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.durability.crashes import fingerprint
from tests.durability.kills import list_names, write_crawl

COMMAND = """
from cmtmed.engine import local
local.SHARD_ROWS = 16
from cmtmed.cli import main
main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signals")
    write_crawl(folder / "crawl", 240)
    (folder / "tmp").mkdir()
    (folder / "logs").mkdir()
    assert start(folder, "expected").wait() == 0
    return folder


def start(folder, out):
    """Start a build; what it prints goes to the file ``out.log``."""
    arguments = ["build", "cmtmedqa", folder / "crawl", "--out", folder / out, "--quiet", "--workers", "2"]
    with (folder / "logs" / out).open("w", encoding="utf-8") as log:
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, *map(str, arguments)],
            stdout=log,
            stderr=log,
            env={**os.environ, "TMPDIR": str(folder / "tmp"), "COLUMNS": "400"},
            start_new_session=True,
        )


def read_log(folder, out):
    return (folder / "logs" / out).read_text(encoding="utf-8")


def wait_for_workers(process, number=2):
    """Wait until workers run tasks; return them."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended before"
        workers = psutil.Process(process.pid).children(recursive=True)
        if len(workers) == number:
            return workers
        time.sleep(0.01)
    raise AssertionError("no workers")


RESUME = "running the same command again resumes where this one stopped"
KILLED = "a worker process was killed, usually because the system ran out of memory; use fewer --workers"
CASES = [
    (lambda process, _: os.killpg(process.pid, signal.SIGINT), 130, f"cmtmed: interrupted; {RESUME}"),
    (lambda process, _: process.send_signal(signal.SIGINT), 130, f"cmtmed: interrupted; {RESUME}"),
    (lambda process, _: os.killpg(process.pid, signal.SIGTERM), 143, f"cmtmed: stopped by SIGTERM; {RESUME}"),
    (lambda process, _: process.terminate(), 143, f"cmtmed: stopped by SIGTERM; {RESUME}"),
    (lambda process, _: process.send_signal(signal.SIGHUP), 129, f"cmtmed: stopped by SIGHUP; {RESUME}"),
    (lambda _, workers: workers[0].kill(), 1, f"cmtmed: {KILLED} ({RESUME})"),
    (lambda process, _: process.kill(), -9, ""),
    (lambda process, _: os.killpg(process.pid, signal.SIGKILL), -9, ""),
]  # fmt: skip
NAMES = ["Ctrl-C", "SIGINT", "SIGTERM to all", "SIGTERM", "SIGHUP", "a worker killed", "parent killed", "all killed"]


@pytest.mark.parametrize(("end", "code", "line"), CASES, ids=NAMES)
def test_nothing_goes_on_and_nothing_is_left(folder, end, code, line):
    shared = list_names("/dev/shm") if Path("/dev/shm").is_dir() else set()
    process = start(folder, "out")
    workers = wait_for_workers(process)
    end(process, workers)
    assert process.wait() == code
    assert read_log(folder, "out").strip() == line
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    assert list_names(folder / "tmp") == set()
    # Other programs may come and go; these are the names of semaphores and shared memory of Python.
    new = list_names("/dev/shm") - shared if shared else set()
    assert [name for name in new if name.startswith(("sem.", "psm_", "loky", "joblib"))] == []


def test_the_same_command_goes_on(folder):
    """After everything above, in the same directory."""
    process = start(folder, "out")
    assert process.wait() == 0, read_log(folder, "out")
    assert fingerprint(folder / "out") == fingerprint(folder / "expected")
    assert list_names(folder) == {"crawl", "expected", "out", "tmp", "logs"}


def test_a_second_build_is_refused_while_the_first_goes_on(folder):
    first = start(folder, "shared")
    wait_for_workers(first)
    (folder / "logs" / "shared").rename(folder / "logs" / "first")
    assert start(folder, "shared").wait() == 2
    message = f"another build is writing to '{folder}/shared': process {first.pid} on host"
    assert message in read_log(folder, "shared")
    assert first.wait() == 0, read_log(folder, "first")
    assert fingerprint(folder / "shared") == fingerprint(folder / "expected")
