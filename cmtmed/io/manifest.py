"""The manifest: what a finished build was made from, with what, and what became of every record.

It holds nothing that depends on time or on the machine's speed: the same inputs and pipeline give the same
manifest. Times stand in the report.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError
from cmtmed.pipeline import Pipeline

FILE: Final = "manifest.json"
FORMAT: Final = "cmtmed.build"
VERSION: Final = 1

_HELD: Final = ("pipeline", "seed", "inputs", "versions", "counts", "drops", "quarantine", "views")

# Libraries whose version can change a row.
_LIBRARIES: Final = ("cmtmed", "datasketch", "jieba", "numpy", "opencc", "polars", "pyarrow", "selectolax")


def describe_inputs(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return path, size in bytes and SHA-256 of every input, in reading order."""
    described = []
    for file in files:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        described.append({"path": file.as_posix(), "bytes": file.stat().st_size, "sha256": digest})
    return described


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that can change a row."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            # Run from a source tree that was never installed; the package itself knows its version.
            from cmtmed._version import __version__

            found[name] = __version__
    return found


def manifest(
    pipeline: Pipeline,
    inputs: Sequence[Mapping[str, Any]],
    counts: Mapping[str, object],
    drops: Mapping[str, int],
    quarantine: Mapping[str, int],
    views: Mapping[str, Mapping[str, int]],
    files: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Put a manifest together.

    Args:
        pipeline: what was run.
        inputs: from `describe_inputs`.
        counts: ``read``, ``kept``, ``dropped``, ``quarantined``.
        drops: dropped dialogues by reason.
        quarantine: quarantined records by reason.
        views: rows by split, for each table written.
        files: ``path``, ``bytes`` and ``sha256`` of every Arrow file written.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "pipeline": {
            "name": pipeline.name,
            "fingerprint": pipeline.fingerprint(),
            "stages": [{stage.name(): stage.options()} for stage in pipeline.stages],
        },
        "seed": pipeline.seed,
        "inputs": list(inputs),
        "versions": versions(),
        "counts": dict(counts),
        "drops": dict(sorted(drops.items())),
        "quarantine": dict(sorted(quarantine.items())),
        "views": {name: dict(rows) for name, rows in sorted(views.items())},
        "files": list(files),
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a finished build.

    Raises:
        DatasetError: the folder holds no finished build.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(
            f"{str(folder)!r} holds no finished build: {FILE} is missing; run cmtmed build with --out {folder}"
        ) from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{str(path)!r} cannot be read ({type(error).__name__}); run cmtmed build again") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DatasetError(f"{str(path)!r} is not a manifest of cmtmed; give the directory of a build")
    if content.get("version") != VERSION:
        raise DatasetError(
            f"{str(path)!r} has version {content.get('version')!r}, this cmtmed reads {VERSION}; build it again"
        )
    missing = [name for name in _HELD if name not in content]
    if missing:
        raise DatasetError(f"{str(path)!r} is damaged: it lacks {', '.join(missing)}; run cmtmed build again")
    return content


def write_json(path: Path, content: object) -> None:
    """Write JSON that people can read, the same bytes for the same content."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
