"""Settings of a training run, as every stage has them.

What belongs to a library stays in the library's words: ``training`` holds fields of TRL's configuration (and so of
``transformers.TrainingArguments``), ``lora`` holds fields of ``peft.LoraConfig``. The rest is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from cmtmed.errors import UsageError, did_you_mean


class DataSource(BaseModel):
    """One source of a mixture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="A view of a build (out/sft), or a file in a format that the stage reads.")
    weight: float = Field(
        default=1.0,
        gt=0,
        description="Passes over it per epoch: 0.5 takes half of the rows, 2 takes each row twice.",
    )
    format: str = Field(default="auto", description="Format of the file; auto detects it from name and columns.")
    name: str = Field(default="", description="Name in the metrics; by default the end of its path.")

    @property
    def label(self) -> str:
        """What messages and metrics call it."""
        return self.name or "/".join(Path(self.path).parts[-2:])

    @property
    def answers_path(self) -> str:
        """A second file that explains the first; empty for none."""
        return ""


class Settings(BaseModel):
    """Settings that all stages share."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    model: str = Field(description="Directory or name of a base model, or the directory of an earlier run.")
    out: Path = Field(description="The run's directory. The same command resumes an interrupted run.")
    template: str = Field(
        default="auto", description="Chat template: auto (the model's own), a bundled one's name, or a file."
    )
    lora: dict[str, Any] | None = Field(
        default=None, description="Fields of peft.LoraConfig; {} for the defaults, null to train all weights."
    )
    training: dict[str, Any] = Field(default={}, description="Fields of the trainer's own configuration.")
    seed: int = Field(default=0, ge=0, description="Seed of the data order, new weights and dropout.")
    smoothing: float = Field(default=0.9, ge=0, lt=1, description="Weight of earlier values in the smoothed curves.")

    @model_validator(mode="after")
    def _reject_fixed_fields(self) -> Self:
        for field in ("seed", "data_seed", "output_dir"):
            if field in self.training:
                raise ValueError(f"training.{field} is set by {'out' if field == 'output_dir' else 'seed'}; set that")
        return self

    @property
    def sources(self) -> Sequence[DataSource]:
        """What the stage learns from."""
        return getattr(self, "data", ())

    def describe(self) -> dict[str, JsonValue]:
        """Return what decides about the result, as plain JSON values: all but where it goes and how it is drawn."""
        return self.model_dump(mode="json", exclude={"out", "smoothing"})


def reject_unknown_keys(keys: Iterable[str], expected: Iterable[str], section: str) -> None:
    """Raise on a key that is not expected.

    Args:
        keys: as they were given.
        expected: all that there are.
        section: what messages call the place.

    Raises:
        UsageError: there is one; the message gives the nearest expected key.
    """
    names = list(expected)
    for key in keys:
        if key not in names:
            raise UsageError(f"{section}: unknown key {key!r}; {did_you_mean(str(key), names)}")
