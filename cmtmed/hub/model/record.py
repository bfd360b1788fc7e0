"""``cmtmed.json`` of a model: what a published version is, as figures, beside its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cmtmed.hub.dataset.card import Version
from cmtmed.hub.dataset.shards import PublishedFile
from cmtmed.hub.gate import Finding
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.training_data import Taught

FORMAT: Final = "cmtmed.model"
VERSION: Final = 1


def record(
    version: Version,
    files: Sequence[PublishedFile],
    details: ModelDetails,
    training: Mapping[str, Any],
    taught: Sequence[Taught],
    base: str,
    overridden: Sequence[Finding],
) -> dict[str, Any]:
    """Put the record of a version together; nothing in it is of the machine that published.

    Args:
        version: which version it is.
        files: every file of it but the card and the record itself.
        details: what people wrote.
        training: what ``training.json`` holds.
        taught: builds that it learnt from.
        base: name of the base on the Hub, empty if it has none.
        overridden: findings that whoever publishes went past.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
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
                "pipeline": one.manifest["pipeline"]["name"],
                "fingerprint": one.manifest["pipeline"]["fingerprint"],
                "checksum": one.checksum,
                "counts": one.manifest["counts"],
                "licenses": one.survey.licensed,
                "residual": one.audit["residual"] if one.audit else None,
            }
            for one in taught
        ],
        "overridden": [finding.told() for finding in overridden],
        "files": [one.to_dict() for one in sorted(files, key=lambda one: one.path)],
    }
