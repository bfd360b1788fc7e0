"""PPO for the training benchmark: ours, and that of TRL 1.12."""

from __future__ import annotations

import json
import runpy
import time
from pathlib import Path
from typing import Any

from training_sft import ROOT, join_turns, read_dialogues


def write_inputs(work: Path, hidden: int, layers: int) -> None:
    """Write a policy, a reward model of its size, and prompts of 20 to 120 tokens, in the formats of both trainers."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification

    from cmtmed.training.model.loading import load_tokenizer
    from cmtmed.training.model.tiny import make_tiny_model

    dialogues = read_dialogues(1000)
    make_tiny_model(
        join_turns(dialogues), work / "policy", vocabulary=4096, hidden=hidden, layers=layers, heads=8, context=512
    )
    tokenizer = load_tokenizer(str(work / "policy"))
    torch.manual_seed(0)
    reward_model = AutoModelForSequenceClassification.from_pretrained(str(work / "policy"), num_labels=1)
    reward_model.config.pad_token_id = tokenizer.pad_token_id
    reward_model.save_pretrained(str(work / "reward"))
    tokenizer.save_pretrained(str(work / "reward"))
    prompts = [[dialogue[0]] for dialogue in dialogues]
    token_ids = [
        tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
        for prompt in prompts
    ]
    rows = [index for index, ids in enumerate(token_ids) if 20 <= len(ids) <= 120][:256]
    view = [{"id": str(row), "message": 1, "prompt": prompts[row]} for row in rows]
    Dataset.from_list(view).save_to_disk(str(work / "prompts"))
    (work / "prompts.json").write_text(json.dumps([token_ids[row] for row in rows]), encoding="utf-8")


def train_ours(work: Path, steps: int, batch: int) -> dict[str, Any]:
    """Run our PPO: policy, reference policy and value function share one base model, next to the reward model."""
    from cmtmed.training.run import metrics

    arguments = [
        f"model={work / 'policy'}", f"data=[{{path: {work / 'prompts'}}}]", f"out={work / 'ppo'}", "lora={r: 16}",
        f"reward=[{{kind: model, path: {work / 'reward'}}}]", f"steps={steps}", f"batch={batch}", "micro_batch=8",
        f"sample_batch={batch}", "epochs=4", "max_new_tokens=48", "kl_stop=null", f"save_every={steps}",
        "learning_rate=1e-5",
    ]  # fmt: skip
    times: list[float] = []
    original = metrics.MetricsLog.log

    def log_with_time(self: Any, *args: Any) -> None:
        times.append(time.perf_counter())
        original(self, *args)

    metrics.MetricsLog.log = log_with_time
    runpy.run_path(str(ROOT / "trainers" / "ppo.py"))["main"](arguments)
    lengths = [line["length"] for line in metrics.read_metrics(work / "ppo")]
    return {"seconds": (times[-1] - times[0]) / (len(times) - 1), "length": sum(lengths) / len(lengths)}


def train_trl(work: Path, steps: int, batch: int) -> dict[str, Any]:
    """Run the PPO of TRL 1.12 on the same inputs: a LoRA policy, with the adapter disabled for the reference policy."""
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

    times: list[float] = []

    class StepTimer(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            times.append(time.perf_counter())

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(str(work / "policy"), padding_side="left")
    reward_model, value_model = (
        AutoModelForSequenceClassification.from_pretrained(str(work / "reward"), num_labels=1, dtype="float32")
        for _ in range(2)
    )
    config = PPOConfig(
        output_dir=str(work / "ppo-trl"), per_device_train_batch_size=8, gradient_accumulation_steps=batch // 8,
        num_mini_batches=1, num_ppo_epochs=4, total_episodes=steps * batch, response_length=48, learning_rate=1e-5,
        stop_token="eos", bf16=False, use_cpu=True, gradient_checkpointing=False, report_to="none", save_strategy="no",
        num_sample_generations=0, local_rollout_forward_batch_size=8, disable_tqdm=True, seed=0,
    )  # fmt: skip
    PPOTrainer(
        args=config,
        processing_class=tokenizer,
        model=AutoModelForCausalLM.from_pretrained(str(work / "policy"), dtype="float32"),
        ref_model=None,
        reward_model=reward_model,
        value_model=value_model,
        train_dataset=Dataset.from_dict({"input_ids": json.loads((work / "prompts.json").read_text("utf-8"))}),
        callbacks=[StepTimer()],
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    ).train()
    return {"seconds": (times[-1] - times[0]) / (len(times) - 1), "length": 48.0}
