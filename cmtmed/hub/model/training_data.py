"""The builds that a model learnt from, found again and looked at: what they hold, it may give away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cmtmed.engine.report import read_report
from cmtmed.errors import UsageError
from cmtmed.hub.dataset.card import CONFIGS, build_files, checksum
from cmtmed.hub.dataset.label_scan import Survey, survey
from cmtmed.hub.gate import Acknowledged, Finding, inspect_taught
from cmtmed.hub.model.directory import Directory, is_file
from cmtmed.hub.record import audit_of
from cmtmed.io.manifest import read_manifest

_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Taught:
    """A build that a model learnt from.

    Attributes:
        root: where it is.
        manifest: of the build.
        report: of the build.
        audit: of these very dialogues, None if there is none.
        survey: what a look at the dialogues gave.
        checksum: over its tables.
        findings: what speaks against publishing a model of it, but for licences.
    """

    root: Path
    manifest: dict[str, Any]
    report: dict[str, Any]
    audit: dict[str, Any] | None
    survey: Survey
    checksum: str
    findings: tuple[Finding, ...]


def find_builds(directory: Directory, given: Sequence[Path], known: Acknowledged) -> dict[str, Taught]:
    """Return the builds of a model's sources that are still there, by the SHA-256 of their manifests.

    Args:
        directory: the model.
        given: builds that its publisher names; others are looked for where they were.
        known: what whoever publishes takes on.

    Raises:
        UsageError: a build that was named is none, or none that the model learnt from.
        DatasetError: a build is damaged.
    """
    wanted = {source["build"]["manifest"] for _, source in sources(directory.training) if source.get("build")}
    found: dict[str, Taught] = {}
    for place in given:
        key = _manifest_of(place)
        if key is None:
            raise UsageError(f"--data {str(place)!r} is no build, and no view of one; give its directory")
        if key not in wanted:
            raise UsageError(
                f"--data {str(place)!r} is no build that {str(directory.root)!r} learnt from, or it was built anew "
                "since; give the one that was trained on"
            )
    for place in (*given, *directory.places):
        key = _manifest_of(place)
        if key is not None and key in wanted and key not in found:
            whole = place.resolve()
            found[key] = _look(whole if (whole / _MANIFEST).is_file() else whole.parent, known)
    return found


def sources(training: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each stage's name with each of its sources."""
    for stage in training["stages"]:
        for source in stage["sources"]:
            yield stage["stage"], source


def unknown(training: Mapping[str, Any], found: Mapping[str, Taught]) -> Iterator[Finding]:
    """Yield a finding for every source of a model of which nobody can say here what it holds."""
    told: dict[Finding, None] = {}
    for stage in training["stages"]:
        name = stage["stage"]
        if not stage["sources"]:
            reason = f"nothing tells what the stage {name} learnt from"
            told[Finding("data", reason, "train it again, or look yourself")] = None
        for source in stage["sources"]:
            build = source["build"]
            if build is None:
                reason = (
                    f"the stage {name} learnt from {source['name']!r}, which is no build; what it holds is not known"
                )
                told[Finding("data", reason, "make a build of it and train on that, or look at it yourself")] = None
            elif not build["whole"]:
                reason = (
                    f"the stage {name} learnt from tables of {build['pipeline']!r} that may not be as it wrote them"
                )
                told[Finding("files", reason, "build again, and train on that")] = None
            elif build["manifest"] not in found:
                reason = f"the build {build['pipeline']!r}, which the stage {name} learnt from, is not here as it was"
                told[Finding("builds", reason, "give its directory with --data")] = None
    yield from told


def names_of(source: Mapping[str, Any]) -> list[str]:
    """Return the names of a source that a card tells."""
    return [source["name"], *([source["build"]["pipeline"]] if source["build"] else [])]


def _manifest_of(place: Path) -> str | None:
    """Return the SHA-256 of the manifest of a build, or of the build that a view is of; None if there is none."""
    try:
        whole = place.resolve()
        for folder in (whole, whole.parent):
            if is_file(folder / _MANIFEST):
                return hashlib.sha256((folder / _MANIFEST).read_bytes()).hexdigest()
    except (OSError, ValueError):
        pass  # no name that a file can have
    return None


def _look(root: Path, known: Acknowledged) -> Taught:
    manifest, report = read_manifest(root), read_report(root)
    looked = survey(root, hashed_ids=True)
    files = build_files(root, [name for name in CONFIGS if (root / name).is_dir()])
    findings = inspect_taught(root, manifest, report, files, looked, known)
    return Taught(root, manifest, report, audit_of(root), looked, checksum(files), tuple(findings))
