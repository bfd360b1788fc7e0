"""What a stage learns from: files, views and the builds that these are of."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cmtmed.training.run.fingerprint import fingerprint_path
from cmtmed.training.run.settings import Settings

_MANIFEST: Final = "manifest.json"
_FORMAT: Final = "cmtmed.build"
_LEARNT: Final = ("pretrain", "sft", "prompts")
"""Views that stages read."""


def describe_sources(settings: Settings) -> list[dict[str, Any]]:
    """Return what a stage learns from, as plain JSON values; what it is only measured on is left out.

    Args:
        settings: of the stage; all paths exist.

    Returns:
        For each source ``role``, ``name``, ``weight``, ``path``, ``content`` (changes with its files) and ``build``: of
        a build or a view of one the SHA-256 of its manifest, its pipeline, how many dialogues it kept, and whether its
        views were as it wrote them (``whole``); else None.
    """
    return describe_paths(_paths(settings))


def describe_paths(paths: Iterable[tuple[str, str, float, str]]) -> list[dict[str, Any]]:
    """Return sources that are given as role, name, weight and path."""
    return [
        {
            "role": role,
            "name": _tidy(Path(path).resolve().name if name in {"", ".", ".."} else name),
            "weight": weight,
            "path": str(Path(path).resolve()),
            "content": fingerprint_path(Path(path)),
            "build": _build(Path(path).resolve()),
        }
        for role, name, weight, path in paths
    ]


def _paths(settings: Settings) -> Iterator[tuple[str, str, float, str]]:
    for part in getattr(settings, "data", ()):
        yield "data", part.name or Path(part.path).name, part.weight, part.path
        if getattr(part, "answers", ""):
            yield "answers", Path(part.answers).name, part.weight, part.answers


def _build(path: Path) -> dict[str, Any] | None:
    """Return which build a directory is, or is a view of; None if it is neither."""
    for root, views in ((path, _LEARNT), (path.parent, (path.name,))):
        manifest = root / _MANIFEST
        if not path.is_dir() or not manifest.is_file():
            continue
        try:
            data = manifest.read_bytes()
            told = json.loads(data)
            # Others call a file so, too, and other things lie in a build.
            if told["format"] != _FORMAT or not set(views) & set(told["views"]) & set(_LEARNT):
                continue
            return {
                "manifest": hashlib.sha256(data).hexdigest(),
                "pipeline": _tidy(str(told["pipeline"]["name"])),
                "fingerprint": str(told["pipeline"]["fingerprint"]),
                "kept": int(told["counts"]["kept"]),
                "whole": all(_as_built(root, view, told.get("files") or ()) for view in views if view in told["views"]),
            }
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return None


def _as_built(root: Path, view: str, files: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether the tables of a view are those of the manifest, and whoever opens it reads them and no others."""
    folder = root / view
    told = {one["path"]: one["sha256"] for one in files if str(one["path"]).startswith(f"{view}/")}
    there = {}
    for file in folder.glob("*/*.arrow"):
        if file.name.startswith("cache-"):
            continue  # what `datasets` leaves of a map, and reads for nothing else
        with file.open("rb") as stream:
            there[file.relative_to(root).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    read = {
        f"{view}/{state.parent.name}/{one['filename']}"
        for state in folder.glob("*/state.json")
        for one in json.loads(state.read_text(encoding="utf-8"))["_data_files"]
    }
    splits = set(json.loads((folder / "dataset_dict.json").read_text(encoding="utf-8"))["splits"])
    # A table that was saved over the view lies beside its splits, and is what is opened then.
    over = [*folder.glob("state.json"), *folder.glob("*.arrow")]
    return (
        bool(told)
        and told == there
        and read == set(told)
        and splits == {Path(one).parts[1] for one in told}
        and not over
    )


def _tidy(name: str) -> str:
    """Return a name that may stand in a card: one line, without what parts paths, of a decent length."""
    return re.sub(r"[/\\\x00-\x1f]", "-", name).encode(errors="replace").decode()[:200]
