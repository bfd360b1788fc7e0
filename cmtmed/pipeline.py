"""A pipeline: which sources, which stages in which order, which views; read from YAML, checked before a row is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.resources import bundled, resource_root
from cmtmed.schema import DIALOGUE_VERSION, OFFSETS, READ
from cmtmed.source import Source
from cmtmed.stage import AnyStage
from cmtmed.stages import stage_class

_M = TypeVar("_M", bound=BaseModel)
VIEW_NAMES: Final = ("pretrain", "sft", "prompts")


class Views(BaseModel):
    """Which training tables a build writes, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[Literal["pretrain", "sft", "prompts"], ...] = Field(
        default=VIEW_NAMES, description="The views to write."
    )
    patient: str = Field(default="患者：", description="Stands before a patient's turn in the pretrain view.")
    doctor: str = Field(default="医生：", description="Stands before a doctor's turn in the pretrain view.")
    inquiry_weight: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Weight in the sft view of a doctor's turn that asks; other turns of the doctor weigh 1, the "
        "patient's 0.",
    )
    prompt_at: Literal["one", "first", "last", "every", "inquiry"] = Field(
        default="one",
        description="Where the prompts view cuts a dialogue: before its first, last or every doctor turn, before the "
        "first that asks (inquiry), or before one of them, chosen by a hash of the id so that all depths of "
        "conversation occur.",
    )


