"""Time the trainers beside TRL's defaults: same tiny model, same data, same run.

``python benchmarks/training.py`` prints

- fine-tuning on the dialogues of ``../shared/data/zhongjing/CMtMedQA_test.json``: useful tokens a second (padding does
  not count) and the share of padding, of our trainer and of ``trl.SFTTrainer`` as it comes (random order, padded);
- a run that is killed twice and taken up again beside one that is not: the losses, digit by digit;
- a PPO step beside ``trl.experimental.ppo`` of TRL 1.12, the last that had it, in an environment of its own that this
  program makes under ``--peers`` (or ``--skip-ppo``): seconds a step and peak memory of the process.

Each arm is a process of its own. Text is read, never printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "zhongjing" / "CMtMedQA_test.json"
HERE = Path(__file__).resolve()


def dialogues(limit: int) -> list[list[dict[str, str]]]:
    """Return conversations that have an answer in every exchange."""
    made = []
    for row in json.loads(DATA.read_text(encoding="utf-8")):
        if "instruction" not in row:
            continue
        turns = [turn for pair in row.get("history") or [] for turn in pair] + [row["instruction"], row["output"]]
        roles = ("user", "assistant")
        made.append([{"role": roles[place % 2], "content": turn} for place, turn in enumerate(turns)])
    return made[:limit]


def prepare(work: Path, rows: int, hidden: int, layers: int) -> None:
    """Write the tiny model and the data as an sft view."""
    from datasets import Dataset, DatasetDict

    from cmtmed.training.model.tiny import make_tiny_model

    talks = dialogues(rows)
    make_tiny_model(
        ["\n".join(turn["content"] for turn in talk) for talk in talks],
        work / "model",
        vocabulary=4096,
        hidden=hidden,
        layers=layers,
        heads=4,
        context=2048,
    )
    table = [
        {"id": str(place), "messages": talk, "weights": [float(turn["role"] == "assistant") for turn in talk]}
        for place, talk in enumerate(talks)
    ]
    DatasetDict({"train": Dataset.from_list(table)}).save_to_disk(str(work / "sft"))


def arm_ours(work: Path, steps: int, batch: int) -> dict[str, float]:
    """Fine-tune with the bundled trainer."""
    import runpy

    from cmtmed.training.run import metrics
    from cmtmed.training.sft.trainer import WeightedTrainer

    took: list[float] = []
    original = WeightedTrainer.train

    def timed(self: Any, *given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        done = original(self, *given, **named)
        took.append(time.perf_counter() - began)
        return done

    WeightedTrainer.train = timed
    runpy.run_path(str(ROOT / "trainers" / "sft.py"))["main"](_words(work, work / "ours", steps, batch))
    last = [line for line in metrics.read_metrics(work / "ours") if "tokens" in line][-1]
    return {"tokens": last["tokens"], "padding": last["padding"], "seconds": took[0]}


def arm_trl(work: Path, steps: int, batch: int) -> dict[str, float]:
    """Fine-tune with TRL's trainer as it comes: rows in random order, padded to the longest of a batch."""
    from datasets import load_from_disk
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    class Counting(SFTTrainer):  # type: ignore[misc]
        tokens = padding = 0

        def compute_loss(self, model: Any, inputs: Any, *given: Any, **named: Any) -> Any:
            mask = inputs["attention_mask"]
            self.tokens += int(mask.sum())
            self.padding += int(mask.numel() - mask.sum())
            return super().compute_loss(model, inputs, *given, **named)

    tokenizer = AutoTokenizer.from_pretrained(str(work / "model"))
    config = SFTConfig(
        output_dir=str(work / "trl"), max_steps=steps, per_device_train_batch_size=batch, learning_rate=1e-3,
        assistant_only_loss=True, max_length=1024, report_to="none", bf16=False, use_cpu=True, save_strategy="no",
        activation_checkpointing=False, logging_steps=10, seed=0, disable_tqdm=True,
    )  # fmt: skip
    trainer = Counting(
        model=AutoModelForCausalLM.from_pretrained(str(work / "model")),
        args=config,
        train_dataset=load_from_disk(str(work / "sft"))["train"].select_columns(["messages"]),
        processing_class=tokenizer,
    )
    began = time.perf_counter()
    trainer.train()
    return {"tokens": trainer.tokens, "padding": trainer.padding, "seconds": time.perf_counter() - began}


