"""``cmtmed.json`` of a model: the figures of a published version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cmtmed.hub.gate import Finding
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.training_data import TrainingBuild
from cmtmed.hub.record import RECORD_VERSION
from cmtmed.hub.staging import PublishedFile, Version
from cmtmed.models.record import TrainingRecord


def create_record(
    version: Version,
    files: Sequence[PublishedFile],
    details: ModelDetails,
    training: TrainingRecord,
    builds: Sequence[TrainingBuild],
    base: str,
    overridden: Sequence[Finding],
) -> dict[str, Any]:
    """Create the record of a version; nothing in it depends on the machine that published.

    Args:
        version: which version it is.
        files: all of its files except the card and the record itself.
        details: what people wrote.
        training: content of ``training.json``.
        builds: builds that it was trained on.
        base: name of the base model on the Hub, empty if it has none.
        overridden: findings that the publisher overrode.
    """
    return {
        "format": "cmtmed.model",
        "version": RECORD_VERSION,
        "repo": version.repo,
        "tag": version.tag,
        "checksum": version.checksum,
        "kind": training["kind"],
        "adapter": training["adapter"],
        "base": {"name": base, "license": details.base_license or ""},
        "license": details.license or "",
        "stages": training["stages"],
        "builds": [
            {
                "pipeline": training_build.build.manifest.pipeline.name,
                "fingerprint": training_build.build.manifest.pipeline.fingerprint,
                "checksum": training_build.checksum,
                "counts": dict(training_build.build.manifest.counts),
                "licenses": training_build.labels.known_licenses,
                "residual": training_build.audit["residual"] if training_build.audit else None,
            }
            for training_build in builds
        ],
        "overridden": [finding.to_dict() for finding in overridden],
        "files": [file.to_dict() for file in sorted(files, key=lambda file: file.path)],
    }
