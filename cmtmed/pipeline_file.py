"""Read pipeline files: YAML with unique keys, ``extends``, and ``options`` that override those of the base."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

import yaml
from typing_extensions import override

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.resources import bundled, resource_root


def locate_pipeline(name_or_path: str | Path) -> Path:
    """Return the path of a pipeline file, given its path or the name of a bundled pipeline.

    Raises:
        PipelineError: there is no such file or bundled pipeline.
    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise PipelineError(
                f"pipeline file {str(path)!r} does not exist; pass an existing path or the name of a bundled pipeline: "
                f"{', '.join(_list_bundled())}"
            )
        return path
    if str(name_or_path) not in _list_bundled():
        raise PipelineError(
            f"no bundled pipeline {str(name_or_path)!r}; {did_you_mean(str(name_or_path), _list_bundled())}"
        )
    return bundled(f"pipelines/{name_or_path}.yaml")


def _list_bundled() -> list[str]:
    return sorted(path.stem for path in (resource_root() / "pipelines").glob("*.yaml"))


class _UniqueKeys(yaml.SafeLoader):
    """A SafeLoader that rejects duplicate keys, because in plain YAML the last one silently wins."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                line = node.value[index][0].start_mark.line + 1
                raise PipelineError(f"line {line}: duplicate key {key!r}; remove one")
        return dict(super().construct_mapping(node, deep=deep))


def read_yaml(path: Path) -> Mapping[str, object]:
    """Read the mapping in a YAML file.

    Raises:
        PipelineError: the file is not UTF-8 or not YAML, contains something else, or repeats a key.
    """
    try:
        loader = _UniqueKeys(path.read_text(encoding="utf-8"))
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise PipelineError(f"{path.name}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    except PipelineError as error:
        raise PipelineError(f"{path.name}: {error}") from None
    except yaml.YAMLError as error:
        raise PipelineError(f"{path.name}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise PipelineError(f"{path.name}: got {type(content).__name__}, expected a mapping with 'name' and 'stages'")
    return content


def resolve_extends(content: Mapping[str, object], location: str) -> dict[str, object]:
    """Resolve ``extends: NAME`` and ``options: {stage: {option: value}}``.

    Args:
        content: content of a pipeline file.
        location: prefix of error messages.

    Returns:
        The content with the stages and fields of the base, and every stage as a mapping from its name to its options.

    Raises:
        PipelineError: the base does not exist, or an option belongs to a stage that the pipeline lacks.
    """
    merged = dict(content)
    base = merged.pop("extends", None)
    if base is not None:
        merged = {**resolve_extends(read_yaml(locate_pipeline(str(base))), str(base)), **merged}
    options = merged.pop("options", {})
    if not isinstance(options, dict):
        raise PipelineError(
            f"{location}: options: got {type(options).__name__}, expected a mapping from stage to options"
        )
    stages = [
        split_entry(entry, f"{location}: stages[{index}]")
        for index, entry in enumerate(get_list(merged, "stages", location))
    ]
    present = [name for name, _ in stages]
    for name in options:
        if name not in present:
            raise PipelineError(
                f"{location}: options: no stage {name!r} in this pipeline; {did_you_mean(name, present)}"
            )
    merged["stages"] = [{name: {**stage_options, **options.get(name, {})}} for name, stage_options in stages]
    return merged


def get_list(content: Mapping[str, object], key: str, location: str) -> list[object]:
    """Return the list under a key.

    Raises:
        PipelineError: the key is missing, or its value is not a list.
    """
    value = content.get(key)
    if not isinstance(value, list):
        raise PipelineError(f"{location}: {key}: got {type(value).__name__}, expected a list")
    return value


def split_entry(entry: object, location: str) -> tuple[str, dict[str, object]]:
    """Split ``merge_turns`` or ``merge_turns: {separator: " "}`` into name and options.

    Raises:
        PipelineError: the entry has another form.
    """
    if isinstance(entry, str):
        return entry, {}
    if isinstance(entry, dict) and len(entry) == 1:
        name, options = next(iter(entry.items()))
        if isinstance(options, dict) or options is None:
            return str(name), dict(options or {})
    raise PipelineError(f"{location}: expected 'stage' or 'stage: {{option: value}}', got {type(entry).__name__}")
