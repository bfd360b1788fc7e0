"""Read pipeline files: YAML with unique keys, ``extends``, and ``options`` that override those of the base."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Final

import yaml
from typing_extensions import override

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.resources import bundled, resource_root
from cmtmed.validation import format_value

MAX_BYTES: Final = 2**20
"""Size of the largest pipeline file; a larger one is a crawl given in its place."""
MAX_NODES: Final = 100_000
"""Values in a pipeline file, each alias counted as what it stands for."""
KEYS: Final = ("description", "extends", "name", "options", "seed", "sources", "stages", "views")
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


class _UniqueKeys(yaml.SafeLoader):
    """A SafeLoader that rejects duplicate keys, because in plain YAML the last one silently wins."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        lines: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable):
                raise PipelineError(f"line {line}: a key is {format_value(key)}; write a text as the key")
            if key in lines:
                raise PipelineError(
                    f"line {line}: duplicate key {format_value(key)}, first in line {lines[key]}; remove one"
                )
            lines[key] = line
        return dict(super().construct_mapping(node, deep=deep))


def read_yaml(path: Path) -> Mapping[str, object]:
    """Read the mapping in a YAML file.

    Raises:
        PipelineError: the file cannot be read, is not UTF-8 or not YAML, contains something else, repeats a key, or
            nests or repeats values without end.
    """
    try:
        content = _parse_yaml(_read_text(path))
    except PipelineError as error:
        raise PipelineError(f"{path.name}: {error}") from None
    except yaml.YAMLError as error:
        raise PipelineError(f"{path.name}: {_explain_yaml_error(error)}") from None
    except RecursionError:
        raise PipelineError(f"{path.name}: nested too deeply; a pipeline needs six levels at most") from None
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise PipelineError(
            f"{path.name}: not valid YAML: a date or number that cannot exist ({reason}); write it in quotes"
        ) from None
    if not isinstance(content, dict):
        what = "the file is empty" if content is None else f"got {format_value(content)}"
        raise PipelineError(f"{path.name}: {what}: expected a mapping with 'name', and 'stages' or 'extends'")
    return content


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PipelineError(f"{size:,} bytes are too many for a pipeline; pass the crawl as an input instead")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PipelineError(f"not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    except OSError as error:
        raise PipelineError(f"cannot be read: {error.strerror}; check the path and its permissions") from None


def _parse_yaml(text: str) -> object:
    loader = _UniqueKeys(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _count_nodes(node, {}, set())
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _count_nodes(node: yaml.Node, counts: dict[int, int], open_nodes: set[int]) -> int:
    """Return the number of values in a node, with each alias counted as what it stands for.

    Raises:
        PipelineError: there are too many, or an alias stands for something that contains it.
    """
    key = id(node)
    if key in open_nodes:
        raise PipelineError(f"line {node.start_mark.line + 1}: an anchor contains an alias of itself; write it out")
    if key not in counts:
        open_nodes.add(key)
        children = [child for pair in node.value for child in pair] if isinstance(node, yaml.MappingNode) else []
        children += node.value if isinstance(node, yaml.SequenceNode) else []
        counts[key] = 1 + sum(_count_nodes(child, counts, open_nodes) for child in children)
        open_nodes.remove(key)
    if counts[key] > MAX_NODES:
        raise PipelineError(f"more than {MAX_NODES:,} values, aliases included; write fewer aliases")
    return counts[key]


def _explain_yaml_error(error: yaml.YAMLError) -> str:
    """Explain in one line where a file is not YAML, and what is usually meant."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or problem is None:
        return f"not valid YAML: {' '.join(str(error).split())}; save the file as plain text"
    problem = " ".join(str(problem).split())
    place = f"line {mark.line + 1}, column {mark.column + 1}"
    if "another document" in problem:
        return f"not valid YAML: {place}: a second document begins; keep one, and remove the line ---"
    hints = {
        r"'\t'": "indent with spaces, not with tabs",
        "'@'": "a text that begins with @ is written in quotes",
        "'`'": "a text that begins with ` is written in quotes",
        "'%'": "a text that begins with % is written in quotes",
        "alphabetic or numeric": "a text that begins with * or & is written in quotes",
        "undefined alias": "a text that begins with * is written in quotes",
        "mapping values are not allowed": "a text that contains a colon and a space is written in quotes",
        "escape": "a regular expression is written in single quotes",
        "could not determine a constructor": "a text that begins with ! is written in quotes",
    }
    hint = next((hint for sign, hint in hints.items() if sign in problem), "check the indentation and the brackets")
    return f"not valid YAML: {place}: {problem}; {hint}"


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
