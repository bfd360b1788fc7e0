"""What ``audit/audit.json`` holds, and the files of an audit. ``schemas/audit.v1.json`` describes the same fields."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from cmtmed.anonymize import TYPES
from cmtmed.artifacts import read_json

FOLDER: Final = "audit"
"""Directory of the audit inside a build."""
AUDIT_FILE: Final = "audit.json"
STATEMENT_FILE: Final = "privacy.md"
FORMAT: Final = "cmtmed.audit"
VERSION: Final = 1

Status = Literal["unread", "partial", "read"]
Method = Literal["terminal", "page", "file"]


class Scope(TypedDict):
    """Which dialogues were audited."""

    dropped: bool


class SampleOptions(TypedDict):
    """How the sample was drawn."""

    size: int
    seed: int


class BuildName(TypedDict):
    """The pipeline of the build."""

    name: str
    fingerprint: str


class Counts(TypedDict):
    """How much was audited."""

    dialogues: int
    turns: int


class SplitCounts(TypedDict):
    """Different first questions of the kept dialogues, and those that stand in more than one split."""

    questions: int
    crossing: int


class Redaction(TypedDict):
    """Whether the pipeline redacts, and the identifier types that it leaves in the text on purpose."""

    stage: bool
    kept: list[str]


class DrawnStratum(TypedDict):
    """One stratum: a detector and the turns that it suspects first."""

    detector: str
    prior: float
    suspected: int
    turns: int
    drawn: int


class ReadStratum(DrawnStratum):
    """A stratum with the verdicts on its sample."""

    read: int
    leaks: int


class Rates(TypedDict):
    """Turns that still hold an identifier, per 1,000."""

    estimate: float
    low: float
    high: float


class ResidualRates(TypedDict):
    """The estimate of the identifiers that are left."""

    status: Status
    read: int
    leaks: int
    confidence: float
    per_thousand_turns: Rates
    per_thousand_dialogues: Rates


class Origin(TypedDict):
    """How some of the verdicts came, by whom and when; days as YYYY-MM-DD, empty if unknown."""

    method: Method
    turns: int
    readers: list[str]
    first: str
    last: str


class AuditOptions(TypedDict):
    """What decides, together with the dialogues, which turns are suspected and which are drawn."""

    cmtmed: str
    detectors: str
    scope: Scope
    sample: SampleOptions


class _Findings(AuditOptions):
    format: str
    version: int
    data: str
    build: BuildName
    counts: Counts
    splits: SplitCounts
    redaction: Redaction
    identifiers: dict[str, dict[str, int]]


class Screening(_Findings):
    """What the screening of a build found; verdicts and estimate are still to come."""

    strata: list[DrawnStratum]


class AuditContent(_Findings):
    """Everything that ``audit.json`` holds: counts, never text."""

    strata: list[ReadStratum]
    verdicts: list[Origin]
    residual: ResidualRates


@cache
def _create_validator() -> TypeAdapter[AuditContent]:
    return TypeAdapter(AuditContent)


def read_content(folder: Path) -> AuditContent | None:
    """Read ``audit.json``; None if there is none that this version of the format can read."""
    try:
        # As it stands in the file: what the validator returns has its keys in another order.
        content = cast("AuditContent", read_json(folder / AUDIT_FILE))
        _create_validator().validate_python(content, strict=True)
    except (OSError, ValueError):
        # What pydantic raises is a ValueError, too.
        return None
    is_readable = content["format"] == FORMAT and content["version"] == VERSION
    return content if is_readable and {*content["identifiers"]} <= {*TYPES} else None
