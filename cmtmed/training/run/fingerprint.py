"""Fingerprints: short digests of settings and files, equal for equal content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from cmtmed.artifacts import hash_file

_SMALL: Final = 8_000_000
"""Bytes up to which a file's content counts and not only its size."""
_PATHS: Final = frozenset(("model", "path", "answers", "triples", "template"))
"""Settings that may hold a path."""


def fingerprint_value(value: object) -> str:
    """Return 16 hex digits that change with any part of a plain value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint_path(path: Path) -> str:
    """Return 16 hex digits that change with the names and sizes, and for small files the bytes, under a path."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _is_data(file))
    entries = []
    for file in files:
        size = file.stat().st_size
        entries.append((str(file.relative_to(path.parent)), size, hash_file(file) if size < _SMALL else ""))
    return fingerprint_value(entries)


def _is_data(file: Path) -> bool:
    # Other programs that use `datasets` leave cache files beside the data.
    return file.is_file() and not file.name.startswith("cache-")


def resolve_paths(value: object) -> object:
    """Return settings with paths that are the same wherever the command is given from, and however they are written."""
    if isinstance(value, list):
        return [resolve_paths(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(Path(entry).resolve())
        if key in _PATHS and isinstance(entry, str) and entry and Path(entry).exists()
        else resolve_paths(entry)
        for key, entry in value.items()
    }
