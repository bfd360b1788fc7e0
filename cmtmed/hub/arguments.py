"""Validation of the arguments of `publish`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cmtmed.errors import UsageError

_EXTRAS: Final = ("altair", "huggingface_hub", "jinja2", "mlcroissant", "vl_convert")
_TAG: Final = re.compile(r"(?!(?:main|HEAD|[0-9a-f]{7,40}|.*\.lock|.*\.|.*\.\..*)$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What git allows and nobody takes for a branch or a commit."""
_REPO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def to_paths(paths: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    """Return paths as a tuple; a single one is accepted, too."""
    return (Path(paths),) if isinstance(paths, (str, Path)) else tuple(map(Path, paths))


def check_options(options: Mapping[str, object], *, applies_to: str, actual: str) -> None:
    """Refuse options that do not apply.

    Raises:
        UsageError: one of them is set.
    """
    names = [name for name, value in options.items() if not (value is None or value is False or value in ((), []))]
    if names:
        raise UsageError(f"{', '.join(names)}: only for {applies_to}, and this is {actual}; leave it out")


def check_names(repo: str, tag: str | None, gated: str | None) -> None:
    """Make sure that the names can be used on the Hub.

    Raises:
        UsageError: one cannot.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
        is_valid = _REPO.fullmatch(repo) is not None
    except HFValidationError:
        is_valid = False
    if not is_valid:
        raise UsageError(f"{repo!r} is not a repository name; give ORG/NAME of letters, digits, - _ and .")
    if tag is not None and not _TAG.fullmatch(tag):
        raise UsageError(f"{tag!r} cannot be a tag; give a name such as v1.0, of letters, digits, - _ and .")
    if gated not in {None, "auto", "manual"}:
        raise UsageError(f"gated is {gated!r}; give auto or manual")


def check_extras() -> None:
    """Make sure that the libraries of the extra ``hub`` are installed.

    Raises:
        UsageError: one is missing.
    """
    missing = [name for name in _EXTRAS if find_spec(name) is None]
    if missing:
        raise UsageError(f"publishing needs {', '.join(missing)}; pip install 'cmtmed[hub]'")
