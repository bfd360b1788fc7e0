"""A sample of the crash points, and a proof that the disk which fails would show a fault. `make durability` tries all."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.durability.crashes import HERE, compile_disk


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    try:
        compile_disk(folder)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        pytest.skip(f"the failing disk cannot be compiled: {error}")

    def run(*options):
        command = [sys.executable, HERE / "crashes.py", *options, "--folder", folder]
        process = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
        assert process.stdout, process.stderr
        return json.loads(process.stdout)

    return run


def test_killed_before_any_call(experiment):
    result = experiment("kill", "--over", "--step", "75", "--offset", "20")
    assert result["failed"] == []
    assert result["points"] > 500
    assert sum(result["tried"].values()) >= 8


def test_killed_in_the_final_clean_up(experiment):
    """Five of these points once made every rerun fail."""
    result = experiment("kill", "--step", "100000", "--tail", "45")
    assert result["failed"] == []
    assert {"unlink", "rmdir", "fsync"} <= set(result["tried"])


@pytest.mark.parametrize("options", [["--over"], []], ids=["over an earlier build", "new"])
def test_power_cut_at_any_sync(experiment, options):
    result = experiment("power", "--step", "16", "--offset", "3", "--tail", "4", *options)
    assert result["failed"] == []
    assert result["tried"]["power cut"] >= 6


def test_without_sync_a_power_cut_takes_the_build(experiment):
    """The proof can fail: the same disk loses what was not synced."""
    result = experiment("power", "--no-sync")
    assert any("the finished build is lost" in failure for failure in result["failed"])
