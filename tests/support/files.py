"""Files that tests write and read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_json_lines(path: Path, records: Iterable[Any]) -> Path:
    """Write one JSON value per line, and the folder if it is missing; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def list_files(folder: Path) -> list[Path]:
    """Return every file below a folder, in order of path."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def read_bytes(folder: Path) -> bytes:
    """Return the contents of every file below a folder, one after the other."""
    return b"\0".join(path.read_bytes() for path in list_files(folder))