class Pipeline(BaseModel):
    """A validated pipeline. Two pipelines with the same fingerprint do the same to the same input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Names the build in its manifest.")
    description: str = Field(default="", description="One sentence for people.")
    seed: int = Field(default=0, description="Handed to every stage that has a seed and was given none.")
    sources: tuple[Source, ...] = Field(
        default=(Source(name="crawl"),),
        description="Which files hold what; the first source that takes a file and record wins.",
    )
    stages: tuple[SerializeAsAny[AnyStage], ...] = Field(description="What happens to the rows, in order.")
    views: Views = Field(default=Views(), description="What is written for the trainers.")

    @classmethod
    def load(cls, name_or_path: str | Path) -> Pipeline:
        """Load a bundled pipeline by name, or any by path.

        Args:
            name_or_path: ``"cmtmedqa"`` for ``pipelines/cmtmedqa.yaml``, or the path of a YAML file.

        Raises:
            PipelineError: the file is missing, is not YAML, or describes no valid pipeline; the message says
                where, what was found and what was meant.
        """
        path = _locate(name_or_path)
        return cls.parse(_read_yaml(path), where=path.name)

    @classmethod
    def parse(cls, content: Mapping[str, Any], *, where: str = "pipeline") -> Pipeline:
        """Build a pipeline from what its YAML file holds.

        Args:
            content: the parsed file.
            where: named in error messages.

        Raises:
            PipelineError: as in `load`.
        """
        content = _resolve_extends(content, where)
        try:
            stages = tuple(
                _create_stage(entry, content.get("seed", 0), f"{where}: stages[{place}]")
                for place, entry in enumerate(_get_list(content, "stages", where))
            )
            pipeline = _validate(cls, {**content, "stages": stages}, where)
            check_order(pipeline.stages)
        except PipelineError as error:
            raise error if str(error).startswith(where) else PipelineError(f"{where}: {error}") from None
        return pipeline

    def fingerprint(self) -> str:
        """Return 64 hex digits that change whenever the pipeline could treat a row differently."""
        told = self.model_dump(mode="json", exclude={"description", "stages"})
        told["stages"] = [{stage.name(): stage.options()} for stage in self.stages]
        told["schema"] = DIALOGUE_VERSION
        return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def check_order(stages: tuple[AnyStage, ...]) -> None:
    """Check that every stage finds what it reads, and that no stage silently breaks another's offsets.

    Raises:
        PipelineError: a stage reads a column that nobody wrote, edits the text after offsets into it were
            recorded, or stands in the pipeline twice.
    """
    written: dict[str, str] = dict.fromkeys((*READ, "drop_reason"), "the reader")
    seen: set[str] = set()
    for stage in stages:
        name = stage.name()
        if name in seen:
            raise PipelineError(f"stage {name!r} stands in the pipeline twice; remove one")
        seen.add(name)
        for column in stage.reads:
            if column not in written and column not in stage.writes:
                raise PipelineError(
                    f"stage {name!r} reads column {column!r}, which no stage before it writes; "
                    f"known so far: {', '.join(sorted(written))}"
                )
        if "messages" in stage.writes:
            for column in OFFSETS:
                if column in written and column not in stage.writes:
                    raise PipelineError(
                        f"stage {name!r} edits the text after {written[column]!r} recorded offsets into it "
                        f"({column}); put {name!r} before {written[column]!r}"
                    )
        written.update(dict.fromkeys(stage.writes, name))


def _locate(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise PipelineError(f"no pipeline file {str(path)!r}; give a path that exists or one of {_list_bundled()}")
        return path
    if str(name_or_path) not in _list_bundled():
        raise PipelineError(
            f"no bundled pipeline {str(name_or_path)!r}; {did_you_mean(str(name_or_path), _list_bundled())}"
        )
    return bundled(f"pipelines/{name_or_path}.yaml")


def _list_bundled() -> list[str]:
    return sorted(path.stem for path in (resource_root() / "pipelines").glob("*.yaml"))


class _UniqueKeys(yaml.SafeLoader):
    """YAML lets a repeated key silently replace the first one; a pipeline must not lose an option that way."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                line = node.value[place][0].start_mark.line + 1
                raise PipelineError(f"line {line}: key {key!r} stands twice; remove one")
        return dict(super().construct_mapping(node, deep=deep))


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 (a SafeLoader)
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path.name}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    except PipelineError as error:
        raise PipelineError(f"{path.name}: {error}") from None
    except yaml.YAMLError as error:
        raise PipelineError(f"{path.name}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise PipelineError(f"{path.name}: holds {type(content).__name__}, not a mapping with 'name' and 'stages'")
    return content


def _resolve_extends(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Resolve ``extends: NAME`` and ``options: {stage: {option: value}}``."""
    merged = dict(content)
    base = merged.pop("extends", None)
    if base is not None:
        merged = {**_resolve_extends(_read_yaml(_locate(base)), str(base)), **merged}
    options = merged.pop("options", {})
    if not isinstance(options, dict):
        raise PipelineError(f"{where}: options: got {type(options).__name__}, expected a mapping from stage to options")
    stages = [
        _split_entry(entry, f"{where}: stages[{place}]")
        for place, entry in enumerate(_get_list(merged, "stages", where))
    ]
    present = [name for name, _ in stages]
    for name in options:
        if name not in present:
            raise PipelineError(f"{where}: options: no stage {name!r} in this pipeline; {did_you_mean(name, present)}")
    merged["stages"] = [{name: {**given, **options.get(name, {})}} for name, given in stages]
    return merged


def _get_list(content: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = content.get(key)
    if not isinstance(value, list):
        raise PipelineError(f"{where}: {key}: got {type(value).__name__}, expected a list")
    return value


def _split_entry(entry: object, where: str) -> tuple[str, dict[str, Any]]:
    """Split ``merge_turns`` or ``merge_turns: {separator: " "}`` into name and options."""
    if isinstance(entry, str):
        return entry, {}
    if isinstance(entry, dict) and len(entry) == 1:
        name, options = next(iter(entry.items()))
        if isinstance(options, dict) or options is None:
            return str(name), dict(options or {})
    raise PipelineError(f"{where}: expected 'stage' or 'stage: {{option: value}}', got {type(entry).__name__}")


def _create_stage(entry: object, seed: object, where: str) -> AnyStage:
    name, options = _split_entry(entry, where)
    try:
        kind = stage_class(name)
    except PipelineError as error:
        raise PipelineError(f"{where}: {error}") from None
    if "seed" in kind.model_fields and "seed" not in options:
        options["seed"] = seed
    return _validate(kind, options, f"{where}: {name}")


def _validate(model: type[_M], content: Mapping[str, Any], where: str) -> _M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise PipelineError(f"{where}: {_explain_error(model, error)}") from None


def _explain_error(model: type[BaseModel], error: ValidationError) -> str:
    """Say in one line what is wrong: where, what was found, what was expected or meant."""
    first = error.errors()[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    if first["type"] == "extra_forbidden":
        wrong = str(first["loc"][-1])
        return f"unknown option {place!r}; {did_you_mean(wrong, _list_fields(model, first['loc'][:-1]))}"
    if first["type"] == "missing":
        return f"option {place!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    found = f" got {first['input']!r}:" if isinstance(first["input"], str | int | float | bool) else ""
    return f"{place}:{found} {message}" if place else message


def _list_fields(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """List the fields of the model that stands at ``path`` inside ``model``."""
    fields = model.model_fields
    for part in path:
        if isinstance(part, int) or part not in fields:
            continue
        inner = next((kind for kind in _find_models(fields[part].annotation)), None)
        if inner is not None:
            fields = inner.model_fields
    return list(fields)


def _find_models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for part in getattr(annotation, "__args__", ()) for kind in _find_models(part)]
