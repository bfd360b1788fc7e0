"""All four stages one after another from the command line, on what the demo builds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import cmtmed
from cmtmed.cli import app
from cmtmed.training.run import metrics
from cmtmed.training.run.directory import Run

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def run_command(*words, **options):
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False, **options)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_whole_pipeline(tmp_path):
    """Each stage takes the run before it; a few steps show that they fit, not that they learn."""
    data, model = tmp_path / "data", tmp_path / "model"
    rankings = cmtmed.bundled("examples/rankings.jsonl")
    cmtmed.build(cmtmed.bundled("examples/demo.yaml"), [cmtmed.bundled("examples/crawl")], data, workers=1)
    run_command(
        "train", "tiny", data, rankings, "--out", model, "--hidden", "32", "--heads", "2", "--vocabulary", "500"
    )
    training_options = (
        "training.max_steps=2",
        "training.per_device_train_batch_size=2",
        "training.logging_steps=1",
        "max_length=512",
    )
    runs = {name: tmp_path / name for name in ("pretrain", "sft", "reward", "ppo")}
    run_command(
        "train",
        "pretrain",
        f"model={model}",
        f"data=[{{path: {data}}}]",
        f"out={runs['pretrain']}",
        "lora=null",
        *training_options,
    )
    run_command(
        "train",
        "sft",
        f"model={runs['pretrain']}",
        f"data=[{{path: {data}}}]",
        f"out={runs['sft']}",
        "lora={r: 4}",
        *training_options,
    )
    run_command(
        "train", "reward", f"model={runs['sft']}", f"data=[{{path: {rankings}}}]", f"out={runs['reward']}",
        "lora={r: 4}", "held_out=0.1", *training_options,
    )  # fmt: skip
    rewards = f"[{{kind: adapter, path: {runs['reward']}}}, {{kind: proactivity, weight: 0.5}}]"
    run_command(
        "train", "ppo", f"model={runs['sft']}", f"data=[{{path: {data}}}]", f"reward={rewards}", f"out={runs['ppo']}",
        "lora={r: 4}", "steps=2", "batch=4", "max_new_tokens=4", "epochs=1",
    )  # fmt: skip
    for name, folder in runs.items():
        run = Run.open(folder)
        assert (run.stage, run.is_finished) == (name, True)
        assert len(metrics.read_metrics(folder)) >= 2
        assert list(folder.glob("training_*.png"))
    card = (runs["ppo"] / "adapter" / "README.md").read_text(encoding="utf-8")
    assert "continued pretraining, then supervised fine-tuning, then PPO" in card
    run_command("train", "merge", runs["ppo"], "--out", tmp_path / "merged")
    conversation_path = tmp_path / "talk.json"
    run_command(
        "chat", tmp_path / "merged", "--max-new-tokens", "4", "--save", conversation_path, input="头痛三天了\n\n"
    )
    assert [message["role"] for message in json.loads(conversation_path.read_text(encoding="utf-8"))["messages"]] == [
        "user",
        "assistant",
    ]


def test_without_the_extra_the_way_to_it_is_named():
    """In a process where torch cannot be found, as after a base install."""
    code = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
from cmtmed.cli import main
sys.argv = ["cmtmed", "train", "sft"]
main()
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert "training requires torch; install them with: pip install 'cmtmed[train]'" in " ".join(process.stderr.split())
