"""Settings from a YAML file and ``key=value`` words of the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.resources import bundled
from cmtmed.training.run.settings import DataSource, Settings, reject_unknown_keys

_S = TypeVar("_S", bound="Settings")


def load_settings(kind: type[_S], stage: str, given: Sequence[str]) -> _S:
    """Read the settings of a run.

    Args:
        kind: the settings' class.
        stage: names the bundled file that ``--config`` defaults to: ``trainers/sft.yaml``.
        given: the command line after the script: ``--config FILE`` and any number of ``key=value``. A key may have
            dots (``training.max_steps=10``, ``data.0.path=out/sft``); values are YAML.

    Raises:
        UsageError: a file cannot be read, a key is unknown or a value makes no sense.
    """
    words = list(given)
    path = bundled(f"trainers/{stage}.yaml")
    if words[:1] in (["-h"], ["--help"]):
        sys.stdout.write(_help(kind, stage) + "\n")
        raise SystemExit(0)
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--config" or word.startswith("--config="):
            value = word.partition("=")[2] or (words.pop(0) if words else "")
            if not value:
                raise UsageError("--config needs a file")
            path = Path(value)
        else:
            rest.append(word)
    content = _read(path)
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word!r} is no key=value; settings look like training.max_steps=10")
        _set(content, key.removeprefix("--"), value)
    return parse_settings(kind, content, str(path))


def parse_settings(kind: type[_S], content: Mapping[str, Any], where: str) -> _S:
    """Check settings that were read.

    Raises:
        UsageError: a key is unknown or missing, or a value makes no sense.
    """
    reject_unknown_keys(content, kind.model_fields, where)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            name = str(first["loc"][-1])
            raise UsageError(f"{where}: {place}: unknown key; {did_you_mean(name, DataSource.model_fields)}") from None
        if first["type"] == "list_type":
            raise UsageError(f"{where}: {place} is a list; give {place}.0.path=…, or {place}=[{{path: …}}]") from None
        if first["type"] == "missing":
            raise UsageError(f"{where}: {place} is not set; give it in the file or as {place}=…") from None
        raise UsageError(f"{where}: {place or 'settings'}: {first['msg']}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the settings {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not YAML ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path}: holds {type(content).__name__}; settings are a mapping of key: value")
    numbers: dict[str, Any] = _numbers(content)
    return numbers


def _set(content: dict[str, Any], key: str, text: str) -> None:
    try:
        value = _numbers(yaml.safe_load(text))
    except yaml.YAMLError:
        value = text
    at: Any = content
    *parents, last = key.split(".")
    for place, part in enumerate(parents):
        following = [*parents, last][place + 1]
        if isinstance(at, list):
            at = _item(at, part, key)
        else:
            if at.get(part) is None:
                at[part] = [] if following.isdecimal() else {}
            at = at[part]
        if not isinstance(at, (dict, list)):
            raise UsageError(f"{key}: {part} is a single value and holds no {following!r}")
    if isinstance(at, list):
        if last.isdecimal() and int(last) == len(at):
            at.append(value)
        else:
            _item(at, last, key)
            at[int(last)] = value
    else:
        at[last] = value


def _item(at: list[Any], part: str, key: str) -> Any:
    if part.isdecimal() and int(part) == len(at):
        at.append({})
    if not part.isdecimal() or int(part) >= len(at):
        raise UsageError(f"{key}: there is no item {part!r}; items count from 0, and there are {len(at)}")
    return at[int(part)]


def _numbers(value: Any) -> Any:
    """Turn 1e-4 into a number: YAML 1.1 asks for a dot in it and takes it for a word."""
    if isinstance(value, dict):
        return {key: _numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _help(kind: type[Settings], stage: str) -> str:
    lines = [f"cmtmed train {stage} [--config FILE] [key=value …]", ""]
    for name, field in kind.model_fields.items():
        default = "required" if field.is_required() else f"default {field.default!r}"
        lines.append(f"  {name:<14} {field.description or ''} ({default})")
    lines += ["", f"Without --config the bundled trainers/{stage}.yaml is read."]
    return "\n".join(lines)
