"""Settings of a training run: a YAML file and ``key=value`` pairs, checked before anything is loaded.

What belongs to a library stays in the library's words: ``training`` holds fields of TRL's configuration (and so of
``transformers.TrainingArguments``), ``lora`` holds fields of ``peft.LoraConfig``. The rest is ours. A key that nobody
knows is refused with the nearest name.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.resources import bundled

_COUNTS: Final = frozenset(
    ("r", "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps", "save_steps")
)
_S = TypeVar("_S", bound="Settings")
_C = TypeVar("_C")

LORA: Final = {"r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": "all-linear"}
"""What ``lora: {}`` means: adapters on all linear layers but the head (Hu et al. 2021, arXiv:2106.09685)."""


class Part(BaseModel):
    """One source of a mixture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="A view of a build (out/sft), or a file of the kinds that the stage reads.")
    weight: float = Field(
        default=1.0,
        gt=0,
        description="How often an epoch goes through it: 0.5 takes half of the rows, 2 each row twice.",
    )
    format: str = Field(default="auto", description="What the file holds; auto tells by name and columns.")
    name: str = Field(default="", description="What the metrics call it; by default the end of its path.")

    @property
    def label(self) -> str:
        """What messages and metrics call it."""
        return self.name or "/".join(Path(self.path).parts[-2:])


class Settings(BaseModel):
    """What all stages have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    model: str = Field(description="A directory or name of a base model, or the directory of an earlier run.")
    out: Path = Field(description="The run's directory. The same command goes on where an interrupted one stopped.")
    template: str = Field(
        default="auto", description="Chat template: auto (the model's own), a bundled one's name, or a file."
    )
    lora: dict[str, Any] | None = Field(
        default=None, description="Fields of peft.LoraConfig; {} for the defaults, null to train all weights."
    )
    training: dict[str, Any] = Field(default={}, description="Fields of the trainer's own configuration.")
    seed: int = Field(default=0, ge=0, description="Order of the data, new weights, dropout.")
    smoothing: float = Field(default=0.9, ge=0, lt=1, description="Of the curves: weight of what came before.")

    @model_validator(mode="after")
    def _seed_once(self) -> Self:
        for field in ("seed", "data_seed", "output_dir"):
            if field in self.training:
                raise ValueError(f"training.{field} is set by {'out' if field == 'output_dir' else 'seed'}; set that")
        return self

    def described(self) -> dict[str, Any]:
        """Return what decides about the result, as plain JSON values: all but where it goes and how it is drawn."""
        return self.model_dump(mode="json", exclude={"out", "smoothing"})


def configure(kind: type[_S], stage: str, given: Sequence[str]) -> _S:
    """Read the settings of a run.

    Args:
        kind: the settings' class.
        stage: names the bundled file that ``--config`` defaults to: ``trainers/sft.yaml``.
        given: the command line after the script: ``--config FILE`` and any number of ``key=value``. A key may have
            dots (``training.max_steps=10``, ``data.0.path=out/sft``); values are YAML.

    Raises:
        UsageError: a file cannot be read, a key is unknown or a value makes no sense.
    """
    words = list(given)
    path = bundled(f"trainers/{stage}.yaml")
    if words[:1] in (["-h"], ["--help"]):
        sys.stdout.write(_help(kind, stage) + "\n")
        raise SystemExit(0)
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--config" or word.startswith("--config="):
            value = word.partition("=")[2] or (words.pop(0) if words else "")
            if not value:
                raise UsageError("--config needs a file")
            path = Path(value)
        else:
            rest.append(word)
    content = _read(path)
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word!r} is no key=value; settings look like training.max_steps=10")
        _set(content, key.removeprefix("--"), value)
    return parse(kind, content, str(path))


def parse(kind: type[_S], content: Mapping[str, Any], where: str) -> _S:
    """Check settings that were read.

    Raises:
        UsageError: a key is unknown or missing, or a value makes no sense.
    """
    unknown(content, kind.model_fields, where)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            name = str(first["loc"][-1])
            raise UsageError(f"{where}: {place}: unknown key; {did_you_mean(name, Part.model_fields)}") from None
        if first["type"] == "list_type":
            raise UsageError(f"{where}: {place} is a list; give {place}.0.path=…, or {place}=[{{path: …}}]") from None
        if first["type"] == "missing":
            raise UsageError(f"{where}: {place} is not set; give it in the file or as {place}=…") from None
        raise UsageError(f"{where}: {place or 'settings'}: {first['msg']}") from None


def unknown(given: Mapping[str, Any], known: Mapping[str, Any] | Sequence[str], where: str) -> None:
    """Refuse keys that nobody knows.

    Raises:
        UsageError: there is one; the message gives the nearest known name.
    """
    for key in given:
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r}; {did_you_mean(str(key), list(known))}")


def library_config(kind: type[_C], values: Mapping[str, Any], section: str, **fixed: Any) -> _C:
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
    unknown(values, fields, section)
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


def main_process() -> bool:
    """Say whether this process speaks for all of them; the others keep silent."""
    return int(os.environ.get("RANK", "0")) == 0


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the settings {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not YAML ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path}: holds {type(content).__name__}; settings are a mapping of key: value")
    numbers: dict[str, Any] = _numbers(content)
    return numbers


def _set(content: dict[str, Any], key: str, text: str) -> None:
    try:
        value = _numbers(yaml.safe_load(text))
    except yaml.YAMLError:
        value = text
    at: Any = content
    *parents, last = key.split(".")
    for place, part in enumerate(parents):
        following = [*parents, last][place + 1]
        if isinstance(at, list):
            at = _item(at, part, key)
        else:
            if at.get(part) is None:
                at[part] = [] if following.isdecimal() else {}
            at = at[part]
        if not isinstance(at, (dict, list)):
            raise UsageError(f"{key}: {part} is a single value and holds no {following!r}")
    if isinstance(at, list):
        if last.isdecimal() and int(last) == len(at):
            at.append(value)
        else:
            _item(at, last, key)
            at[int(last)] = value
    else:
        at[last] = value


def _item(at: list[Any], part: str, key: str) -> Any:
    if part.isdecimal() and int(part) == len(at):
        at.append({})
    if not part.isdecimal() or int(part) >= len(at):
        raise UsageError(f"{key}: there is no item {part!r}; items count from 0, and there are {len(at)}")
    return at[int(part)]


def _numbers(value: Any) -> Any:
    """Turn 1e-4 into a number: YAML 1.1 asks for a dot in it and takes it for a word."""
    if isinstance(value, dict):
        return {key: _numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _help(kind: type[Settings], stage: str) -> str:
    lines = [f"cmtmed train {stage} [--config FILE] [key=value …]", ""]
    for name, field in kind.model_fields.items():
        default = "required" if field.is_required() else f"default {field.default!r}"
        lines.append(f"  {name:<14} {field.description or ''} ({default})")
    lines += ["", f"Without --config the bundled trainers/{stage}.yaml is read."]
    return "\n".join(lines)
