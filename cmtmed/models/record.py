"""``training.json``, the record of a model's training beside its weights, validated before it is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, cast

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from cmtmed.artifacts import TRAINING_FILE, TRAINING_FORMAT, read_json
from cmtmed.errors import DatasetError

TRAINING_VERSION: Final = 1

Name = Annotated[str, Field(max_length=200, pattern=r"^[^/\\\x00-\x1f]*$")]
HubName = Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
StageName = Literal["unknown", "tokenizer", "pretrain", "sft", "reward", "ppo"]

_STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@with_config(_STRICT)
class SourceBuild(TypedDict):
    """The build that a source is, or is a view of."""

    manifest: Sha256
    pipeline: Name
    fingerprint: Name
    kept: Annotated[int, Field(ge=0)]
    whole: bool


@with_config(_STRICT)
class SourceRecord(TypedDict):
    """Training data of a stage."""

    role: Literal["data", "answers"]
    name: Name
    weight: Annotated[float, Field(gt=0, strict=False)]
    content: Name
    build: SourceBuild | None


@with_config(_STRICT)
class StageRecord(TypedDict):
    """A stage of a model's training; ``lora`` is the rank of its adapter, None if it trained all weights."""

    stage: StageName
    fingerprint: Name
    lora: int | None
    settings: dict[Name, bool | int | float | Name]
    sources: list[SourceRecord]
    results: dict[Name, float]
    versions: dict[Name, Name]


@with_config(_STRICT)
class FileRecord(TypedDict):
    """A file of a model."""

    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


@with_config(_STRICT)
class TrainingRecord(TypedDict):
    """Content of ``training.json``; ``base`` is the base model's name on the Hub, empty if it has none."""

    format: Literal["cmtmed.training"]
    version: Literal[1]
    kind: Literal["language", "reward"]
    adapter: bool
    base: HubName
    stages: Annotated[list[StageRecord], Field(min_length=1)]
    files: dict[Name, FileRecord]


_ADAPTER: Final = TypeAdapter(TrainingRecord)


def read_record(path: Path) -> dict[str, object]:
    """Read a JSON object that training wrote, such as ``run.json``, without validating its fields.

    Raises:
        DatasetError: it is missing or damaged.
    """
    try:
        content = read_json(path)
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise DatasetError(f"{str(path)!r} is damaged; train again into another out")
    return content


def read_training_record(folder: Path) -> TrainingRecord:
    """Read the record of the model in a directory.

    Raises:
        DatasetError: it is missing, damaged, or of another version.
    """
    path = folder / TRAINING_FILE
    content = read_record(path)
    if content.get("format") == TRAINING_FORMAT and content.get("version") != TRAINING_VERSION:
        raise DatasetError(
            f"{str(path)!r} has version {content.get('version')!r}, this cmtmed reads {TRAINING_VERSION}; update cmtmed"
        )
    try:
        _ADAPTER.validate_python(content)
    except ValidationError as error:
        location = error.errors(include_url=False, include_input=False)[0]["loc"]
        field = ".".join(map(str, location)) or "the whole file"
        raise DatasetError(f"{str(path)!r} is damaged ({field[:100]}); train again, or merge the run again") from None
    # The content as it was read: validation would turn whole numbers into floats.
    return cast("TrainingRecord", content)
