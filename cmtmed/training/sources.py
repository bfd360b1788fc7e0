"""What a stage learns from: files, views and the builds that these are of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError
from cmtmed.training.fingerprint import fingerprint_of_path
from cmtmed.training.settings import Settings

_MANIFEST: Final = "manifest.json"


def sources(settings: Settings) -> list[dict[str, Any]]:
    """Return what a stage learns from, as plain JSON values; what it is only measured on is left out.

    Args:
        settings: of the stage; all paths exist.

    Returns:
        For each source ``role``, ``name``, ``weight``, ``path``, ``content`` (changes with its files) and ``build``: of
        a build or a view of one the SHA-256 of its manifest, its pipeline and how many dialogues it kept; else None.
    """
    return [
        {
            "role": role,
            "name": name,
            "weight": weight,
            "path": str(Path(path).resolve()),
            "content": fingerprint_of_path(Path(path)),
            "build": _build(Path(path)),
        }
        for role, name, weight, path in _paths(settings)
    ]


def _paths(settings: Settings) -> Iterator[tuple[str, str, float, str]]:
    for part in getattr(settings, "data", ()):
        yield "data", part.name or Path(part.path).name, part.weight, part.path
        if getattr(part, "answers", ""):
            yield "answers", Path(part.answers).name, part.weight, part.answers


def _build(path: Path) -> dict[str, Any] | None:
    """Return which build a path is, or is a view of."""
    found = next((one for one in (path, path.parent) if (one / _MANIFEST).is_file()), None)
    if found is None or not path.is_dir():
        return None
    data = (found / _MANIFEST).read_bytes()
    try:
        told = json.loads(data)
        return {
            "manifest": hashlib.sha256(data).hexdigest(),
            "pipeline": told["pipeline"]["name"],
            "fingerprint": told["pipeline"]["fingerprint"],
            "kept": told["counts"]["kept"],
        }
    except (ValueError, KeyError, TypeError):
        raise DatasetError(f"{str(found / _MANIFEST)!r} is damaged; run cmtmed build again") from None
