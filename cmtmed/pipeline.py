"""Pipeline definitions: sources, stages and views, loaded from YAML and validated before any row is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, field_validator

from cmtmed.errors import PipelineError
from cmtmed.pipeline_file import get_list, locate_pipeline, resolve_extends, split_entry
from cmtmed.schema import DIALOGUE_VERSION, OFFSETS, READ, Role
from cmtmed.source import Source
from cmtmed.source_checks import check_sources
from cmtmed.stage import AnyStage
from cmtmed.stages import stage_class
from cmtmed.validation import validate
from cmtmed.yaml_files import read_yaml

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


class Settings(BaseModel):
    """What a pipeline declares besides its stages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="Name of the pipeline, recorded in the manifest of its builds.")
    description: str = Field(default="", description="One-sentence summary for readers.")
    seed: int = Field(default=0, description="Seed of every stage that takes one and does not set its own.")
    ids: Literal["source", "hash"] = Field(
        default="source",
        description="What ids are: ``source``, the name of the source and the record's own id or number; or ``hash``, "
        "keyed hashes of these, under the secret key in the environment variable CMTMED_KEY (16 characters or more).",
    )
    sources: tuple[Source, ...] = Field(
        default=(Source(name="crawl"),),
        description="The sources of the crawl; the first one that matches a file and its record wins.",
    )
    views: Views = Field(default=Views(), description="The tables written for the trainers.")


class Pipeline(Settings):
    """A validated pipeline. Pipelines with equal fingerprints produce equal results from equal inputs."""

    stages: tuple[SerializeAsAny[AnyStage], ...] = Field(description="The stages, in the order they are applied.")

    @field_validator("stages")
    @classmethod
    def _pass_roles(cls, stages: tuple[AnyStage, ...], info: ValidationInfo) -> tuple[AnyStage, ...]:
        """Give the speakers' names that the sources declare to stages that take some and set none."""
        roles: dict[str, dict[Role, tuple[str, ...]]] = {}
        for source in info.data.get("sources", ()):
            for role, names in source.roles.items():
                declared = roles.setdefault(source.name, {})
                declared[role] = (*declared.get(role, ()), *names)
        return tuple(
            stage.model_copy(update={"roles": roles})
            if roles and "roles" in type(stage).model_fields and "roles" not in stage.model_fields_set
            else stage
            for stage in stages
        )

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
        return cls.parse(read_yaml(path), location=path.name, path=path)

    @classmethod
    def parse(cls, content: Mapping[str, object], *, location: str = "pipeline", path: Path | None = None) -> Pipeline:
        """Create a pipeline from the content of a YAML file.

        Args:
            content: the parsed file.
            location: prefix of error messages, usually the file name.
            path: the file, if there is one; what it extends is looked for beside it.

        Raises:
            PipelineError: as in `load`.
        """
        declared = content.get("options")
        overridden = declared if isinstance(declared, dict) else {}
        content = resolve_extends(content, location, path)
        entries = get_list(content, "stages", location)
        settings = validate(Settings, {key: value for key, value in content.items() if key != "stages"}, location)
        stages = []
        for index, entry in enumerate(entries):
            name, options = split_entry(entry, f"{location}: stages[{index}]")
            key = "options" if name in overridden else f"stages[{index}]"
            stages.append(_create_stage(name, options, settings.seed, f"{location}: {key}"))
        try:
            check_sources(settings.sources)
            check_order(tuple(stages))
        except PipelineError as error:
            raise PipelineError(f"{location}: {error}") from None
        return cls(**dict(settings), stages=tuple(stages))

    def with_sources(self, sources: Sequence[Source]) -> Pipeline:
        """Return the pipeline with other sources; stages that take the speakers' names of the sources get theirs."""
        return Pipeline(**{**dict(self), "sources": tuple(sources)})

    def fingerprint(self) -> str:
        """Return a SHA-256 (64 hex digits) that changes whenever the pipeline could treat a row differently."""
        content = self.model_dump(mode="json", exclude={"description", "stages"})
        if self.ids == "source":
            # As it was before there was a choice.
            del content["ids"]
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


def _create_stage(name: str, options: dict[str, object], seed: int, location: str) -> AnyStage:
    try:
        stage_type = stage_class(name)
    except PipelineError as error:
        raise PipelineError(f"{location}: {error}") from None
    if "seed" in stage_type.model_fields and "seed" not in options:
        options["seed"] = seed
    return validate(stage_type, options, f"{location}: {name}")