def arm_killed(work: Path, steps: int, batch: int) -> dict[str, Any]:
    """Fine-tune, killed after a third and after two thirds, and say every loss with all its digits."""
    import runpy

    from cmtmed.training.run import metrics
    from cmtmed.training.sft.trainer import WeightedTrainer

    original = WeightedTrainer.training_step
    left = 0

    def stops(self: Any, *given: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return original(self, *given, **named)

    WeightedTrainer.training_step = stops
    main = runpy.run_path(str(ROOT / "trainers" / "sft.py"))["main"]
    kills = 0
    for left in (steps // 3 + 2, steps // 3 + 2, 10 * steps):  # noqa: B007 (read by stops)
        try:
            main(_words(work, work / "killed", steps, batch))
        except KeyboardInterrupt:
            kills += 1
    told = {
        name: [(line["step"], line["loss"]) for line in metrics.read_metrics(work / name) if "loss" in line]
        for name in ("ours", "killed")
    }
    return {"kills": kills, "same": told["ours"] == told["killed"], "lines": len(told["ours"])}


def prepare_ppo(work: Path, hidden: int, layers: int) -> None:
    """Write a model, a reward model of the same size, and prompts of 20 to 120 tokens, as both arms read them."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification

    from cmtmed.training.model.loading import load_tokenizer
    from cmtmed.training.model.tiny import make_tiny_model

    talks = dialogues(1000)
    words = ["\n".join(turn["content"] for turn in talk) for talk in talks]
    make_tiny_model(words, work / "policy", vocabulary=4096, hidden=hidden, layers=layers, heads=8, context=512)
    tokenizer = load_tokenizer(str(work / "policy"))
    torch.manual_seed(0)
    reward = AutoModelForSequenceClassification.from_pretrained(str(work / "policy"), num_labels=1)
    reward.config.pad_token_id = tokenizer.pad_token_id
    reward.save_pretrained(str(work / "judge"))
    tokenizer.save_pretrained(str(work / "judge"))
    prompts = [[talk[0]] for talk in talks]
    ids = [
        tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
        for prompt in prompts
    ]
    rows = [place for place, one in enumerate(ids) if 20 <= len(one) <= 120][:256]
    view = [{"id": str(row), "message": 1, "prompt": prompts[row]} for row in rows]
    Dataset.from_list(view).save_to_disk(str(work / "prompts"))
    (work / "prompts.json").write_text(json.dumps([ids[row] for row in rows]), encoding="utf-8")


def arm_ppo(work: Path, steps: int, batch: int) -> dict[str, float]:
    """Run our PPO: policy, reference and value on one base, the reward model beside it."""
    import runpy

    from cmtmed.training.run import metrics

    words = [
        f"model={work / 'policy'}", f"data=[{{path: {work / 'prompts'}}}]", f"out={work / 'ppo'}", "lora={r: 16}",
        f"reward=[{{kind: model, path: {work / 'judge'}}}]", f"steps={steps}", f"batch={batch}", "micro_batch=8",
        f"sample_batch={batch}", "epochs=4", "max_new_tokens=48", "kl_stop=null", f"save_every={steps}",
        "learning_rate=1e-5",
    ]  # fmt: skip
    stamps: list[float] = []
    original = metrics.MetricsLog.log

    def stamped(self: Any, *given: Any) -> None:
        stamps.append(time.perf_counter())
        original(self, *given)

    metrics.MetricsLog.log = stamped
    runpy.run_path(str(ROOT / "trainers" / "ppo.py"))["main"](words)
    length = [line["length"] for line in metrics.read_metrics(work / "ppo")]
    return {"seconds": (stamps[-1] - stamps[0]) / (len(stamps) - 1), "length": sum(length) / len(length)}


def arm_ppo_trl(work: Path, steps: int, batch: int) -> dict[str, float]:
    """Run TRL 1.12's PPO on the same: an adapter for the policy, its own reference by switching that off."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
        TrainerCallback,
    )
    from trl.experimental.ppo import PPOConfig, PPOTrainer

    class Stamps(TrainerCallback):  # type: ignore[misc]
        at: list[float] = []  # noqa: RUF012

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.at.append(time.perf_counter())

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(str(work / "policy"), padding_side="left")
    judges = [
        AutoModelForSequenceClassification.from_pretrained(str(work / "judge"), num_labels=1, dtype="float32")
        for _ in range(2)
    ]
    config = PPOConfig(
        output_dir=str(work / "ppo-trl"), per_device_train_batch_size=8, gradient_accumulation_steps=batch // 8,
        num_mini_batches=1, num_ppo_epochs=4, total_episodes=steps * batch, response_length=48, learning_rate=1e-5,
        stop_token="eos", bf16=False, use_cpu=True, gradient_checkpointing=False, report_to="none", save_strategy="no",
        num_sample_generations=0, local_rollout_forward_batch_size=8, disable_tqdm=True, seed=0,
    )  # fmt: skip
    rows = json.loads((work / "prompts.json").read_text(encoding="utf-8"))
    PPOTrainer(
        args=config,
        processing_class=tokenizer,
        model=AutoModelForCausalLM.from_pretrained(str(work / "policy"), dtype="float32"),
        ref_model=None,
        reward_model=judges[0],
        value_model=judges[1],
        train_dataset=Dataset.from_dict({"input_ids": rows}),
        callbacks=[Stamps()],
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    ).train()
    return {"seconds": (Stamps.at[-1] - Stamps.at[0]) / (len(Stamps.at) - 1), "length": 48.0}


def peers(folder: Path) -> str:
    """Return the interpreter of an environment with TRL 1.12, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    there = subprocess.run([str(python), "-c", "import peft, trl.experimental.ppo"], capture_output=True, check=False)
    if there.returncode:
        subprocess.run([str(python), "-m", "pip", "install", "-q", "torch==2.13.0"], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "trl==1.12.*", "peft"], check=True)
    return str(python)


def _words(work: Path, out: Path, steps: int, batch: int) -> list[str]:
    return [
        f"model={work / 'model'}", f"data.0.path={work / 'sft'}", f"out={out}", "lora=null", "max_length=1024",
        f"training.max_steps={steps}", f"training.per_device_train_batch_size={batch}",
        "training.gradient_accumulation_steps=1", "training.learning_rate=1e-3", "training.lr_scheduler_type=linear",
        "training.warmup_steps=0", "training.logging_steps=10", f"training.save_steps={max(1, steps // 4)}",
    ]  # fmt: skip


ARMS = {"ours": arm_ours, "trl": arm_trl, "killed": arm_killed, "ppo": arm_ppo, "ppo_trl": arm_ppo_trl}


def measured(arm: str, work: Path, *given: object, python: str = sys.executable) -> dict[str, Any]:
    """Run one arm in a process of its own."""
    command = [python, str(HERE), "--arm", arm, "--work", str(work), *map(str, given)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    if done.returncode:
        raise SystemExit(f"the arm {arm} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run all arms, or one of them for the process above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000, help="dialogues")
    parser.add_argument("--steps", type=int, default=120, help="optimizer steps of fine-tuning")
    parser.add_argument("--batch", type=int, default=8, help="rows a step")
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--ppo-steps", type=int, default=6, help="updates of PPO")
    parser.add_argument("--ppo-hidden", type=int, default=384)
    parser.add_argument("--ppo-layers", type=int, default=6)
    parser.add_argument("--peers", type=Path, default=Path("build/trl-1.12"), help="where TRL 1.12 is, or goes")
    parser.add_argument("--skip-sft", action="store_true")
    parser.add_argument("--skip-ppo", action="store_true")
    parser.add_argument("--arm", choices=sorted(ARMS), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.arm:
        told = ARMS[given.arm](given.work, given.steps, given.batch)
        told["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(told))
        return
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not there: nothing to train on")
    with tempfile.TemporaryDirectory() as folder:
        if not given.skip_sft:
            fine_tuning(Path(folder), given)
        if not given.skip_ppo:
            optimization(Path(folder), given)


def fine_tuning(work: Path, given: argparse.Namespace) -> None:
    """Print the figures of fine-tuning."""
    prepare(work, given.rows, given.hidden, given.layers)
    words = ("--steps", given.steps, "--batch", given.batch)
    print(f"fine-tuning, {given.rows} dialogues, {given.steps} steps of {given.batch} rows")
    speeds = {}
    for arm in ("ours", "trl"):
        told = measured(arm, work, *words)
        speeds[arm] = told["tokens"] / told["seconds"]
        waste = told["padding"] / (told["tokens"] + told["padding"])
        print(
            f"  {arm:<5} {speeds[arm]:>8,.0f} useful tokens/s   padding {waste:6.1%}   "
            f"{told['seconds']:6.1f} s   peak {told['peak_gib']:.2f} GiB"
        )
    print(f"  ours / trl: {speeds['ours'] / speeds['trl']:.2f}")
    killed = measured("killed", work, *words)
    print(f"killed {killed['kills']} times and taken up: {killed['lines']} losses, all digits equal: {killed['same']}")


def optimization(work: Path, given: argparse.Namespace) -> None:
    """Print the figures of PPO."""
    prepare_ppo(work, given.ppo_hidden, given.ppo_layers)
    words = ("--steps", given.ppo_steps, "--batch", 32)
    python = peers(given.peers)
    print(f"PPO, {given.ppo_steps} updates of 32 prompts, answers of up to 48 tokens, 4 passes, LoRA")
    told = {arm: measured(arm, work, *words, python=python if arm == "ppo_trl" else sys.executable)
            for arm in ("ppo", "ppo_trl")}  # fmt: skip
    for arm, one in told.items():
        print(f"  {arm:<8} {one['seconds']:6.2f} s an update   peak {one['peak_gib']:.2f} GiB")
    ratio = {key: told["ppo"][key] / told["ppo_trl"][key] for key in ("seconds", "peak_gib")}
    print(f"  ours / trl 1.12: time {ratio['seconds']:.2f}, memory {ratio['peak_gib']:.2f}")


if __name__ == "__main__":
    main()
