"""The result of publishing: which files went to which version of which repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cmtmed.hub.gate import Finding
from cmtmed.hub.repository import RepoType
from cmtmed.hub.staging import PublishedFile, Version


@dataclass(frozen=True)
class Publication:
    """What was published, or would be.

    Attributes:
        repo: ``organisation/name``.
        tag: the revision of this version.
        checksum: SHA-256 over all data files.
        commit: SHA of its commit; empty for a dry run.
        url: its page on the Hub.
        files: every file of the version, including the card.
        card: the text of README.md.
        refused: findings that forbid publishing; non-empty only for a dry run.
        overridden: findings that were overridden, as the card states.
    """

    repo: str
    tag: str
    checksum: str
    commit: str
    url: str
    files: tuple[PublishedFile, ...]
    card: str
    refused: tuple[Finding, ...]
    overridden: tuple[Finding, ...]

    @classmethod
    def create(
        cls,
        repo_type: RepoType,
        version: Version,
        commit: str,
        files: Sequence[PublishedFile],
        card: str,
        *,
        refused: Sequence[Finding] = (),
        overridden: Sequence[Finding] = (),
    ) -> Publication:
        """Describe a version of a repository on the Hub that the client is configured for."""
        from huggingface_hub import constants

        path = f"datasets/{version.repo}" if repo_type == "dataset" else version.repo
        return cls(
            repo=version.repo,
            tag=version.tag,
            checksum=version.checksum,
            commit=commit,
            url=f"{constants.ENDPOINT}/{path}/tree/{version.tag}",
            files=tuple(files),
            card=card,
            refused=tuple(refused),
            overridden=tuple(overridden),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "repo": self.repo,
            "tag": self.tag,
            "checksum": self.checksum,
            "commit": self.commit,
            "url": self.url,
            "files": [file.to_dict() for file in self.files],
            "card": self.card,
            "refused": [finding.to_dict() for finding in self.refused],
            "overridden": [finding.to_dict() for finding in self.overridden],
        }
