"""What can be published: the order that is common to all, and what publishing asks of a build or a model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cmtmed.engine.progress import Progress
from cmtmed.hub.dataset.card import Version
from cmtmed.hub.dataset.shards import PublishedFile, Staging
from cmtmed.hub.gate import Acknowledged, Finding
from cmtmed.hub.repository import Kind, Repository

Gated = Literal["auto", "manual"]


@dataclass(frozen=True)
class Order:
    """What is to be published, and how."""

    out: Path
    repo: str
    private: bool
    gated: Gated | None
    tag: str | None
    move_tag: bool
    template: Path | None
    acknowledged: Acknowledged
    progress: Progress

    def overridden(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings that whoever publishes goes past."""
        return [one for one in findings if one.check in self.acknowledged.i_know]

    def refused(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings that forbid it."""
        return [one for one in findings if one.check not in self.acknowledged.i_know]


class Subject(Protocol):
    """A build or a model, as publishing sees it."""

    @property
    def kind(self) -> Kind:
        """Say what it is published as."""

    def findings(self) -> list[Finding]:
        """Return every reason not to publish it."""

    def staged(self) -> AbstractContextManager[Staging]:
        """Open the directory in which its files stand; what is in it after a failure is taken up by the next call."""

    def prepared(self, staging: Staging) -> tuple[Version, list[PublishedFile]]:
        """Make its data files ready, and say which version they are."""

    def whole(
        self,
        staging: Staging,
        version: Version,
        data: Sequence[PublishedFile],
        overridden: Sequence[Finding],
        present: Repository | None,
    ) -> tuple[list[PublishedFile], str]:
        """Write what goes beside the data; return all files and the text of the card."""
