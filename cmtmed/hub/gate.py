"""The gate between a build and the public: what a finding is, which checks there are, and those common to all packages.

A finding belongs to a check, and a check can only be overridden by its name; what was overridden is written into the
card, so that readers of the dataset know what its publisher knew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.hub.licenses import find_conflicts, find_license_objections

CHECKS: Final = {
    "files": "tables are as the build wrote them, weights as the training wrote them",
    "data": "the model was trained on builds and on nothing else",
    "builds": "the builds that the model was trained on are available here",
    "anonymization": "identifiers were redacted in every dialogue, and no id or department contains one",
    "audit": "an audit of exactly these dialogues estimates what was missed",
    "risk": "the audit's sample was read, and the remaining risk is below --max-risk",
    "licenses": "every dialogue has a licence, and the licences are compatible",
    "test-sets": "no training dialogue comes from a test set or contains its text",
    "splits": "no first question stands in two splits",
    "quarantine": "the publisher knows how many records could not be read",
    "card": "every required field of the card is filled in",
    "history": "a repository that becomes public exposes no earlier, private version",
}
"""Name of each check and what it ensures."""

HISTORY: Final = "history"
MAX_RISK: Final = 20.0
"""Turns per 1,000 that may still identify somebody, by the upper confidence limit of the audit."""
MAX_EXAMPLES: Final = 3
"""Names listed in a finding at most."""
_DIRECTORY: Final = re.compile(r"\bDIR\b")


@dataclass(frozen=True)
class Finding:
    """A reason not to publish, in words that may go into a card.

    Attributes:
        check: which of `CHECKS` it belongs to.
        reason: what was found; no text of a dialogue and no path.
        way_out: what to do about it; ``DIR`` in it stands for the directory.
        directory: of the build, for messages on this machine.
    """

    check: str
    reason: str
    way_out: str
    directory: str = field(default="", compare=False)

    def __str__(self) -> str:
        way_out = _DIRECTORY.sub(lambda _: self.directory or "DIR", self.way_out)
        return f"{self.check}: {self.reason}; {way_out}"

    def to_dict(self) -> dict[str, str]:
        """Return what may be published of it: everything but the directory."""
        return {"check": self.check, "reason": self.reason, "way_out": self.way_out}


@dataclass(frozen=True)
class Acknowledgement:
    """What the publisher knows and accepts.

    Attributes:
        quarantined: the number of records in quarantine that they expect; None if not stated.
        max_risk: most turns per 1,000 that may still identify somebody.
        i_know: checks whose findings are overridden.
        against: files of test sets to compare with.
    """

    quarantined: int | None = None
    max_risk: float = MAX_RISK
    i_know: tuple[str, ...] = ()
    against: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        for name in self.i_know:
            if name not in CHECKS:
                raise UsageError(f"there is no check {name!r} to override; {did_you_mean(name, CHECKS)}")
        if not self.max_risk >= 0:
            raise UsageError(f"max_risk is {self.max_risk}; give the turns per 1,000 that may remain, 0 or more")


def check_licenses(names: Sequence[str], unlicensed: Mapping[str, int], license_: str | None) -> Iterator[Finding]:
    """Yield objections to publishing what was made from sources under these licences.

    Args:
        names: licences of the sources.
        unlicensed: dialogues without a licence, by source.
        license_: of the whole, None if it has none of its own.
    """
    if unlicensed:
        examples = ", ".join(f"{source} {count:,}" for source, count in sorted(unlicensed.items())[:MAX_EXAMPLES])
        yield Finding(
            "licenses", f"{sum(unlicensed.values()):,} dialogues have no licence ({examples})",
            "add license: to these sources of the pipeline and build again",
        )  # fmt: skip
    way_out = "leave a source out, or agree on other terms with the rights holder"
    for reason in find_conflicts(names):
        yield Finding("licenses", reason, way_out)
    if license_ is not None:
        for reason in find_license_objections(license_, names):
            yield Finding("licenses", reason, "choose another license in the card's file")


def check_card(empty: Sequence[str], example: str) -> Iterator[Finding]:
    """Yield a finding if required fields of the card are empty.

    Args:
        empty: their names.
        example: a bundled file that shows them.
    """
    if empty:
        yield Finding(
            "card", f"not filled in: {', '.join(empty)}",
            f"write them into a YAML file and pass it as --card (cmtmed path {example} prints the path of an example)",
        )  # fmt: skip


def check_history(commits: int) -> list[Finding]:
    """Return the finding that a repository must not become public because it holds commits of other versions."""
    if not commits:
        return []
    reason = f"{commits:,} commit{'s' * (commits > 1)} with other, private data would become public too"
    return [Finding(HISTORY, reason, "publish under a new name")]
