"""Short names of contents: equal ones for equal settings and files, others for others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

_SMALL: Final = 8_000_000


def fingerprint_value(value: Any) -> str:
    """Return 16 hex digits that change with any part of a plain value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint_path(path: Path) -> str:
    """Return 16 hex digits that change with the names and sizes, and for small files the bytes, under a path."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _counts(file))
    told = []
    for file in files:
        size = file.stat().st_size
        bytes_ = hashlib.sha256(file.read_bytes()).hexdigest() if size < _SMALL else ""
        told.append((str(file.relative_to(path.parent)), size, bytes_))
    return fingerprint_value(told)


def _counts(file: Path) -> bool:
    # Other programs that use `datasets` leave such files beside the data.
    return file.is_file() and not file.name.startswith("cache-")
