"""Configuration classes of transformers, TRL and peft, made from the settings of a run."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from cmtmed.errors import UsageError
from cmtmed.training.run.settings import Settings, reject_unknown_keys

_C = TypeVar("_C")
_POSITIVE: Final = frozenset(
    ("r", "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps", "save_steps")
)
"""Fields that make no sense below 1."""


def build_library_config(config_class: type[_C], values: Mapping[str, Any], section: str, **fixed: Any) -> _C:
    """Build a library's configuration from a section of the settings.

    Args:
        config_class: a dataclass, such as ``trl.SFTConfig``.
        values: what the user set.
        section: what messages call it.
        fixed: fields that are not the user's to set.

    Raises:
        UsageError: it has no such field, or does not accept a value.
    """
    fields = {field.name: field for field in dataclasses.fields(config_class) if field.init}  # type: ignore[arg-type]
    reject_unknown_keys(values, fields, section)
    for name, value in values.items():
        is_number = isinstance(fields[name].default, (int, float)) and not isinstance(fields[name].default, bool)
        if is_number and isinstance(value, str):
            raise UsageError(f"{section}.{name} is a number; {value!r} is not")
        if name in _POSITIVE and isinstance(value, (int, float)) and value < 1:
            raise UsageError(f"{section}.{name} is {value}; give 1 or more")
    try:
        return config_class(**{**values, **fixed})
    except (TypeError, ValueError) as error:
        raise UsageError(f"{section}: {error}") from error


def build_trainer_config(
    config_class: type[_C], settings: Settings, checkpoint_dir: Path, *, evaluates: bool, **fixed: Any
) -> _C:
    """Build the configuration of a trainer from the section ``training`` and the defaults of this machine.

    Args:
        config_class: TRL's, such as ``trl.SFTConfig``.
        settings: of the run.
        checkpoint_dir: where checkpoints are written.
        evaluates: whether there is anything to evaluate on; by default that is done as often as a checkpoint is saved.
        fixed: more fields that are not the user's to set.

    Raises:
        UsageError: as `build_library_config`.
    """
    return build_library_config(
        config_class,
        {
            **device_defaults(),
            "eval_strategy": "steps" if evaluates else "no",
            "eval_steps": settings.training.get("save_steps", 200),
            **settings.training,
        },
        "training",
        output_dir=str(checkpoint_dir),
        seed=settings.seed,
        data_seed=settings.seed,
        max_length=None,
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
        **fixed,
    )


def device_defaults() -> dict[str, bool]:
    """Return fields of ``TrainingArguments`` that depend on the machine.

    Without a GPU nothing is gained by half precision, and recomputing activations costs a third more time for memory
    that such a machine has.
    """
    import torch
    from transformers import TrainingArguments

    # The field was renamed in transformers 5; the old name warns.
    names = {field.name for field in dataclasses.fields(TrainingArguments)}
    recompute = "activation_checkpointing" if "activation_checkpointing" in names else "gradient_checkpointing"
    if torch.cuda.is_available():
        bf16 = torch.cuda.is_bf16_supported()
        return {"bf16": bf16, "fp16": not bf16, recompute: True, "dataloader_pin_memory": True}
    return {"bf16": False, "fp16": False, recompute: False, "use_cpu": True, "dataloader_pin_memory": False}
