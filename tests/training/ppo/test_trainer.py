"""Runs of the trainer: learning, resuming, options, and several processes."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import cmtmed
from cmtmed.errors import BuildError, OutputError, UsageError
from cmtmed.training.model.loading import load_model
from cmtmed.training.run.directory import Run
from tests.support.ppo import (
    MARKS,
    TINY,
    read_log,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def test_a_tiny_model_learns_a_rule(ppo):
    log = ppo("learn", "reward=[{kind: python, function: 'ppo_rules:common'}]", "lora=null", "steps=15", "batch=64",
              "micro_batch=64", "sample_batch=64", "max_new_tokens=8", "kl=0", "eos_penalty=0", "learning_rate=3e-3",
              "epochs=4", "save_every=100")  # fmt: skip
    first, last = [sum(line["reward"] for line in window) / 3 for window in (log[:3], log[-3:])]
    assert last - first >= 0.3
    assert log[-1]["kl"] > log[0]["kl"] >= 0
    assert Run.open("learn").record.summary["reward_last"] > 0.3
    assert (Path("learn") / "training_reward.png").is_file()


FULL = ("lora=null", "reward_scaling=running", "kl_target=0.5", "minibatches=2")
OWN = ("lora={modules_to_save: [lm_head]}", "value_adapter=true", "gradient_checkpointing=true", "entropy_weight=0.01")


@pytest.mark.parametrize("words", [FULL, OWN], ids=["all weights", "adapters"])
def test_a_run_goes_on_exactly_where_it_was_stopped(ppo, rules, words):
    uninterrupted = ppo("whole", *words)
    sys.modules["ppo_rules"].calls, sys.modules["ppo_rules"].fail_at = 0, 4
    with pytest.raises(BuildError, match="marks raised RuntimeError"):
        ppo("parts", *words)
    assert [line["step"] for line in read_log(rules / "parts")] == [1, 2, 3]
    assert ppo("parts", *words) == uninterrupted
    assert [line["step"] for line in uninterrupted] == [1, 2, 3, 4]
    assert len({line["kl_coefficient"] for line in uninterrupted}) == (4 if words is FULL else 1)
    names = {"reward", "reward/python", "kl", "entropy", "clip_fraction", "value_loss", "policy_loss", "explained_variance",
            "length", "eos_share", "learning_rate", "kl_coefficient"}  # fmt: skip
    assert names <= uninterrupted[-1].keys()
    assert not (rules / "parts" / "samples.jsonl").exists()


def test_a_checkpoint_cut_short_is_set_aside(ppo, rules, caplog):
    uninterrupted = ppo("whole", "lora={}", "samples=2")
    texts = (rules / "whole" / "samples.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in texts.splitlines()]
    assert [row["step"] for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert rows[0].keys() >= {"id", "prompt", "answer", "reward", "reward/python"}
    run = Run.open(rules / "whole")
    assert sorted(path.name for path in run.checkpoint_dir.iterdir()) == ["checkpoint-2", "checkpoint-4"]
    run.record.model_copy(update={"finished": False}).write(run.root)
    weights = run.checkpoint_dir / "checkpoint-4" / "trained.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert ppo("whole", "lora={}", "samples=2") == uninterrupted
    assert (rules / "whole" / "samples.jsonl").read_text(encoding="utf-8") == texts
    assert "checkpoint-4 is set aside: trained.safetensors has" in caplog.text
    with pytest.raises(OutputError, match=r"holds a run with other settings \(kl\)"):
        ppo("whole", "lora={}", "samples=2", "kl=0.2")


def test_the_policy_that_is_saved_is_the_one_that_was_trained(ppo, rules, base, rewarding):
    ppo(
        "run",
        "lora={}",
        f"reward=[{{kind: adapter, path: {rewarding}}}, {{kind: length, target: 3}}]",
        "value_adapter=true",
    )
    log = read_log(rules / "run")
    assert all(line["reward"] == pytest.approx(line["reward/adapter"] + line["reward/length"]) for line in log)
    assert Run.open(rules / "run").record.adapter
    assert not [path for path in (rules / "run" / "adapter").iterdir() if path.is_dir()]
    merged, original = load_model(str(rules / "run")), load_model(base)
    assert merged.state_dict().keys() == original.state_dict().keys()
    assert any(not torch.equal(weight, original.state_dict()[name]) for name, weight in merged.state_dict().items())


def test_micro_batches_change_nothing_but_rounding(ppo):
    large = ppo("one", "lora={}", "steps=2", "micro_batch=8", "sample_batch=8")
    small_batches = ppo("other", "lora={}", "steps=2", "micro_batch=1", "sample_batch=3")
    for first, second in zip(large, small_batches, strict=True):
        assert first == pytest.approx(second, abs=1e-4, nan_ok=True)


def test_an_update_that_goes_too_far_is_ended(ppo):
    log = ppo("far", "lora=null", "steps=2", "kl_stop=1e-6", "epochs=4")
    assert [line["stopped_early"] for line in log] == [1.0, 1.0]
    assert [line["optimizer_steps"] for line in log] == [1.0, 1.0]


def test_half_precision_and_other_options_run(ppo):
    log = ppo("half", "lora={}", "precision=bfloat16", "gradient_checkpointing=true", "steps=2", "value_clip=null",
              "reward_scaling=batch", "reward_clip=1", "top_p=0.9", "top_k=50", "whiten=false", "log_every=2", "kl=0")  # fmt: skip
    assert [line["step"] for line in log] == [2]
    assert all(value is None or math.isfinite(value) for value in log[0].values())


def test_a_view_of_another_kind_is_named(ppo, tmp_path):
    from tests.support.training import write_sft_view

    with pytest.raises(UsageError, match="the view 'sft', and this stage reads 'prompts'"):
        ppo("wrong", "lora={}", f"data=[{{path: {write_sft_view(tmp_path / 'sft')}}}]")


def test_two_processes_give_the_result_of_one(ppo, rules, base, view):
    torchrun = shutil.which("torchrun") or str(Path(sys.executable).with_name("torchrun"))
    if not Path(torchrun).exists() or not torch.distributed.is_gloo_available():
        pytest.skip("needs torchrun and gloo")
    words = ["lora=null", "steps=3", "minibatches=2", "reward_scaling=running", "kl_target=0.5"]
    single_log = ppo("one", *words)
    given_ = [f"model={base}", f"data=[{{path: {view}}}]", "out=two", *TINY, MARKS, *words]
    command = [torchrun, "--standalone", "--nproc_per_node", "2", str(cmtmed.bundled("trainers/ppo.py")), *given_]
    process = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert process.returncode == 0, process.stderr[-3000:]
    double_log = read_log(rules / "two")
    assert len(single_log) == len(double_log) == 3
    for first, second in zip(single_log, double_log, strict=True):
        assert first == pytest.approx(second, abs=1e-4, nan_ok=True)
    assert (rules / "two/checkpoints/checkpoint-2/random-1.pt").is_file()
    single, double = load_model(str(rules / "one")).state_dict(), load_model(str(rules / "two")).state_dict()
    assert all(torch.allclose(single[name], double[name], atol=1e-4) for name in single)
