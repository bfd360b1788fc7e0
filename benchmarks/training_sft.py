"""Fine-tuning for the training benchmark: our trainer, TRL's with its defaults, and ours killed and resumed."""

from __future__ import annotations

import json
import runpy
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "zhongjing" / "CMtMedQA_test.json"


def read_dialogues(limit: int) -> list[list[dict[str, str]]]:
    """Return dialogues in which every question has an answer."""
    dialogues = []
    for row in json.loads(DATA.read_text(encoding="utf-8")):
        if "instruction" not in row:
            continue
        turns = [turn for pair in row.get("history") or [] for turn in pair] + [row["instruction"], row["output"]]
        roles = ("user", "assistant")
        dialogues.append([{"role": roles[index % 2], "content": turn} for index, turn in enumerate(turns)])
    return dialogues[:limit]


def join_turns(dialogues: list[list[dict[str, str]]]) -> list[str]:
    """Return each dialogue as one text, to train a tokenizer on."""
    return ["\n".join(turn["content"] for turn in dialogue) for dialogue in dialogues]


def write_inputs(work: Path, rows: int, hidden: int, layers: int) -> None:
    """Write the tiny model and an sft view."""
    from datasets import Dataset, DatasetDict

    from cmtmed.training.model.tiny import make_tiny_model

    dialogues = read_dialogues(rows)
    make_tiny_model(
        join_turns(dialogues),
        work / "model",
        vocabulary=4096,
        hidden=hidden,
        layers=layers,
        heads=4,
        context=2048,
    )
    view = [
        {"id": str(index), "messages": dialogue, "weights": [float(turn["role"] == "assistant") for turn in dialogue]}
        for index, dialogue in enumerate(dialogues)
    ]
    DatasetDict({"train": Dataset.from_list(view)}).save_to_disk(str(work / "sft"))


def train_ours(work: Path, steps: int, batch: int) -> dict[str, Any]:
    """Fine-tune with the bundled trainer."""
    from cmtmed.training.run import metrics
    from cmtmed.training.sft.trainer import WeightedTrainer

    durations: list[float] = []
    original = WeightedTrainer.train

    def time_training(self: Any, *args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        output = original(self, *args, **kwargs)
        durations.append(time.perf_counter() - started)
        return output

    WeightedTrainer.train = time_training
    _run_trainer(work, work / "ours", steps, batch)
    last = [line for line in metrics.read_metrics(work / "ours") if "tokens" in line][-1]
    return {"tokens": last["tokens"], "padding": last["padding"], "seconds": durations[0]}


def train_trl(work: Path, steps: int, batch: int) -> dict[str, Any]:
    """Fine-tune with TRL's defaults: rows in random order, padded to the longest of a batch."""
    from datasets import load_from_disk
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    class CountingTrainer(SFTTrainer):  # type: ignore[misc]
        tokens = padding = 0

        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            mask = inputs["attention_mask"]
            self.tokens += int(mask.sum())
            self.padding += int(mask.numel() - mask.sum())
            return super().compute_loss(model, inputs, *args, **kwargs)

    tokenizer = AutoTokenizer.from_pretrained(str(work / "model"))
    config = SFTConfig(
        output_dir=str(work / "trl"), max_steps=steps, per_device_train_batch_size=batch, learning_rate=1e-3,
        assistant_only_loss=True, max_length=1024, report_to="none", bf16=False, use_cpu=True, save_strategy="no",
        activation_checkpointing=False, logging_steps=10, seed=0, disable_tqdm=True,
    )  # fmt: skip
    trainer = CountingTrainer(
        model=AutoModelForCausalLM.from_pretrained(str(work / "model")),
        args=config,
        train_dataset=load_from_disk(str(work / "sft"))["train"].select_columns(["messages"]),
        processing_class=tokenizer,
    )
    started = time.perf_counter()
    trainer.train()
    return {"tokens": trainer.tokens, "padding": trainer.padding, "seconds": time.perf_counter() - started}


def train_resumed(work: Path, steps: int, batch: int) -> dict[str, Any]:
    """Fine-tune, killed after one third and after two thirds, and compare every loss with that of `train_ours`."""
    from cmtmed.training.run import metrics
    from cmtmed.training.sft.trainer import WeightedTrainer

    original = WeightedTrainer.training_step
    budget = 0

    def step_within_budget(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal budget
        budget -= 1
        if budget < 0:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    WeightedTrainer.training_step = step_within_budget
    kills = 0
    for budget in (steps // 3 + 2, steps // 3 + 2, 10 * steps):  # noqa: B007 (read by step_within_budget)
        try:
            _run_trainer(work, work / "resumed", steps, batch)
        except KeyboardInterrupt:
            kills += 1
    ours, resumed = (
        [(line["step"], line["loss"]) for line in metrics.read_metrics(work / name) if "loss" in line]
        for name in ("ours", "resumed")
    )
    return {"kills": kills, "identical": ours == resumed, "losses": len(ours)}


def _run_trainer(work: Path, out: Path, steps: int, batch: int) -> None:
    arguments = [
        f"model={work / 'model'}", f"data.0.path={work / 'sft'}", f"out={out}", "lora=null", "max_length=1024",
        f"training.max_steps={steps}", f"training.per_device_train_batch_size={batch}",
        "training.gradient_accumulation_steps=1", "training.learning_rate=1e-3", "training.lr_scheduler_type=linear",
        "training.warmup_steps=0", "training.logging_steps=10", f"training.save_steps={max(1, steps // 4)}",
    ]  # fmt: skip
    runpy.run_path(str(ROOT / "trainers" / "sft.py"))["main"](arguments)
