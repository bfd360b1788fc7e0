"""Locate the files shipped with the library: pipelines, trainers, schemas, examples.

In a checkout they are next to the package, where people look for them; in an installed wheel they are in
``cmtmed/_bundled``. Callers do not need to know which. (The module is not called ``bundled`` because importing it would
shadow the public function of that name.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cmtmed.errors import UsageError, did_you_mean

FOLDERS: Final = ("examples", "pipelines", "schemas", "trainers")


def resource_root() -> Path:
    """Return the directory that contains the bundled folders."""
    package = Path(__file__).resolve().parent
    checkout = package.parent
    # The parent of an installed package is site-packages, which has no pyproject.toml.
    return checkout if (checkout / "pyproject.toml").is_file() else package / "_bundled"


def bundled(path: str) -> Path:
    """Return the path of a bundled file or folder.

    Args:
        path: relative path with forward slashes, such as ``pipelines/cmtmedqa.yaml``.

    Raises:
        UsageError: no such file is bundled; the message gives the closest name.

    >>> bundled("pipelines/cmtmedqa.yaml").name
    'cmtmedqa.yaml'
    """
    base = resource_root()
    components = Path(path).parts
    if components and components[0] in FOLDERS and ".." not in components and (base / path).exists():
        return base / path
    paths = [
        str(file.relative_to(base))
        for folder in FOLDERS
        for file in (base / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    raise UsageError(f"no bundled file {path!r}; {did_you_mean(path, paths)}")
