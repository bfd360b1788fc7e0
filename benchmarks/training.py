"""Compare the trainers with TRL's defaults: the same tiny model and data, in the same run.

``python benchmarks/training.py`` prints

- fine-tuning on the dialogues of ``../shared/data/zhongjing/CMtMedQA_test.json``: useful tokens per second (padding
  does not count) and the share of padding, of our trainer and of ``trl.SFTTrainer`` with its defaults (random order,
  padded);
- whether a run that is killed twice and resumed logs the same losses, digit by digit, as one that is not;
- seconds per update and peak memory of our PPO and of ``trl.experimental.ppo`` of TRL 1.12, the last release with it.
  TRL 1.12 runs in an environment of its own, which this program creates (or ``--skip-ppo``).

Every trainer runs in a process of its own. Text is read, never printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from figures import record
from peers import prepare_environment

import training_ppo
import training_sft

TRAINERS = {
    "ours": training_sft.train_ours,
    "trl": training_sft.train_trl,
    "resumed": training_sft.train_resumed,
    "ppo": training_ppo.train_ours,
    "ppo_trl": training_ppo.train_trl,
}


def run_trainer(trainer: str, work: Path, *arguments: object, python: str = sys.executable) -> dict[str, Any]:
    """Run one trainer in a process of its own and return its figures."""
    command = [python, __file__, "--trainer", trainer, "--work", str(work), *map(str, arguments)]
    process = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    if process.returncode:
        raise SystemExit(f"the trainer {trainer} failed:\n{process.stderr[-2000:]}")
    return json.loads(process.stdout.splitlines()[-1])


def measure_sft(work: Path, options: argparse.Namespace) -> None:
    """Print the figures of fine-tuning."""
    training_sft.write_inputs(work, options.rows, options.hidden, options.layers)
    arguments = ("--steps", options.steps, "--batch", options.batch)
    print(f"fine-tuning, {options.rows} dialogues, {options.steps} steps of {options.batch} rows")
    speeds = {}
    for trainer in ("ours", "trl"):
        figures = run_trainer(trainer, work, *arguments)
        speeds[trainer] = figures["tokens"] / figures["seconds"]
        padding = figures["padding"] / (figures["tokens"] + figures["padding"])
        print(
            f"  {trainer:<5} {speeds[trainer]:>8,.0f} useful tokens/s   padding {padding:6.1%}   "
            f"{figures['seconds']:6.1f} s   peak {figures['peak_gib']:.2f} GiB"
        )
    print(f"  ours / trl: {speeds['ours'] / speeds['trl']:.2f}")
    record("training.sft_tokens_over_trl", speeds["ours"] / speeds["trl"], slack=0.15)
    resumed = run_trainer("resumed", work, *arguments)
    print(
        f"killed {resumed['kills']} times and resumed: {resumed['losses']} losses, identical in all digits: "
        f"{resumed['identical']}"
    )
    record("training.resumed_losses_identical", resumed["identical"])


def measure_ppo(work: Path, options: argparse.Namespace) -> None:
    """Print the figures of PPO."""
    training_ppo.write_inputs(work, options.ppo_hidden, options.ppo_layers)
    arguments = ("--steps", options.ppo_steps, "--batch", 32)
    python = str(prepare_environment("trl", options.peers) / "python")
    print(f"PPO, {options.ppo_steps} updates of 32 prompts, answers of up to 48 tokens, 4 epochs, LoRA")
    ours = run_trainer("ppo", work, *arguments)
    peer = run_trainer("ppo_trl", work, *arguments, python=python)
    for trainer, figures in (("ppo", ours), ("ppo_trl", peer)):
        print(f"  {trainer:<8} {figures['seconds']:6.2f} s per update   peak {figures['peak_gib']:.2f} GiB")
    ratio = {name: ours[name] / peer[name] for name in ("seconds", "peak_gib")}
    print(f"  ours / trl 1.12: time {ratio['seconds']:.2f}, memory {ratio['peak_gib']:.2f}")
    record("training.ppo_seconds_over_trl", ratio["seconds"], better="lower", slack=0.15)
    record("training.ppo_memory_over_trl", ratio["peak_gib"], better="lower", slack=0.1)


def main() -> None:
    """Run all trainers, or a single one on behalf of the parent process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000, help="number of dialogues")
    parser.add_argument("--steps", type=int, default=120, help="optimizer steps of fine-tuning")
    parser.add_argument("--batch", type=int, default=8, help="rows per step")
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--ppo-steps", type=int, default=6, help="updates of PPO")
    parser.add_argument("--ppo-hidden", type=int, default=384)
    parser.add_argument("--ppo-layers", type=int, default=6)
    parser.add_argument("--peers", type=Path, help="environment with TRL 1.12; default: build/peers/trl")
    parser.add_argument("--skip-sft", action="store_true")
    parser.add_argument("--skip-ppo", action="store_true")
    parser.add_argument("--trainer", choices=sorted(TRAINERS), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.trainer:
        figures = TRAINERS[options.trainer](options.work, options.steps, options.batch)
        figures["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(figures))
        return
    if not training_sft.DATA.exists():
        raise SystemExit(f"{training_sft.DATA} does not exist: there is nothing to train on")
    with tempfile.TemporaryDirectory() as folder:
        if not options.skip_sft:
            measure_sft(Path(folder), options)
        if not options.skip_ppo:
            measure_ppo(Path(folder), options)


if __name__ == "__main__":
    main()
