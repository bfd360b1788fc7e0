"""``run.json``: what a run was asked for, what it learnt from, and what came out of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from cmtmed.artifacts import RUN_FILE, read_json, write_json
from cmtmed.errors import BuildError, DatasetError, UsageError

CARD_SETTINGS: Final = (
    "learning_rate",
    "lr_scheduler_type",
    "num_train_epochs",
    "max_steps",
    "steps",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "max_length",
    "seed",
)
"""Settings that readers of a model card want to know."""
_LORA_RANK: Final = 16
_SPEEDS: Final = ("runtime", "per_second", "epoch")
_OPEN: Final = ConfigDict(extra="allow")
"""Keys of other versions are kept as they are."""


@with_config(_OPEN)
class BuildIdentity(TypedDict, total=False):
    """Which build some training data came from.

    Attributes:
        manifest: SHA-256 of its ``manifest.json``.
        pipeline: name of its pipeline.
        fingerprint: of its pipeline.
        kept: number of dialogues it kept.
        whole: whether its views were as it wrote them.
    """

    manifest: str
    pipeline: str
    fingerprint: str
    kept: int
    whole: bool


@with_config(_OPEN)
class SourceRecord(TypedDict, total=False):
    """One source that a stage learnt from.

    Attributes:
        role: ``data``, or ``answers`` for a file that explains a table of rankings.
        name: what metrics and cards call it.
        weight: how often an epoch goes through it.
        path: where it is on this machine; only in ``run.json``.
        content: fingerprint of its files.
        build: the build that it is, or is a view of; None if it is neither.
    """

    role: str
    name: str
    weight: float
    path: str
    content: str
    build: BuildIdentity | None


@with_config(_OPEN)
class StageRecord(TypedDict, total=False):
    """One stage of a model's training, as ``training.json`` lists them."""

    stage: str
    fingerprint: str
    lora: JsonValue
    settings: dict[str, JsonValue]
    sources: list[SourceRecord]
    results: dict[str, JsonValue]
    versions: dict[str, str]


@with_config(_OPEN)
class Origin(TypedDict):
    """The model that a run began with.

    Attributes:
        base: its name on the Hub; empty if the model at the bottom is a directory, whose name elsewhere is unknown.
        stages: of its training so far.
        files: digest of its weights; empty where nothing lists them.
    """

    base: str
    stages: list[StageRecord]
    files: str


class RunResults(TypedDict, total=False):
    """What a run writes down when it is finished.

    Attributes:
        metrics: of the last evaluation.
        summary: of the logged metrics.
        held_out: reports on the held-out rankings by source (reward).
        counts: rankings and pairs of each source, and what was left out (reward).
        offset: what was subtracted from the head's bias (reward).
        pad_token_id: of the tokenizer, which tells where a text ends (reward).
    """

    metrics: Mapping[str, float]
    summary: Mapping[str, float | None]
    held_out: Mapping[str, Mapping[str, object]]
    counts: list[dict[str, object]]
    offset: float
    pad_token_id: int


class RunRecord(BaseModel):
    """The content of ``run.json``.

    Attributes:
        stage: ``pretrain``, ``sft``, ``reward`` or ``ppo``.
        finished: whether the weights are written.
        format: version of the layout.
        settings: of the run, but for its directory and how curves are drawn.
        data: what identifies the data.
        fingerprint: of stage, settings and data; equal ones are the same run.
        below: where the model that it began with lies as seen from the run, so that both may move together; None for a
            name on the Hub.
        versions: of the libraries.
        adapter: whether the weights are an adapter.
        sources: what it learns from, as it was when the run began; None in runs of the first release.
        origin: what it began with, as it was then; None in runs of the first release.
        metrics: see `RunResults`, as are the rest.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    stage: str
    finished: bool
    format: int = 1
    settings: dict[str, JsonValue] = {}
    data: JsonValue = None
    fingerprint: str = ""
    below: str | None = None
    versions: dict[str, str] = {}
    adapter: bool = False
    sources: list[SourceRecord] | None = None
    origin: Origin | None = None
    metrics: dict[str, JsonValue] = {}
    summary: dict[str, JsonValue] = {}
    held_out: dict[str, JsonValue] = {}
    counts: JsonValue = None
    offset: float = 0.0
    pad_token_id: int | None = None

    @classmethod
    def read(cls, root: Path) -> RunRecord:
        """Read the ``run.json`` of a directory.

        Raises:
            UsageError: there is none.
            DatasetError: it is damaged.
        """
        path = root / RUN_FILE
        try:
            return cls.model_validate(read_json(path))
        except FileNotFoundError:
            raise UsageError(f"{str(root)!r} is not a run directory: it has no {RUN_FILE}") from None
        except (OSError, ValueError) as error:
            reason = "" if isinstance(error, ValidationError) else f" ({type(error).__name__})"
            raise DatasetError(
                f"{str(path)!r} is damaged{reason}; train again into another out=, or choose another model"
            ) from error

    def write(self, root: Path) -> None:
        """Write ``run.json``, replacing an earlier one atomically.

        Raises:
            BuildError: it cannot be written.
        """
        path = root / RUN_FILE
        try:
            write_json(path, self.model_dump(exclude_unset=True), sort_keys=True)
        except OSError as error:
            raise BuildError(
                f"cannot write {str(path)!r}: {error.strerror}; free some disk space and run the same command"
            ) from error

    @property
    def model(self) -> str:
        """The model that the run began with, as its settings name it."""
        return str(self.settings.get("model", ""))

    @property
    def max_length(self) -> int | None:
        """Longest text of the run in tokens; None for a stage without the setting."""
        length = self.settings.get("max_length")
        return length if isinstance(length, int) else None

    @property
    def lora_rank(self) -> int | None:
        """Rank of the adapter; None if all weights are trained."""
        lora = self.settings.get("lora")
        if not isinstance(lora, dict):
            return None
        rank = lora.get("r", _LORA_RANK)
        return int(rank) if isinstance(rank, (int, float)) else _LORA_RANK

    @property
    def card_settings(self) -> dict[str, JsonValue]:
        """The settings that a model card names, those of the section ``training`` among them."""
        training = self.settings.get("training")
        flat = {**self.settings, **(training if isinstance(training, dict) else {})}
        return {name: flat[name] for name in CARD_SETTINGS if flat.get(name) is not None}

    @property
    def results(self) -> dict[str, float]:
        """Metrics and summary, without those that describe the machine instead of the model."""
        figures = sorted({**self.summary, **self.metrics}.items())
        return {
            name: value
            for name, value in figures
            if isinstance(value, float) and math.isfinite(value) and not any(speed in name for speed in _SPEEDS)
        }

    def weights_dir(self, root: Path) -> Path:
        """Return where the final weights of the run are: all of them, or the adapter."""
        return root / ("adapter" if self.adapter else "model")
