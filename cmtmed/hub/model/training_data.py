"""The builds that a model was trained on, located and checked: the model may reproduce their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cmtmed.anonymize.labels import find_identifying_labels
from cmtmed.artifacts import MANIFEST_FILE, hash_file
from cmtmed.audit.content import AuditContent
from cmtmed.builds import Build
from cmtmed.errors import UsageError
from cmtmed.hub.dataset.checks import check_training_build
from cmtmed.hub.dataset.configs import CONFIGS
from cmtmed.hub.dataset.label_scan import LabelScan, scan_labels
from cmtmed.hub.dataset.package import hash_tables
from cmtmed.hub.dataset.record import read_audit_content
from cmtmed.hub.gate import Acknowledgement, Finding
from cmtmed.hub.model.directory import ModelDirectory, file_exists
from cmtmed.hub.staging import compute_checksum
from cmtmed.models.record import SourceRecord, TrainingRecord


@dataclass(frozen=True)
class TrainingBuild:
    """A build that a model was trained on.

    Attributes:
        build: the build.
        audit: content of the audit of exactly these dialogues, None if there is none.
        labels: the scan of the columns beside the text.
        checksum: over its tables.
        findings: reasons not to publish a model of it, except licences.
    """

    build: Build
    audit: AuditContent | None
    labels: LabelScan
    checksum: str
    findings: tuple[Finding, ...]


def find_builds(
    directory: ModelDirectory, data: Sequence[Path], acknowledgement: Acknowledgement
) -> dict[str, TrainingBuild]:
    """Return the builds of a model's sources that still exist, by the SHA-256 of their manifests.

    Args:
        directory: the model.
        data: builds that its publisher names; others are looked for where they were.
        acknowledgement: what the publisher accepts.

    Raises:
        UsageError: a named directory is not a build, or not one that the model was trained on.
        DatasetError: a build is damaged.
    """
    expected = {source["build"]["manifest"] for source in _iter_sources(directory.training) if source["build"]}
    for path in data:
        key = _hash_manifest(path)
        if key is None:
            raise UsageError(f"--data {str(path)!r} is not a build, nor a view of one; give its directory")
        if key not in expected:
            raise UsageError(
                f"--data {str(path)!r} is not a build that {str(directory.root)!r} was trained on, or it was rebuilt "
                "since; give the one that was trained on"
            )
    builds: dict[str, TrainingBuild] = {}
    for path in (*data, *directory.source_paths):
        key = _hash_manifest(path)
        if key is not None and key in expected and key not in builds:
            folder = path.resolve()
            root = folder if (folder / MANIFEST_FILE).is_file() else folder.parent
            builds[key] = _open_build(root, acknowledgement)
    return builds


def check_sources(training: TrainingRecord, builds: Mapping[str, TrainingBuild]) -> Iterator[Finding]:
    """Yield a finding for every source of a model whose content is unknown here."""
    findings: dict[Finding, None] = {}
    for stage in training["stages"]:
        name = stage["stage"]
        if not stage["sources"]:
            reason = f"nothing records what the stage {name} was trained on"
            findings[Finding("data", reason, "train it again, or check yourself")] = None
        for source in stage["sources"]:
            build = source["build"]
            if build is None:
                reason = (
                    f"the stage {name} was trained on {source['name']!r}, which is not a build; its content is unknown"
                )
                way_out = "make a build of it and train on that, or check it yourself"
                findings[Finding("data", reason, way_out)] = None
            elif not build["whole"]:
                reason = (
                    f"the stage {name} was trained on tables of {build['pipeline']!r} that may differ from what the "
                    "build wrote"
                )
                findings[Finding("files", reason, "build again, and train on that")] = None
            elif build["manifest"] not in builds:
                reason = (
                    f"the build {build['pipeline']!r}, which the stage {name} was trained on, is not available here "
                    "as it was"
                )
                findings[Finding("builds", reason, "give its directory with --data")] = None
    yield from findings


def check_names(training: TrainingRecord) -> Iterator[Finding]:
    """Yield a finding if names that a card would show look like identifiers."""
    names = {name for source in _iter_sources(training) for name in _list_names(source)}
    count = len(find_identifying_labels(sorted(names)))
    if count:
        yield Finding(
            "anonymization",
            f"the names of {count:,} sources of the training look like identifiers",
            "rename them, or give the entries of data: another name, and train again",
        )


def _iter_sources(training: TrainingRecord) -> Iterator[SourceRecord]:
    for stage in training["stages"]:
        yield from stage["sources"]


def _list_names(source: SourceRecord) -> list[str]:
    return [source["name"], *([source["build"]["pipeline"]] if source["build"] else [])]


def _hash_manifest(path: Path) -> str | None:
    """Return the SHA-256 of the manifest of a build, or of the build that a view belongs to; None if there is none."""
    try:
        folder = path.resolve()
        for root in (folder, folder.parent):
            if file_exists(root / MANIFEST_FILE):
                return hash_file(root / MANIFEST_FILE)
    except (OSError, ValueError):
        pass  # not a valid file name
    return None


def _open_build(root: Path, acknowledgement: Acknowledgement) -> TrainingBuild:
    build = Build.open(root)
    labels = scan_labels(build, hashed_ids=True)
    files = hash_tables(build, [name for name in CONFIGS if (root / name).is_dir()])
    findings = check_training_build(build, files, labels, acknowledgement)
    return TrainingBuild(build, read_audit_content(root), labels, compute_checksum(files), tuple(findings))
