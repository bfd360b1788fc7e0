"""The journal of a PPO run: what it keeps when the run resumes."""

from __future__ import annotations

import json

import pytest

from cmtmed.training.ppo.journal import Journal
from cmtmed.training.ppo.world import World
from cmtmed.training.run.command_line import parse_settings
from cmtmed.training.run.directory import Run
from cmtmed.training.run.settings import Settings

UPDATE = {"reward": 0.5, "kl": 0.1, "length": 4.0, "tokens_per_second": 100.0}


@pytest.fixture
def run(tmp_path):
    settings = parse_settings(Settings, {"model": "m", "out": str(tmp_path / "run")}, "test")
    return Run.start("ppo", settings, {})


def read_samples(run):
    content = (run.root / "samples.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in content.split("\n") if line]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c", "\r", "\n"])
def test_samples_with_line_separators_survive_a_resume(run, separator):
    world = World()
    journal = Journal(run, world, step=0, samples=1)
    samples = [{"step": step, "id": f"d{step}", "answer": f"先测血压。{separator}再休息。"} for step in (1, 2, 3)]
    for sample in samples:
        journal.write(sample["step"], UPDATE, [sample])
    journal.close()
    with (run.root / "samples.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 4, "answer": "先测')  # the process was killed while it wrote

    resumed = Journal(run, world, step=2, samples=1)
    assert read_samples(run) == samples[:2]
    resumed.write(3, UPDATE, [samples[2]])
    resumed.close()
    assert read_samples(run) == samples
