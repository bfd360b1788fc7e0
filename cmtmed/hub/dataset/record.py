"""``cmtmed.json`` of a dataset: the figures of a published version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final

from cmtmed.audit import read_audit
from cmtmed.audit.content import AuditContent
from cmtmed.builds import Build
from cmtmed.errors import DatasetError
from cmtmed.hub.dataset.card_tables import split_departments
from cmtmed.hub.gate import Finding
from cmtmed.hub.record import RECORD_VERSION
from cmtmed.hub.staging import PublishedFile, Version
from cmtmed.stats import TableStats

_STAGE_FIELDS: Final = ("stage", "rows", "edited", "dropped")
_AUDIT_FIELDS: Final = ("cmtmed", "counts", "redaction", "identifiers", "verdicts", "residual", "sample")
_DEPARTMENT_COUNTS: Final = ("departments", "department_turns", "department_asking")


def create_record(
    version: Version,
    files: Sequence[PublishedFile],
    build: Build,
    audit: AuditContent | None,
    licenses: Sequence[str],
    overridden: Sequence[Finding],
) -> dict[str, Any]:
    """Create the record of a version.

    Args:
        version: which version it is.
        files: all of its files except the card and the record itself.
        build: the build.
        audit: content of ``audit/audit.json``, None if there is no valid audit.
        licenses: of the dialogues.
        overridden: findings that the publisher overrode.
    """
    manifest = build.manifest.to_dict()
    hashed = bool(version.key_mark)
    return {
        "format": "cmtmed.dataset",
        "version": RECORD_VERSION,
        "repo": version.repo,
        "tag": version.tag,
        "checksum": version.checksum,
        "build": version.build,
        "ids": {"hashed": hashed, "key": version.key_mark},
        "pipeline": manifest["pipeline"],
        "seed": manifest["seed"],
        "inputs": [
            {**file, "path": _public_name(file["path"], number, hashed=hashed)}
            for number, file in enumerate(manifest["inputs"], start=1)
        ],
        "versions": manifest["versions"],
        "counts": manifest["counts"],
        "drops": manifest["drops"],
        "quarantine": manifest["quarantine"],
        "stages": [_select(stage.to_dict(), _STAGE_FIELDS) for stage in build.report.stages],
        "before": _hide_small_departments(build.report.before),
        "after": _hide_small_departments(build.report.after),
        "audit": _select(audit, _AUDIT_FIELDS) if audit is not None else None,
        "licenses": list(licenses),
        "overridden": [finding.to_dict() for finding in overridden],
        "files": [file.to_dict() for file in sorted(files, key=lambda file: file.path)],
    }


def read_audit_content(out: Path) -> AuditContent | None:
    """Return the content of a build's audit, None if there is none of exactly these dialogues."""
    try:
        return read_audit(out).content
    except DatasetError:
        return None


def _select(content: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {name: content[name] for name in fields}


def _public_name(path: str, number: int, *, hashed: bool) -> str:
    """Return the name of an input file; a numbered one if ids, which may contain the name, are hashed."""
    name = PurePath(path).name
    return f"input-{number}{''.join(PurePath(name).suffixes[-2:])}" if hashed else name


def _hide_small_departments(stats: TableStats) -> dict[str, Any]:
    """Return statistics that name no department with few dialogues (see `split_departments`)."""
    large, _ = split_departments(stats.departments)
    content = stats.to_dict()
    for field in _DEPARTMENT_COUNTS:
        counts: dict[str, int] = getattr(stats, field)
        hidden = sum(count for name, count in counts.items() if name not in large)
        content[field] = {name: counts.get(name, 0) for name in sorted(large)} | ({"": hidden} if hidden else {})
    return content
