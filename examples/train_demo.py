"""Run the whole training pipeline on the example crawl: ``python examples/train_demo.py [OUT]``.

Builds the demo dataset, creates a tiny model with random weights, then pretrains it, fine-tunes it, trains a reward
model on ``examples/rankings.jsonl`` and optimizes the fine-tuned model with PPO, in minutes on two cores and without a
download. Each stage writes its run directory, with curves, under OUT (by default ``build/train-demo``);
``summary.json`` has the results of all four. Needs the extra ``train``.

What a tiny model can learn in each stage:

- Pretraining and fine-tuning: 170 short dialogues share much of their vocabulary, so the loss falls below that of
  random guessing.
- Reward model: the better answer can be told by its wording (it asks, it warns, it discourages seeing a doctor), and
  the held-out prompts are other complaints with similar answers.
- PPO: the reward is how much an answer asks before it advises. After fine-tuning, some answers ask and some do not, so
  there is a difference to learn from, and asking takes few tokens. A reward for correctness would be out of reach.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from pathlib import Path

import cmtmed


def run_stage(name: str, *arguments: str) -> None:
    """Run a bundled trainer as ``cmtmed train NAME …`` does."""
    started = time.perf_counter()
    print(f"\n== {name} ==", flush=True)
    runpy.run_path(str(cmtmed.bundled(f"trainers/{name}.py")))["main"](list(arguments))
    print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)


def main() -> None:
    """Run the demo."""
    if sys.argv[1:2] and sys.argv[1].startswith("-"):
        print(__doc__)
        return
    from cmtmed.training.model.tiny import make_tiny_model, read_texts
    from cmtmed.training.run import metrics
    from cmtmed.training.run.directory import Run

    started = time.perf_counter()
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/train-demo")
    out.mkdir(parents=True, exist_ok=True)
    data, model = out / "data", out / "model"
    cmtmed.build(cmtmed.bundled("examples/demo.yaml"), [cmtmed.bundled("examples/crawl")], data)
    rankings = cmtmed.bundled("examples/rankings.jsonl")
    if not model.exists():
        texts = [data, rankings]
        weights = make_tiny_model(
            read_texts(texts), model, vocabulary=3000, learnt_from=texts, hidden=128, layers=2, context=768
        )
        print(f"tiny model with {weights:,} weights: {model}")

    common = ("lora=null", "training.lr_scheduler_type=cosine", "training.logging_steps=2", "training.warmup_steps=5")
    run_stage(
        "pretrain", f"model={model}", f"data=[{{path: {data}}}]", f"out={out / 'pretrain'}", "max_length=512", *common,
        "training.max_steps=120", "training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=1",
        "training.learning_rate=3e-3", "training.save_steps=60",
    )  # fmt: skip
    run_stage(
        "sft", f"model={out / 'pretrain'}", f"data=[{{path: {data}}}]", f"out={out / 'sft'}", "max_length=512", *common,
        "training.max_steps=160", "training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=1",
        "training.learning_rate=2e-3", "training.save_steps=80",
    )  # fmt: skip
    run_stage(
        "reward", f"model={out / 'sft'}", f"data=[{{path: {rankings}}}]", f"out={out / 'reward'}", "held_out=0.2",
        "max_length=512", *common, "training.num_train_epochs=4", "training.per_device_train_batch_size=16",
        "training.gradient_accumulation_steps=1", "training.learning_rate=1e-3", "training.save_steps=50",
    )  # fmt: skip
    run_stage(
        "ppo", f"model={out / 'sft'}", f"data=[{{path: {data}}}]", f"out={out / 'ppo'}", "lora=null",
        f"reward=[{{kind: model, path: {out / 'reward'}, weight: 0.25}}, {{kind: proactivity, enough: 2}}]", "steps=30",
        "batch=64", "minibatches=2", "micro_batch=32", "sample_batch=64", "value_weight=0.5",
        "max_new_tokens=32", "max_prompt=256", "learning_rate=6e-4", "kl=0.03", "eos_penalty=0.2", "warmup=2",
        "kl_stop=null", "save_every=20",
    )  # fmt: skip

    reward_run = Run.open(out / "reward")
    ppo_metrics = metrics.read_metrics(out / "ppo")
    summary = {
        "pretrain": metrics.summarize_metrics(out / "pretrain"),
        "sft": metrics.summarize_metrics(out / "sft"),
        "reward": {"accuracy": reward_run.record.metrics["eval_accuracy"]},
        "ppo": {**metrics.summarize_metrics(out / "ppo", "reward"), "kl": ppo_metrics[-1]["kl"]},
    }
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print(f"\n{json.dumps(summary, indent=2)}\n{time.perf_counter() - started:.0f} s; runs and curves: {out}")


if __name__ == "__main__":
    main()
