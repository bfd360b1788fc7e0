"""Settings from a YAML file and ``key=value`` words of the command line, checked before anything heavy is loaded.

A key may have dots (``training.max_steps=10``, ``data.0.path=out/sft``); values are YAML. An unknown key is rejected
with the nearest name.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.resources import bundled
from cmtmed.training.run.settings import DataSource, Settings, reject_unknown_keys

_S = TypeVar("_S", bound=Settings)


def load_settings(settings_class: type[_S], stage: str, arguments: Sequence[str]) -> _S:
    """Read the settings of a run.

    Args:
        settings_class: of the stage.
        stage: names the bundled file that ``--config`` defaults to: ``trainers/sft.yaml``.
        arguments: the command line after the script: ``--config FILE`` and any number of ``key=value``.

    Raises:
        UsageError: a file cannot be read, a key is unknown or a value makes no sense.
    """
    words = list(arguments)
    path = bundled(f"trainers/{stage}.yaml")
    if words[:1] in (["-h"], ["--help"]):
        sys.stdout.write(_format_help(settings_class, stage) + "\n")
        raise SystemExit(0)
    assignments: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--config" or word.startswith("--config="):
            value = word.partition("=")[2] or (words.pop(0) if words else "")
            if not value:
                raise UsageError("--config needs a file")
            path = Path(value)
        else:
            assignments.append(word)
    content = _read_yaml(path)
    for word in assignments:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word!r} is not of the form key=value; settings look like training.max_steps=10")
        _assign(content, key.removeprefix("--"), value)
    return parse_settings(settings_class, content, str(path))


def parse_settings(settings_class: type[_S], content: Mapping[str, Any], origin: str) -> _S:
    """Validate settings that were read.

    Args:
        settings_class: of the stage.
        content: the settings.
        origin: what messages call the place that they come from.

    Raises:
        UsageError: a key is unknown or missing, or a value makes no sense.
    """
    reject_unknown_keys(content, settings_class.model_fields, origin)
    try:
        return settings_class.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(name) for name in first["loc"])
        if first["type"] == "extra_forbidden":
            name = str(first["loc"][-1])
            raise UsageError(f"{origin}: {key}: unknown key; {did_you_mean(name, DataSource.model_fields)}") from None
        if first["type"] == "list_type":
            raise UsageError(f"{origin}: {key} is a list; give {key}.0.path=…, or {key}=[{{path: …}}]") from None
        if first["type"] == "missing":
            raise UsageError(f"{origin}: {key} is not set; give it in the file or as {key}=…") from None
        raise UsageError(f"{origin}: {key or 'settings'}: {first['msg']}") from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the settings {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not YAML ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path}: contains a {type(content).__name__}; settings are a mapping of key: value")
    settings: dict[str, Any] = _parse_exponents(content)
    return settings


def _assign(content: dict[str, Any], key: str, text: str) -> None:
    """Set the value of a dotted key, creating the mappings and lists on the way."""
    try:
        value = _parse_exponents(yaml.safe_load(text))
    except yaml.YAMLError:
        value = text
    container: Any = content
    names = key.split(".")
    for name, following in pairwise(names):
        if isinstance(container, list):
            container = _get_item(container, name, key)
        else:
            if container.get(name) is None:
                container[name] = [] if following.isdecimal() else {}
            container = container[name]
        if not isinstance(container, (dict, list)):
            raise UsageError(f"{key}: {name} is a single value and has no {following!r}")
    last = names[-1]
    if isinstance(container, list):
        if last.isdecimal() and int(last) == len(container):
            container.append(value)
        else:
            _get_item(container, last, key)
            container[int(last)] = value
    else:
        container[last] = value


def _get_item(items: list[Any], index: str, key: str) -> Any:
    """Return an item of a list; the one behind the last is created."""
    if index.isdecimal() and int(index) == len(items):
        items.append({})
    if not index.isdecimal() or int(index) >= len(items):
        raise UsageError(f"{key}: there is no item {index!r}; items count from 0, and there are {len(items)}")
    return items[int(index)]


def _parse_exponents(value: Any) -> Any:
    """Turn 1e-4 into a number: YAML 1.1 asks for a dot in it and reads it as a string."""
    if isinstance(value, dict):
        return {key: _parse_exponents(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_parse_exponents(entry) for entry in value]
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _format_help(settings_class: type[Settings], stage: str) -> str:
    lines = [f"cmtmed train {stage} [--config FILE] [key=value …]", ""]
    for name, field in settings_class.model_fields.items():
        default = "required" if field.is_required() else f"default {field.default!r}"
        lines.append(f"  {name:<14} {field.description or ''} ({default})")
    lines += ["", f"Without --config the bundled trainers/{stage}.yaml is read."]
    return "\n".join(lines)
