"""Configuration classes of transformers, TRL and peft, made from the settings of a section."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from cmtmed.errors import UsageError
from cmtmed.training.run.settings import reject_unknown_keys

_COUNTS: Final = frozenset(
    ("r", "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps", "save_steps")
)
_C = TypeVar("_C")


def build_library_config(kind: type[_C], values: Mapping[str, Any], section: str, **fixed: Any) -> _C:
    """Make a library's dataclass from the settings of a section.

    Args:
        kind: the dataclass, such as ``trl.SFTConfig``.
        values: what the user set.
        section: what messages call it.
        fixed: what is not the user's to set.

    Raises:
        UsageError: it has no such field, or does not accept a value.
    """
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}  # type: ignore[arg-type]
    reject_unknown_keys(values, fields, section)
    for name, value in values.items():
        number = isinstance(fields[name].default, (int, float)) and not isinstance(fields[name].default, bool)
        if number and isinstance(value, str):
            raise UsageError(f"{section}.{name} is a number; {value!r} is none")
        if name in _COUNTS and isinstance(value, (int, float)) and value < 1:
            raise UsageError(f"{section}.{name} is {value}; give 1 or more")
    try:
        return kind(**{**values, **fixed})
    except (TypeError, ValueError) as error:
        raise UsageError(f"{section}: {error}") from error


def device_defaults() -> dict[str, Any]:
    """Return fields of ``TrainingArguments`` that depend on what the machine has.

    Without a GPU nothing is gained by half precision, and recomputing activations costs a third more time for memory
    that a machine without one has.
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
