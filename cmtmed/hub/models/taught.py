"""The builds that a model learnt from, found again and looked at: what they hold, it may give away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cmtmed.engine.report import read_report
from cmtmed.errors import UsageError
from cmtmed.hub.facts import CONFIGS, build_files, checksum
from cmtmed.hub.gate import Acknowledged, Finding, inspect_taught
from cmtmed.hub.models.directory import Directory
from cmtmed.hub.record import audit_of
from cmtmed.hub.survey import Survey, survey
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
            found[key] = _look(place if (place / _MANIFEST).is_file() else place.parent, known)
    return found


def sources(training: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each stage's name with each of its sources."""
    for stage in training["stages"]:
        for source in stage["sources"]:
            yield stage["stage"], source


def unknown(training: Mapping[str, Any], found: Mapping[str, Taught]) -> Iterator[Finding]:
    """Yield a finding for every source of a model of which nobody can say here what it holds."""
    for stage in training["stages"]:
        if not stage["sources"]:
            yield Finding(
                "data",
                f"nothing tells what the stage {stage['stage']} learnt from: an earlier cmtmed trained it",
                "train it again, or look yourself",
            )
    for stage, source in dict.fromkeys((name, _told(one)) for name, one in sources(training)):
        what, manifest = source
        if manifest is None:
            yield Finding(
                "data",
                f"the stage {stage} learnt from {what!r}, which is no build, so nobody knows whom it speaks of",
                "make a build of it and train on that, or look at it yourself",
            )
        elif manifest not in found:
            yield Finding(
                "data",
                f"the stage {stage} learnt from a build of the pipeline {what!r} that is not here any more as it was",
                "give its directory with --data",
            )


def _told(source: Mapping[str, Any]) -> tuple[str, str | None]:
    build = source.get("build")
    return (build["pipeline"], build["manifest"]) if build else (source["name"], None)


def _manifest_of(place: Path) -> str | None:
    """Return the SHA-256 of the manifest of a build, or of the build that a view is of; None if there is none."""
    for folder in (place, place.parent):
        if (folder / _MANIFEST).is_file():
            return hashlib.sha256((folder / _MANIFEST).read_bytes()).hexdigest()
    return None


def _look(root: Path, known: Acknowledged) -> Taught:
    manifest, report = read_manifest(root), read_report(root)
    looked = survey(root, hashed_ids=True)
    files = build_files(root, [name for name in CONFIGS if (root / name).is_dir()])
    findings = inspect_taught(root, manifest, report, files, looked, known)
    return Taught(root, manifest, report, audit_of(root), looked, checksum(files), tuple(findings))
