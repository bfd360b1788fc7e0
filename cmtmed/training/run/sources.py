"""What a stage learns from, for its provenance: files, views, and the builds that they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import JsonValue

from cmtmed.artifacts import MANIFEST_FILE, MANIFEST_FORMAT, HashedFile, hash_file, read_json
from cmtmed.training.run.fingerprint import fingerprint_path
from cmtmed.training.run.record import BuildIdentity, SourceRecord
from cmtmed.training.run.settings import Settings

_VIEWS: Final = ("pretrain", "sft", "prompts")
"""Views that stages read."""
_LONGEST_NAME: Final = 200


class SourcePath(NamedTuple):
    """A path that a stage learns from, before it is looked at; see `SourceRecord`."""

    role: str
    name: str
    weight: float
    path: str


def describe_sources(settings: Settings) -> list[SourceRecord]:
    """Describe what a stage learns from; what it is only evaluated on is left out.

    Args:
        settings: of the stage; all paths exist.
    """
    return describe_paths(_list_paths(settings))


def describe_paths(paths: Iterable[SourcePath]) -> list[SourceRecord]:
    """Describe sources that are given by their paths."""
    return [
        {
            "role": source.role,
            "name": _clean_name(Path(source.path).resolve().name if source.name in {"", ".", ".."} else source.name),
            "weight": source.weight,
            "path": str(Path(source.path).resolve()),
            "content": fingerprint_path(Path(source.path)),
            "build": _identify_build(Path(source.path).resolve()),
        }
        for source in paths
    ]


def _list_paths(settings: Settings) -> Iterator[SourcePath]:
    for source in settings.sources:
        yield SourcePath("data", source.name or Path(source.path).name, source.weight, source.path)
        if source.answers_path:
            yield SourcePath("answers", Path(source.answers_path).name, source.weight, source.answers_path)


def _identify_build(path: Path) -> BuildIdentity | None:
    """Return which build a directory is, or is a view of; None if it is neither."""
    for root, views in ((path, _VIEWS), (path.parent, (path.name,))):
        file = root / MANIFEST_FILE
        if not path.is_dir() or not file.is_file():
            continue
        try:
            manifest = read_json(file)
            # Other programs use this file name, too, and a build holds other folders than views.
            if manifest["format"] != MANIFEST_FORMAT or not set(views) & set(manifest["views"]) & set(_VIEWS):
                continue
            files = manifest.get("files") or ()
            return {
                "manifest": hash_file(file),
                "pipeline": _clean_name(str(manifest["pipeline"]["name"])),
                "fingerprint": str(manifest["pipeline"]["fingerprint"]),
                "kept": int(manifest["counts"]["kept"]),
                "whole": all(_is_unchanged(root, view, files) for view in views if view in manifest["views"]),
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return None


def _is_unchanged(root: Path, view: str, files: Sequence[Mapping[str, JsonValue]]) -> bool:
    """Whether the tables of a view are those of the manifest, and whoever opens it reads them and no others."""
    folder = root / view
    listed = {file["path"]: file["sha256"] for file in files if str(file["path"]).startswith(f"{view}/")}
    hashed = [
        HashedFile.of(file, root)
        for file in folder.glob("*/*.arrow")
        if not file.name.startswith("cache-")  # what `datasets` leaves of a map, and reads for nothing else
    ]
    loaded = {
        f"{view}/{state.parent.name}/{entry['filename']}"
        for state in folder.glob("*/state.json")
        for entry in read_json(state)["_data_files"]
    }
    splits = set(read_json(folder / "dataset_dict.json")["splits"])
    # A table that was saved over the view lies beside its splits, and is what is opened then.
    overriding = [*folder.glob("state.json"), *folder.glob("*.arrow")]
    return (
        bool(listed)
        and listed == {file.path: file.sha256 for file in hashed}
        and loaded == set(listed)
        and splits == {Path(str(path)).parts[1] for path in listed}
        and not overriding
    )


def _clean_name(name: str) -> str:
    """Return a name that may stand in a card: one line, without path separators, of bounded length."""
    return re.sub(r"[/\\\x00-\x1f]", "-", name).encode(errors="replace").decode()[:_LONGEST_NAME]
