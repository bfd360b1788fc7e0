"""What can be published, a dataset or a model, as the publishing procedure sees it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cmtmed.engine.progress import Progress
from cmtmed.hub.gate import Acknowledgement, Finding
from cmtmed.hub.repository import Repository, RepoType
from cmtmed.hub.staging import PublishedFile, Staging, Version

Gated = Literal["auto", "manual"]


@dataclass(frozen=True)
class PublishRequest:
    """What to publish, where, and under which conditions.

    Attributes:
        out: directory of the build or of the training run.
        repo: ``organisation/name``.
        private: whether the repository must stay private.
        gated: whether people must agree to terms before they get access.
        tag: name of the version; None derives one from the checksum.
        move_tag: whether a tag may be moved to another card of the same data.
        template: a custom Jinja template of the card.
        dry_run: whether to prepare everything and to send nothing.
        acknowledgement: the risks that the publisher accepts.
        progress: called with phase, tasks done and tasks in all.
    """

    out: Path
    repo: str
    private: bool
    gated: Gated | None
    tag: str | None
    move_tag: bool
    dry_run: bool
    template: Path | None
    acknowledgement: Acknowledgement
    progress: Progress

    def select_overridden(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings whose check the publisher overrides."""
        return [finding for finding in findings if finding.check in self.acknowledgement.i_know]

    def select_refused(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings that forbid publishing."""
        return [finding for finding in findings if finding.check not in self.acknowledgement.i_know]


class Package(Protocol):
    """A build or a model that is to be published."""

    @property
    def repo_type(self) -> RepoType:
        """Type of repository that it is published as."""

    def run_checks(self) -> list[Finding]:
        """Return every reason not to publish it."""

    def open_staging(self) -> AbstractContextManager[Staging]:
        """Open the staging directory of its files; after a failure the next call resumes from its content."""

    def prepare_data(self, staging: Staging) -> tuple[Version, list[PublishedFile]]:
        """Prepare the data files, and determine which version they are."""

    def write_files(
        self,
        staging: Staging,
        version: Version,
        data: Sequence[PublishedFile],
        overridden: Sequence[Finding],
        present: Repository | None,
    ) -> tuple[list[PublishedFile], str]:
        """Write the files that accompany the data; return all files and the text of the card."""
