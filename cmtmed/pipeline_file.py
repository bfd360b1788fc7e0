"""Locate pipeline files and resolve them: ``extends``, and ``options`` that override those of the base."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.resources import bundled, resource_root
from cmtmed.validation import format_value
from cmtmed.yaml_files import read_yaml

KEYS: Final = ("description", "extends", "ids", "name", "options", "seed", "sources", "stages", "views")
"""Keys of a pipeline file."""
_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def locate_pipeline(name_or_path: str | Path, folder: Path | None = None) -> Path:
    """Return the path of a pipeline file, given its path or the name of a bundled pipeline.

    Args:
        name_or_path: a path that ends in ``.yaml`` or ``.yml``, or a name such as ``cmtmedqa`` or ``sources/meddg``.
        folder: where a relative path starts, if there is such a file; otherwise the current directory.

    Raises:
        PipelineError: there is no such file or bundled pipeline.
    """
    name, path = str(name_or_path), Path(name_or_path)
    if path.suffix.lower() not in _SUFFIXES:
        names = list_bundled()
        if name in names:
            return bundled(f"pipelines/{name}.yaml")
        if path.is_file():
            raise PipelineError(f"{name!r} does not end in .yaml; rename the pipeline file, or pass another")
        raise PipelineError(f"no bundled pipeline {name!r}; {did_you_mean(name, names)}")
    candidates = [path] if folder is None else [folder / path, path]
    existing = next((candidate for candidate in candidates if candidate.exists()), None)
    if existing is None:
        raise PipelineError(
            f"pipeline file {name!r} does not exist; pass an existing path or the name of a bundled pipeline: "
            f"{', '.join(list_bundled())}"
        )
    if existing.is_dir():
        raise PipelineError(f"{name!r} is a directory; pass a pipeline file inside it")
    return existing


def list_bundled() -> list[str]:
    """Return the names of the bundled pipelines, such as ``cmtmedqa`` and ``sources/meddg``."""
    folder = resource_root() / "pipelines"
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))


def resolve_extends(
    content: Mapping[str, object], location: str, path: Path | None = None, chain: tuple[Path, ...] = ()
) -> dict[str, object]:
    """Resolve ``extends: NAME`` and ``options: {stage: {option: value}}``.

    Args:
        content: content of a pipeline file.
        location: prefix of error messages.
        path: the file, if it is one; the path of a base is relative to its folder.
        chain: the files that extend this one.

    Returns:
        The content with the stages and fields of the base, and every stage as a mapping from its name to its options.

    Raises:
        PipelineError: the base does not exist or extends this file, or an option belongs to a stage that the pipeline
            lacks.
    """
    merged = dict(content)
    for key in merged:
        if isinstance(key, str) and key not in KEYS:
            raise PipelineError(f"{location}: unknown option {key!r}; {did_you_mean(key, KEYS)}")
    if "extends" in merged:
        base_path = _locate_base(merged.pop("extends"), location, path)
        chain = chain if path is None else (*chain, path.resolve())
        if base_path.resolve() in chain:
            names = [file.name for file in (*chain[chain.index(base_path.resolve()) :], base_path)]
            raise PipelineError(f"{location}: extends: {' extends '.join(names)}; a pipeline cannot extend itself")
        base = resolve_extends(read_yaml(base_path), base_path.name, base_path, chain)
        merged = {**base, **merged}
    options = merged.pop("options", None)
    options = {} if options is None else options
    if not isinstance(options, dict):
        raise PipelineError(
            f"{location}: options: got {format_value(options)}, expected a mapping from stage to options"
        )
    stages = [
        split_entry(entry, f"{location}: stages[{index}]")
        for index, entry in enumerate(get_list(merged, "stages", location))
    ]
    present = [name for name, _ in stages]
    for name, stage_options in options.items():
        if name not in present:
            suggestion = did_you_mean(str(name), present)
            raise PipelineError(f"{location}: options: no stage {format_value(name)} in this pipeline; {suggestion}")
        if not isinstance(stage_options, dict | None):
            raise PipelineError(
                f"{location}: options.{name}: got {format_value(stage_options)}, expected {{option: value}}"
            )
    merged["stages"] = [{name: {**stage_options, **(options.get(name) or {})}} for name, stage_options in stages]
    return merged


def _locate_base(base: object, location: str, path: Path | None) -> Path:
    if not isinstance(base, str) or not base:
        raise PipelineError(
            f"{location}: extends: got {format_value(base)}, expected the name of a bundled pipeline or a path; known: "
            f"{', '.join(list_bundled())}"
        )
    try:
        return locate_pipeline(base, None if path is None else path.parent)
    except PipelineError as error:
        raise PipelineError(f"{location}: extends: {error}") from None


def get_list(content: Mapping[str, object], key: str, location: str) -> list[object]:
    """Return the list under a key.

    Raises:
        PipelineError: the key is missing, or its value is not a list.
    """
    if key not in content:
        raise PipelineError(f"{location}: option {key!r} is missing; list them, or add 'extends: cmtmedqa'")
    value = content[key]
    if not isinstance(value, list):
        raise PipelineError(f"{location}: {key}: got {format_value(value)}, expected a list")
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
    raise PipelineError(f"{location}: expected 'stage' or 'stage: {{option: value}}', got {format_value(entry)}")
