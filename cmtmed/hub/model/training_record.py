"""Schema of ``training.json``, validated before anything in it is trusted or published."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

TRAINING_VERSION: Final = 1

Name = Annotated[str, Field(max_length=200, pattern=r"^[^/\\\x00-\x1f]*$")]
_Hub = Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class SourceBuild(_Strict):
    """The build that a source is, or is a view of."""

    manifest: _Sha256
    pipeline: Name
    fingerprint: Name
    kept: Annotated[int, Field(ge=0)]
    whole: bool


class Source(_Strict):
    """Training data of a stage."""

    role: Literal["data", "answers"]
    name: Name
    weight: Annotated[float, Field(gt=0, strict=False)]
    content: Name
    build: SourceBuild | None


class Stage(_Strict):
    """A stage of a model's training."""

    stage: Literal["unknown", "tokenizer", "pretrain", "sft", "reward", "ppo"]
    fingerprint: Name
    lora: int | None
    settings: dict[Name, bool | int | float | Name]
    sources: list[Source]
    results: dict[Name, float]
    versions: dict[Name, Name]


class File(_Strict):
    """A file of a model."""

    bytes: Annotated[int, Field(ge=0)]
    sha256: _Sha256


class Training(_Strict):
    """Content of ``training.json``."""

    format: Literal["cmtmed.training"]
    version: Literal[1]
    kind: Literal["language", "reward"]
    adapter: bool
    base: _Hub
    stages: Annotated[list[Stage], Field(min_length=1)]
    files: dict[Name, File]


def find_damage(content: dict[str, Any]) -> str | None:
    """Return the field of ``training.json`` that is invalid; None if all are valid."""
    try:
        Training.model_validate(content)
    except ValidationError as error:
        return ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"])) or "the whole file"
    return None
