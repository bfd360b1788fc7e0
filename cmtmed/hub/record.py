"""``cmtmed.json``: what a published version is, as figures, beside its card.

It is what a later version is compared with, and what tells whether a version is there already. Nothing in it is of the
machine that published: no paths, no times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final

from cmtmed.audit import read_audit
from cmtmed.errors import DatasetError
from cmtmed.hub.dataset.card import Version, named_departments
from cmtmed.hub.dataset.shards import PublishedFile
from cmtmed.hub.gate import Finding

FILE: Final = "cmtmed.json"
FORMAT: Final = "cmtmed.dataset"
VERSION: Final = 1
_ANY: Final = {"checksum": str, "tag": str, "files": list, "overridden": list}
_HELD: Final = {
    "dataset": {**_ANY, "ids": dict, "pipeline": dict, "counts": dict, "versions": dict, "after": dict},
    "model": _ANY,
}
"""What a reader of a record relies on, by type."""
_BY_DEPARTMENT: Final = ("departments", "department_turns", "department_asking")


def record(
    version: Version,
    files: Sequence[PublishedFile],
    manifest: Mapping[str, Any],
    report: Mapping[str, Any],
    audit: Mapping[str, Any] | None,
    licenses: Sequence[str],
    overridden: Sequence[Finding],
) -> dict[str, Any]:
    """Put the record of a version together.

    Args:
        version: which version it is.
        files: every file of it but the card and the record itself.
        manifest: of the build.
        report: of the build.
        audit: what ``audit/audit.json`` of the build holds, None if there is none.
        licenses: that its dialogues have.
        overridden: findings that whoever publishes went past.
    """
    pipeline = manifest["pipeline"]
    return {
        "format": FORMAT,
        "version": VERSION,
        "repo": version.repo,
        "tag": version.tag,
        "checksum": version.checksum,
        "build": version.build,
        "ids": {"hashed": bool(version.key_mark), "key": version.key_mark},
        "pipeline": pipeline,
        "seed": manifest["seed"],
        "inputs": [
            {**one, "path": _name(one["path"], number, hashed=bool(version.key_mark))}
            for number, one in enumerate(manifest["inputs"], start=1)
        ],
        "versions": manifest["versions"],
        "counts": manifest["counts"],
        "drops": manifest["drops"],
        "quarantine": manifest["quarantine"],
        "stages": [{key: one[key] for key in ("stage", "rows", "edited", "dropped")} for one in report["stages"]],
        "before": _statistics(report["before"]),
        "after": _statistics(report["after"]),
        "audit": _audit(audit),
        "licenses": list(licenses),
        "overridden": [finding.told() for finding in overridden],
        "files": [one.to_dict() for one in sorted(files, key=lambda one: one.path)],
    }


def encode(content: Mapping[str, Any]) -> bytes:
    """Return a record as JSON that people can read, the same bytes for the same content."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def decode(data: bytes, where: str, kind: str = "dataset") -> dict[str, Any]:
    """Read a record.

    Args:
        data: what the file holds.
        where: names it in errors.
        kind: ``dataset`` or ``model``.

    Raises:
        DatasetError: it is no record, or of a version that is not known.
    """
    try:
        content = json.loads(data)
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != f"cmtmed.{kind}":
        raise DatasetError(f"{FILE} of {where} is no record of a {kind} by cmtmed; publish the {kind} again")
    if content.get("version") != VERSION:
        raise DatasetError(
            f"{FILE} of {where} has version {content.get('version')!r}, this cmtmed reads {VERSION}; update cmtmed"
        )
    missing = [name for name, held in _HELD[kind].items() if not isinstance(content.get(name), held)]
    if missing or not all(isinstance(one, dict) and isinstance(one.get("path"), str) for one in content["files"]):
        raise DatasetError(f"{FILE} of {where} is damaged ({', '.join(missing) or 'files'}); publish the {kind} again")
    return content


def audit_of(out: Path) -> dict[str, Any] | None:
    """Return what the audit of a build holds, None if there is none of these very dialogues."""
    try:
        return dict(read_audit(out).content)
    except DatasetError:
        return None


def _name(path: str, number: int, *, hashed: bool) -> str:
    """Return the name of an input file, or a number in its place where ids, which may hold it, are hashed."""
    name = PurePath(path).name
    return f"input-{number}{''.join(PurePath(name).suffixes[-2:])}" if hashed else name


def _audit(audit: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if audit is None:
        return None
    return {key: audit[key] for key in ("cmtmed", "counts", "redaction", "identifiers", "residual", "sample")}


def _statistics(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return statistics in which no department of few dialogues is named (see `named_departments`)."""
    named, _ = named_departments(told["departments"])
    kept = dict(told)
    for key in _BY_DEPARTMENT:
        kept[key] = {name: told[key].get(name, 0) for name in sorted(named)}
        rest = sum(count for name, count in told[key].items() if name not in named)
        kept[key] |= {"": rest} if rest else {}
    return kept
