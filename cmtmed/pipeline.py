"""Pipeline definitions: sources, stages and views, loaded from YAML and validated before any row is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.pipeline_file import get_list, locate_pipeline, read_yaml, resolve_extends, split_entry
from cmtmed.schema import DIALOGUE_VERSION, OFFSETS, READ
from cmtmed.source import Source
from cmtmed.stage import AnyStage
from cmtmed.stages import stage_class

_M = TypeVar("_M", bound=BaseModel)
VIEW_NAMES: Final = ("pretrain", "sft", "prompts")


class Views(BaseModel):
    """The training tables that a build writes, and their options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[Literal["pretrain", "sft", "prompts"], ...] = Field(
        default=VIEW_NAMES, description="The views to write."
    )
    patient: str = Field(default="患者：", description="Prefix of a patient's turn in the pretrain view.")
    doctor: str = Field(default="医生：", description="Prefix of a doctor's turn in the pretrain view.")
    inquiry_weight: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Weight in the sft view of a doctor's turn with an inquiry; other doctor turns weigh 1, patient "
        "turns 0.",
    )
    prompt_at: Literal["one", "first", "last", "every", "inquiry"] = Field(
        default="one",
        description="Where the prompts view cuts a dialogue: before the first, the last or every doctor turn, before "
        "the first doctor turn with an inquiry (inquiry), or before one doctor turn chosen by a hash of the id, so "
        "that all conversation depths occur (one).",
    )


class Pipeline(BaseModel):
    """A validated pipeline. Pipelines with equal fingerprints produce equal results from equal inputs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the pipeline, recorded in the manifest of its builds.")
    description: str = Field(default="", description="One-sentence summary for readers.")
    seed: int = Field(default=0, description="Seed of every stage that takes one and does not set its own.")
    sources: tuple[Source, ...] = Field(
        default=(Source(name="crawl"),),
        description="The sources of the crawl; the first one that matches a file and its record wins.",
    )
    stages: tuple[SerializeAsAny[AnyStage], ...] = Field(description="The stages, in the order they are applied.")
    views: Views = Field(default=Views(), description="The tables written for the trainers.")

    @classmethod
    def load(cls, name_or_path: str | Path) -> Pipeline:
        """Load a bundled pipeline by name, or any pipeline by path.

        Args:
            name_or_path: ``"cmtmedqa"`` for ``pipelines/cmtmedqa.yaml``, or the path of a YAML file.

        Raises:
            PipelineError: the file is missing, is not YAML, or is not a valid pipeline; the message gives the
                location, the value found and the closest valid name.
        """
        path = locate_pipeline(name_or_path)
        return cls.parse(read_yaml(path), location=path.name)

    @classmethod
    def parse(cls, content: Mapping[str, object], *, location: str = "pipeline") -> Pipeline:
        """Create a pipeline from the content of a YAML file.

        Args:
            content: the parsed file.
            location: prefix of error messages, usually the file name.

        Raises:
            PipelineError: as in `load`.
        """
        content = resolve_extends(content, location)
        try:
            stages = tuple(
                _create_stage(entry, content.get("seed", 0), f"{location}: stages[{index}]")
                for index, entry in enumerate(get_list(content, "stages", location))
            )
            pipeline = _validate(cls, {**content, "stages": stages}, location)
            check_order(pipeline.stages)
        except PipelineError as error:
            raise error if str(error).startswith(location) else PipelineError(f"{location}: {error}") from None
        return pipeline

    def fingerprint(self) -> str:
        """Return a SHA-256 (64 hex digits) that changes whenever the pipeline could treat a row differently."""
        content = self.model_dump(mode="json", exclude={"description", "stages"})
        content["stages"] = [{stage.name(): stage.options()} for stage in self.stages]
        content["schema"] = DIALOGUE_VERSION
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def check_order(stages: tuple[AnyStage, ...]) -> None:
    """Check that the columns every stage reads are available, and that no stage invalidates recorded offsets.

    Raises:
        PipelineError: a stage reads a column that nothing has written, edits the text after offsets into it were
            recorded, or occurs twice.
    """
    writers: dict[str, str] = dict.fromkeys((*READ, "drop_reason"), "the reader")
    stage_names: set[str] = set()
    for stage in stages:
        name = stage.name()
        if name in stage_names:
            raise PipelineError(f"stage {name!r} occurs twice in the pipeline; remove one")
        stage_names.add(name)
        for column in stage.reads:
            if column not in writers and column not in stage.writes and column not in stage.optional:
                raise PipelineError(
                    f"stage {name!r} reads column {column!r}, which no earlier stage writes; "
                    f"available: {', '.join(sorted(writers))}"
                )
        if "messages" in stage.writes:
            for column in OFFSETS:
                if column in writers and column not in stage.writes:
                    raise PipelineError(
                        f"stage {name!r} edits the text after {writers[column]!r} recorded offsets into it "
                        f"({column}); move {name!r} before {writers[column]!r}"
                    )
        writers.update(dict.fromkeys(stage.writes, name))


def _create_stage(entry: object, seed: object, location: str) -> AnyStage:
    name, options = split_entry(entry, location)
    try:
        stage_type = stage_class(name)
    except PipelineError as error:
        raise PipelineError(f"{location}: {error}") from None
    if "seed" in stage_type.model_fields and "seed" not in options:
        options["seed"] = seed
    return _validate(stage_type, options, f"{location}: {name}")


def _validate(model: type[_M], content: Mapping[str, object], location: str) -> _M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise PipelineError(f"{location}: {_explain_error(model, error)}") from None


def _explain_error(model: type[BaseModel], error: ValidationError) -> str:
    """Format the first validation error in one line: path, value found, what was expected or likely meant."""
    first = error.errors()[0]
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"]).lstrip(".")
    if first["type"] == "extra_forbidden":
        option = str(first["loc"][-1])
        return f"unknown option {path!r}; {did_you_mean(option, _list_fields(model, first['loc'][:-1]))}"
    if first["type"] == "missing":
        return f"option {path!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    value = f" got {first['input']!r}:" if isinstance(first["input"], str | int | float | bool) else ""
    return f"{path}:{value} {message}" if path else message


def _list_fields(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """List the field names of the submodel at ``path`` within ``model``."""
    fields = model.model_fields
    for key in path:
        if isinstance(key, int) or key not in fields:
            continue
        model_type = next((submodel for submodel in _find_models(fields[key].annotation)), None)
        if model_type is not None:
            fields = model_type.model_fields
    return list(fields)


def _find_models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [submodel for argument in getattr(annotation, "__args__", ()) for submodel in _find_models(argument)]
