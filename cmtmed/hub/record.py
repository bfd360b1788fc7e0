"""``cmtmed.json``: the figures of a published version, beside its card.

A later version is compared with it, and it shows whether a version is published already. Nothing in it depends on the
machine that published: no paths, no times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from cmtmed.errors import DatasetError

RECORD_FILE: Final = "cmtmed.json"
RECORD_VERSION: Final = 1
_COMMON_FIELDS: Final[Mapping[str, type]] = {"checksum": str, "tag": str, "files": list, "overridden": list}
_REQUIRED_FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    "dataset": {
        **_COMMON_FIELDS, "ids": dict, "pipeline": dict, "counts": dict, "versions": dict, "after": dict,
    },
    "model": _COMMON_FIELDS,
}  # fmt: skip
"""Fields that readers of a record rely on, by type of repository."""


def encode_record(content: Mapping[str, Any]) -> bytes:
    """Return a record as readable JSON, the same bytes for the same content."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def decode_record(data: bytes, origin: str, repo_type: str = "dataset") -> dict[str, Any]:
    """Read a record.

    Args:
        data: content of the file.
        origin: names it in errors.
        repo_type: ``dataset`` or ``model``.

    Raises:
        DatasetError: it is not a record, or of an unknown version.
    """
    try:
        content = json.loads(data)
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != f"cmtmed.{repo_type}":
        raise DatasetError(
            f"{RECORD_FILE} of {origin} is not a record of a {repo_type} by cmtmed; publish the {repo_type} again"
        )
    if content.get("version") != RECORD_VERSION:
        raise DatasetError(
            f"{RECORD_FILE} of {origin} has version {content.get('version')!r}, this cmtmed reads {RECORD_VERSION}; "
            "update cmtmed"
        )
    missing = [name for name, type_ in _REQUIRED_FIELDS[repo_type].items() if not isinstance(content.get(name), type_)]
    if missing or not all(isinstance(file, dict) and isinstance(file.get("path"), str) for file in content["files"]):
        raise DatasetError(
            f"{RECORD_FILE} of {origin} is damaged ({', '.join(missing) or 'files'}); publish the {repo_type} again"
        )
    return content
