"""Read YAML written by hand: unique keys, a limited size, and errors of one line that name the next step."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Final

import yaml
from typing_extensions import override

from cmtmed.errors import PipelineError
from cmtmed.validation import format_value

MAX_BYTES: Final = 2**20
"""Size of the largest pipeline file; a larger one is a crawl given in its place."""
MAX_NODES: Final = 100_000
"""Values in a pipeline file, each alias counted as what it stands for."""


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
        finding = "the file is empty" if content is None else f"got {format_value(content)}"
        raise PipelineError(f"{path.name}: {finding}: expected a mapping with 'name', and 'stages' or 'extends'")
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
    position = f"line {mark.line + 1}, column {mark.column + 1}"
    if "another document" in problem:
        return f"not valid YAML: {position}: a second document begins; keep one, and remove the line ---"
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
    return f"not valid YAML: {position}: {problem}; {hint}"
