"""Strict validation of what a pipeline file declares, with errors of one line.

YAML's own types are taken as they are: an unquoted ``no`` is no text, ``"2"`` is no number, and ``yes`` is no 1.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cmtmed.errors import PipelineError, did_you_mean

M = TypeVar("M", bound=BaseModel)
Path = tuple[int | str, ...]
"""Keys and indexes from the top of a file to a value."""

_LONGEST: Final = 60
"""Characters of a value that a message shows."""
_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "a text",
    "tuple_type": "a list, such as [a, b]",
    "dict_type": "a mapping, such as {a: b}",
    "model_type": "a mapping of options, such as {option: value}",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "none_required": "null",
}
"""What was expected, by pydantic's type of error."""


def validate(model: type[M], content: Mapping[str, object], location: str) -> M:
    """Create a model from the content of a YAML file.

    Args:
        model: the class.
        content: values as YAML gives them.
        location: prefix of error messages: the file, and the key path of ``content``.

    Raises:
        PipelineError: a value is missing, unknown, of another type or not allowed. The message gives the key path, the
            value found, and what is expected or likely meant.
    """
    try:
        # Through JSON, lists are tuples where a tuple is declared, and everything else is strict.
        return model.model_validate_json(json.dumps(to_json_values(content, location)), strict=True)
    except ValidationError as error:
        raise PipelineError(f"{location}: {_explain(model, content, error)}") from None


def to_json_values(content: object, location: str, path: Path = ()) -> object:
    """Return the content of a YAML file as JSON values.

    Raises:
        PipelineError: a key is no text, or a value has a type that JSON lacks, such as a date.
    """
    if content is None or isinstance(content, str | int | float | bool):
        return content
    if isinstance(content, Mapping):
        for key in content:
            if not isinstance(key, str):
                prefix = f"{format_path(path)}: " if path else ""
                raise PipelineError(f"{location}: {prefix}the key {format_value(key)} is no text; {_quote(key)}")
        return {key: to_json_values(value, location, (*path, key)) for key, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, bytes):
        return [to_json_values(value, location, (*path, index)) for index, value in enumerate(content)]
    raise PipelineError(f"{location}: {format_path(path)}: got {format_value(content)}; {_quote(content)}")


def format_path(path: Path) -> str:
    """Format a key path.

    >>> format_path(("sources", 0, "name"))
    'sources[0].name'
    """
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def format_value(value: object) -> str:
    """Format a value of a pipeline file in one short line, with its type where YAML hides it.

    >>> format_value(False), format_value(["a"]), format_value("x")
    ('false', 'the list ["a"]', "'x'")
    """
    if isinstance(value, str):
        return repr(_shorten(value))
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, dt.date):
        return f"the date {value}"
    if isinstance(value, Mapping | Sequence) and not isinstance(value, bytes):
        container = "mapping" if isinstance(value, Mapping) else "list"
        return f"the {container} {_shorten(json.dumps(value, ensure_ascii=False, default=str))}"
    return f"a value of type {type(value).__name__}"


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _quote(value: object) -> str:
    """Say how a value is written so that YAML reads a text."""
    if isinstance(value, bool):
        words = "yes, on or true" if value else "no, off or false"
        return f"YAML reads an unquoted {words} as {json.dumps(value)}: a text is written in quotes"
    if value is None:
        return "YAML reads nothing, ~ or an unquoted null as null: a text is written in quotes"
    return "a text is written in quotes"


def _explain(model: type[BaseModel], content: Mapping[str, object], error: ValidationError) -> str:
    """Explain the first error: path, value found, what was expected or likely meant."""
    problems = error.errors(include_url=False)
    first = problems[0]
    path = _clean_path(first, content)
    # A value that may be of several types gives an error for each; the one that lies deepest fits best.
    alternatives = [problem for problem in problems if _clean_path(problem, content)[: len(path)] == path]
    deepest = max(alternatives, key=lambda problem: len(_clean_path(problem, content)))
    if len(_clean_path(deepest, content)) > len(path):
        first, path, alternatives = deepest, _clean_path(deepest, content), [deepest]
    if first["type"] == "extra_forbidden":
        return _explain_unknown(model, path)
    if first["type"] == "missing":
        return f"option {format_path(path)!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    value = first["input"]
    expected = list(
        dict.fromkeys(_EXPECTED[problem["type"]] for problem in alternatives if problem["type"] in _EXPECTED)
    )
    if first["type"] in {"int_type", "float_type"}:
        expected = []  # pydantic's own message is as clear, and knows of limits
    if expected:
        message = f"expected {' or '.join(expected)}"
    if "a text" in expected and not isinstance(value, str | Mapping | list):
        message += f"; {_quote(value)}"
    if first["type"] == "literal_error" and isinstance(value, str):
        message += _suggest(value, str(first.get("ctx", {}).get("expected", "")))
    if not path:
        return message
    return f"{format_path(path)}: got {format_value(value)}: {message}"


def _clean_path(problem: ErrorDetails, content: object) -> Path:
    """Return the path of an error without what pydantic adds for unions and keys."""
    path: list[int | str] = []
    for key in problem["loc"]:
        child = _get_child(content, key)
        if child is not _ABSENT:
            content = child
        elif not (problem["type"] == "missing" and key == problem["loc"][-1]):
            continue
        path.append(key)
    return tuple(path)


_ABSENT: Final = object()


def _get_child(content: object, key: int | str) -> object:
    if isinstance(content, Mapping):
        return content.get(key, _ABSENT)
    is_index = isinstance(key, int) and isinstance(content, Sequence) and not isinstance(content, str)
    return content[key] if is_index and isinstance(content, Sequence) and isinstance(key, int) else _ABSENT


def _suggest(value: str, expected: str) -> str:
    choices = [choice.strip("' ") for choice in expected.replace(" or ", ", ").split(",")]
    closest = difflib.get_close_matches(value, choices, n=1)
    return f"; did you mean {closest[0]!r}?" if closest else ""


def _explain_unknown(model: type[BaseModel], path: Path) -> str:
    option = str(path[-1])
    level = _descend(model, path[:-1])
    names = list(level.model_fields)
    nested_names = [
        f"{name}.{option}"
        for name, field in level.model_fields.items()
        for submodel in _find_models(field.annotation)
        if option in submodel.model_fields
    ]
    suggestion = f"did you mean {nested_names[0]!r}?" if nested_names else did_you_mean(option, names)
    return f"unknown option {format_path(path)!r}; {suggestion}"


def _descend(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Return the submodel at ``path`` within ``model``."""
    for key in path:
        if isinstance(key, str) and key in model.model_fields:
            model = next(iter(_find_models(model.model_fields[key].annotation)), model)
    return model


def _find_models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [submodel for argument in getattr(annotation, "__args__", ()) for submodel in _find_models(argument)]
