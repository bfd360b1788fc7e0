"""LoRA adapters: their configuration, checked against the model that they go into."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.training.run.library_config import build_library_config

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel

LORA_DEFAULTS: Final = {"r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": "all-linear"}
"""What ``lora: {}`` means: adapters on all linear layers but the head (Hu et al. 2021, arXiv:2106.09685)."""


def build_lora_config(
    values: Mapping[str, Any] | None, task: str, model: PreTrainedModel | None = None, **fixed: Any
) -> LoraConfig | None:
    """Build the configuration of an adapter; None to train all weights.

    Args:
        values: fields of ``peft.LoraConfig`` that the user set.
        task: ``CAUSAL_LM`` or ``SEQ_CLS``.
        model: what the adapter goes into, to check that it has the layers; None for no check.
        fixed: fields that the trainer sets.

    Raises:
        UsageError: a field is unknown or makes no sense, or the model has no layer of a name.
    """
    if values is None:
        return None
    from peft import LoraConfig

    config = build_library_config(LoraConfig, {**LORA_DEFAULTS, **values}, "lora", task_type=task, **fixed)
    if model is not None:
        _check_layers(config.target_modules, model)
    return config


def _check_layers(target: str | set[str] | list[str] | None, model: PreTrainedModel) -> None:
    if isinstance(target, str) and target != "all-linear":
        # peft takes a single string for a pattern of the whole name.
        if not any(re.fullmatch(target, name) for name, _ in model.named_modules()):
            raise UsageError(f"lora.target_modules: no layer matches {target!r}; give a list of names, as in [q_proj]")
    elif isinstance(target, (set, list)):
        layers = {name.rpartition(".")[2] for name, _ in model.named_modules() if name}
        for name in sorted(target):
            if name.rpartition(".")[2] not in layers:
                raise UsageError(f"lora.target_modules: the model has no layer {name!r}; {did_you_mean(name, layers)}")
