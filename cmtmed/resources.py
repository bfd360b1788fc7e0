"""Find the files that travel with the library: pipelines, trainers, schemas, examples.

In a checkout they stand beside the package, where people look for them; in an installed wheel they stand under
``cmtmed/_bundled``. Code asks here and need not know. (The module cannot be called ``bundled``: importing it would put
a module where the public face has the function.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cmtmed.errors import UsageError, did_you_mean

FOLDERS: Final = ("examples", "pipelines", "schemas", "trainers")


def resource_root() -> Path:
    """Return the directory that holds the bundled folders."""
    package = Path(__file__).resolve().parent
    checkout = package.parent
    # A wheel's parent is site-packages, which holds no pyproject.toml.
    return checkout if (checkout / "pyproject.toml").is_file() else package / "_bundled"


def bundled(path: str) -> Path:
    """Return the path of a bundled file or folder.

    Args:
        path: relative, ``/`` between its parts, such as ``pipelines/cmtmedqa.yaml``.

    Raises:
        UsageError: nothing of that name is bundled; the message gives the nearest name.

    >>> bundled("pipelines/cmtmedqa.yaml").name
    'cmtmedqa.yaml'
    """
    base = resource_root()
    parts = Path(path).parts
    if parts and parts[0] in FOLDERS and ".." not in parts and (base / path).exists():
        return base / path
    known = [
        str(file.relative_to(base))
        for folder in FOLDERS
        for file in (base / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    raise UsageError(f"nothing is bundled as {path!r}; {did_you_mean(path, known)}")
