"""The manifest: inputs, pipeline and library versions of a finished build, and what became of every record.

It contains nothing that depends on time or on the speed of the machine: the same inputs and pipeline give the same
manifest. Times are in the report. ``schemas/manifest.v1.json`` is generated from these classes.
"""

from __future__ import annotations

import platform
import reprlib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from cmtmed._version import __version__
from cmtmed.artifacts import (
    MANIFEST_FILE,
    MANIFEST_FORMAT,
    MANIFEST_VERSION,
    HashedFile,
    explain_unreadable,
    read_json,
    write_json,
)
from cmtmed.errors import DatasetError
from cmtmed.io.selection import Selection
from cmtmed.stages import STAGES, stage_class

M = TypeVar("M", bound=BaseModel)
_LIBRARIES: Final = ("cmtmed", "datasketch", "jieba", "numpy", "opencc", "polars", "pyarrow", "selectolax")

Count = Annotated[int, Field(ge=0)]
StageOptions = dict[str, Any]
"""Options of a stage by name. Their types are those that the class of the stage declares."""


class RecordCounts(TypedDict):
    """Records by outcome: ``read = kept + dropped + quarantined``."""

    read: Count
    kept: Count
    dropped: Count
    quarantined: Count


class CharacterCounts(TypedDict):
    """Characters that are no white space, by outcome: ``read = kept + dropped + left_out``.

    ``read`` counts the records that could be read; ``left_out`` is negative if more was added than left out.
    """

    read: int
    kept: Count
    dropped: Count
    left_out: int


class PipelineRecord(BaseModel):
    """The pipeline of a build."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of everything that can change a row.")
    stages: list[Annotated[dict[str, StageOptions], Field(min_length=1, max_length=1)]] = Field(
        description="In order; each stage by name, with its options."
    )


class HashedIds(BaseModel):
    """Ids that are keyed hashes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern="^[0-9a-f]{16}$", description="Digits that tell two keys apart and reveal neither.")


class Manifest(BaseModel):
    """What a finished build was made from and what became of every record. Holds nothing that depends on time."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="cmtmed manifest, version 1")

    format: Literal["cmtmed.build"] = MANIFEST_FORMAT
    version: Literal[1] = MANIFEST_VERSION
    pipeline: PipelineRecord
    seed: int
    proposed_sources: list[dict[str, Any]] = Field(
        default=[],
        description="Sources that the inspection proposed, and that were read by, for files in which names find no "
        "dialogue; as in a pipeline file.",
    )
    inputs: list[HashedFile] = Field(description="Files of the crawl, in reading order.")
    selection: Selection | None = Field(
        default=None, description="The records that were read, if the build does not hold the whole crawl."
    )
    ids: HashedIds | None = Field(default=None, description="How ids were hashed, if they were.")
    versions: dict[str, str] = Field(description="Versions of Python and of the libraries that can change a row.")
    counts: RecordCounts
    drops: dict[str, Count] = Field(description="Dropped dialogues by reason.")
    quarantine: dict[str, Count] = Field(description="Quarantined records by reason.")
    views: dict[str, dict[str, Count]] = Field(description="Rows by split, for each table written.")
    files: list[HashedFile] = Field(
        default=[], description="Every Arrow file of the build; absent from builds of earlier releases."
    )

    @property
    def options_by_stage(self) -> dict[str, StageOptions]:
        """Options of every stage by name, in pipeline order."""
        return merge_stages(self.pipeline.stages)

    def stage_options(self, name: str) -> StageOptions | None:
        """Return the options of a stage; None if the pipeline does not have the stage.

        Raises:
            DatasetError: an option has a value that the stage does not take.
        """
        options = self.options_by_stage.get(name)
        return None if options is None else _check_options(name, options)

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as JSON values."""
        content = self.model_dump(mode="json")
        if self.selection is None:
            del content["selection"]
        if self.ids is None:
            del content["ids"]
        if not self.proposed_sources:
            del content["proposed_sources"]
        return content

    def write(self, folder: Path) -> None:
        """Write ``manifest.json``."""
        write_json(folder / MANIFEST_FILE, self.to_dict())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a finished build.

        Raises:
            DatasetError: the folder contains no finished build, one of another version, or a damaged one.
        """
        path = folder / MANIFEST_FILE
        try:
            content = read_json(path)
        except FileNotFoundError:
            raise DatasetError(
                f"{str(folder)!r} holds no finished build: {MANIFEST_FILE} is missing; "
                f"run cmtmed build with --out {folder}"
            ) from None
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"{str(path)!r} cannot be read: {explain_unreadable(error)}; run cmtmed build again"
            ) from None
        if not isinstance(content, dict) or content.get("format") != MANIFEST_FORMAT:
            raise DatasetError(f"{str(path)!r} is not a manifest of cmtmed; pass the directory of a build")
        if content.get("version") != MANIFEST_VERSION:
            raise DatasetError(
                f"{str(path)!r} has version {reprlib.repr(content.get('version'))}, but this cmtmed reads version "
                f"{MANIFEST_VERSION}; run cmtmed build again"
            )
        return validate_artifact(cls, content, path)


def merge_stages(stages: Iterable[Mapping[str, StageOptions]]) -> dict[str, StageOptions]:
    """Return the options by stage, given a list of mappings with one stage each, as in ``manifest.json``."""
    return {name: options for stage in stages for name, options in stage.items()}


def _check_options(name: str, options: StageOptions) -> StageOptions:
    """Return the options of a stage if it takes their values; options that it no longer has may have any."""
    if name not in STAGES:
        return options
    stage_type = stage_class(name)
    try:
        stage_type.model_validate({key: value for key, value in options.items() if key in stage_type.model_fields})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        location = ".".join(map(str, (name, *first["loc"])))
        raise DatasetError(f"{MANIFEST_FILE} is damaged: {location}: {first['msg']}; run cmtmed build again") from None
    return options


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that can change a row."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            # Running from a source tree that was never installed.
            versions[name] = __version__
    return versions


def validate_artifact(model: type[M], content: object, path: Path) -> M:
    """Validate the content of a JSON file of a build.

    Raises:
        DatasetError: the file is damaged; the message names the missing fields, or the first invalid one.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        missing = [".".join(map(str, problem["loc"])) for problem in problems if problem["type"] == "missing"]
        first = problems[0]
        location = ".".join(map(str, first["loc"]))[:200]
        reason = f"it lacks {', '.join(missing)[:200]}" if missing else f"{location}: {first['msg']}"
        raise DatasetError(f"{str(path)!r} is damaged: {reason}; run cmtmed build again") from None
