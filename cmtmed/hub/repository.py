"""A repository on the Hub, as it is before a version goes there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cmtmed.errors import DatasetError, UsageError
from cmtmed.hub.client import repeated, told
from cmtmed.hub.dataset.card import CONFIGS
from cmtmed.hub.model.files import is_model_file
from cmtmed.hub.record import FILE, decode

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD: Final = "README.md"
_HARMLESS: Final = frozenset({".gitattributes", CARD, "LICENSE", "LICENSE.txt", "LICENSE.md"})
Kind = Literal["dataset", "model"]


@dataclass(frozen=True)
class Remote:
    """A repository on the Hub, whether it is there or not, and the client that talks to it.

    Attributes:
        api: the client.
        kind: ``dataset`` or ``model``.
        name: ``organisation/name``.
    """

    api: HfApi
    kind: Kind
    name: str


@dataclass(frozen=True)
class Repository:
    """What stands on the Hub.

    Attributes:
        kind: ``dataset`` or ``model``.
        name: ``organisation/name``.
        head: SHA of the last commit.
        private: whether only its owners see it.
        gated: ``auto``, ``manual``, or False.
        files: paths of its files.
        tags: name of each tag to the SHA of its commit.
        branches: names of the branches.
        card: its README.md, None if it has none.
        record: its cmtmed.json, None if it has none.
    """

    kind: Kind
    name: str
    head: str
    private: bool
    gated: str | bool
    files: frozenset[str]
    tags: Mapping[str, str]
    branches: frozenset[str]
    card: bytes | None
    record: bytes | None

    def published(self) -> dict[str, Any]:
        """Return the record of the last version; empty if there is none."""
        return decode(self.record, repr(self.name), self.kind) if self.record is not None else {}


def look(remote: Remote, *, patient: bool = True) -> Repository | None:
    """Return what stands in a repository, None if there is none, or none that the token may see.

    Args:
        remote: the repository.
        patient: whether to try again where the Hub is overloaded or out of reach.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    api, kind, repo = remote.api, remote.kind, remote.name
    with told(f"looking at {repo!r}"):
        try:
            info = repeated(lambda: api.repo_info(repo, repo_type=kind), patient=patient)
        except RepositoryNotFoundError as error:
            if error.response.status_code == 401:
                raise
            return None
        refs = repeated(lambda: api.list_repo_refs(repo, repo_type=kind), patient=patient)
    files = frozenset(one.rfilename for one in info.siblings or ())
    return Repository(
        kind=kind,
        name=repo,
        head=info.sha,
        private=bool(info.private),
        gated=info.gated or False,
        files=files,
        tags={tag.name: tag.target_commit for tag in refs.tags},
        branches=frozenset(branch.name for branch in refs.branches),
        card=read(remote, CARD, info.sha) if CARD in files else None,
        record=read(remote, FILE, info.sha) if FILE in files else None,
    )


def read(remote: Remote, path: str, revision: str) -> bytes | None:
    """Return what a file holds at a revision, None if there is no such file.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub.errors import RemoteEntryNotFoundError

    # A folder of its own: what an earlier call left in the cache must not stand for what the Hub holds now.
    with told(f"reading {path} of {remote.name!r}"), tempfile.TemporaryDirectory() as cache:
        try:
            found = repeated(
                lambda: remote.api.hf_hub_download(
                    remote.name, path, repo_type=remote.kind, revision=revision, cache_dir=cache
                )
            )
        except RemoteEntryNotFoundError:
            return None
        return Path(found).read_bytes()


def check(present: Repository, tag: str | None, *, private: bool) -> None:
    """Make sure that a version may go into a repository that is there.

    Raises:
        UsageError: it is public and was to be private, it holds something that cmtmed did not publish where the
            version would stand, or a branch has the name of the tag.
        DatasetError: its record is damaged, or of a version that is not known.
    """
    repo = present.name
    if private and not present.private:
        raise UsageError(
            f"{repo!r} is public on the Hub, and a version was to be private; say --public, or make it private there"
        )
    if tag in present.branches:
        raise UsageError(
            f"{repo!r} has a branch {tag!r}, which a tag of that name would be taken for; choose another --tag"
        )
    if ".gitignore" in present.files:
        raise UsageError(f"{repo!r} holds a .gitignore, by which the Hub may leave files of a version out; remove it")
    known = {one["path"] for one in present.published().get("files", ())} | {CARD, FILE}
    foreign = present.files - known
    if present.record is None and not foreign <= _HARMLESS:
        raise UsageError(
            f"{repo!r} holds {len(foreign - _HARMLESS):,} files that cmtmed did not publish; choose another name, "
            "or empty it"
        )
    inside = sorted(path for path in foreign if is_part(path, present.kind))
    if inside:
        raise UsageError(
            f"{repo!r} holds {inside[0]!r}, which cmtmed did not publish and readers would take for a part of the "
            f"{present.kind}; remove it"
        )


def is_part(path: str, kind: Kind) -> bool:
    """Say whether whoever loads a dataset or a model would take a file for a part of it."""
    return path.split("/", maxsplit=1)[0] in CONFIGS if kind == "dataset" else is_model_file(path)


def standing(remote: Remote, present: Repository | None, tag: str, checksum: str) -> dict[str, bytes | None]:
    """Return card and record of the version that a tag stands for, empty if there is no such tag.

    Raises:
        UsageError: it stands for other data.
        PublishError: the Hub refused, or could not be reached.
    """
    if present is None or tag not in present.tags:
        return {}
    found = {path: read(remote, path, present.tags[tag]) for path in (CARD, FILE)}
    data = found[FILE]
    if data is None or decode(data, f"{remote.name}@{tag}", remote.kind)["checksum"] != checksum:
        raise UsageError(f"the tag {tag!r} of {remote.name!r} stands for another version; choose another --tag")
    return found


def earlier_data(remote: Remote, present: Repository, checksum: str) -> int:
    """Count the commits that hold other data than a version, wherever a branch or a tag leads to them.

    All of them become public with the repository.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    api, repo = remote.api, remote.name
    with told(f"looking at the history of {repo!r}"):
        commits = {
            one.commit_id
            for name in sorted({*present.branches, *present.tags.values()})
            for one in repeated(
                lambda name=name: list(api.list_repo_commits(repo, repo_type=remote.kind, revision=name))  # type: ignore[misc]
            )
        }
        return sum(not _holds_only(remote, commit, checksum) for commit in sorted(commits))


def _holds_only(remote: Remote, commit: str, checksum: str) -> bool:
    """Say whether a commit holds no data, or those of one version."""
    info = repeated(lambda: remote.api.repo_info(remote.name, repo_type=remote.kind, revision=commit))
    files = {one.rfilename for one in info.siblings or ()}
    if files <= _HARMLESS:
        return True
    data = read(remote, FILE, commit) if FILE in files else None
    try:
        return data is not None and decode(data, repr(remote.name), remote.kind)["checksum"] == checksum
    except DatasetError:
        return False
