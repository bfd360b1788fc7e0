"""Settings of a training run: a YAML file and ``key=value`` pairs, checked before anything is loaded.

What belongs to a library stays in the library's words: ``training`` holds fields of TRL's configuration (and so of
``transformers.TrainingArguments``), ``lora`` holds fields of ``peft.LoraConfig``. The rest is ours. A key that nobody
knows is refused with the nearest name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cmtmed.errors import UsageError, did_you_mean


class DataSource(BaseModel):
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


def reject_unknown_keys(given: Mapping[str, Any], known: Mapping[str, Any] | Sequence[str], where: str) -> None:
    """Refuse keys that nobody knows.

    Raises:
        UsageError: there is one; the message gives the nearest known name.
    """
    for key in given:
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r}; {did_you_mean(str(key), list(known))}")
