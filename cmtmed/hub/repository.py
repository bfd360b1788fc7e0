"""A repository on the Hub as it is before a version is uploaded, and whether a version may go there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cmtmed.artifacts import CARD_FILE
from cmtmed.errors import DatasetError, UsageError
from cmtmed.hub.client import retry, translate_hub_errors
from cmtmed.hub.dataset.configs import CONFIGS
from cmtmed.hub.model.files import is_model_file
from cmtmed.hub.record import RECORD_FILE, decode_record

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_UNRELATED_FILES: Final = frozenset({".gitattributes", CARD_FILE, "LICENSE", "LICENSE.txt", "LICENSE.md"})
"""Files that a repository may hold before the first version: nobody loads them as data."""
RepoType = Literal["dataset", "model"]


@dataclass(frozen=True)
class Remote:
    """Address of a repository on the Hub, whether it exists or not, and the client that talks to it.

    Attributes:
        api: the client.
        repo_type: ``dataset`` or ``model``.
        name: ``organisation/name``.
    """

    api: HfApi
    repo_type: RepoType
    name: str


@dataclass(frozen=True)
class Repository:
    """State of an existing repository on the Hub.

    Attributes:
        repo_type: ``dataset`` or ``model``.
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

    repo_type: RepoType
    name: str
    head: str
    private: bool
    gated: str | bool
    files: frozenset[str]
    tags: Mapping[str, str]
    branches: frozenset[str]
    card: bytes | None
    record: bytes | None

    def decode_last_record(self) -> dict[str, Any]:
        """Return the record of the last version; empty if there is none."""
        return decode_record(self.record, repr(self.name), self.repo_type) if self.record is not None else {}


def fetch_repository(remote: Remote, *, patient: bool = True) -> Repository | None:
    """Return the state of a repository, None if there is none that the token may see.

    Args:
        remote: the repository.
        patient: whether to retry while the Hub is overloaded or unreachable.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    api, repo_type, repo = remote.api, remote.repo_type, remote.name
    with translate_hub_errors(f"looking at {repo!r}"):
        try:
            info = retry(lambda: api.repo_info(repo, repo_type=repo_type), patient=patient)
        except RepositoryNotFoundError as error:
            if error.response.status_code == 401:
                raise
            return None
        refs = retry(lambda: api.list_repo_refs(repo, repo_type=repo_type), patient=patient)
    files = frozenset(sibling.rfilename for sibling in info.siblings or ())
    return Repository(
        repo_type=repo_type,
        name=repo,
        head=info.sha,
        private=bool(info.private),
        gated=info.gated or False,
        files=files,
        tags={tag.name: tag.target_commit for tag in refs.tags},
        branches=frozenset(branch.name for branch in refs.branches),
        card=fetch_file(remote, CARD_FILE, info.sha) if CARD_FILE in files else None,
        record=fetch_file(remote, RECORD_FILE, info.sha) if RECORD_FILE in files else None,
    )


def fetch_file(remote: Remote, path: str, revision: str) -> bytes | None:
    """Return the content of a file at a revision, None if there is no such file.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub.errors import RemoteEntryNotFoundError

    # A cache of its own: a file cached by an earlier call must not be mistaken for what the Hub holds now.
    with translate_hub_errors(f"reading {path} of {remote.name!r}"), tempfile.TemporaryDirectory() as cache:
        try:
            local = retry(
                lambda: remote.api.hf_hub_download(
                    remote.name, path, repo_type=remote.repo_type, revision=revision, cache_dir=cache
                )
            )
        except RemoteEntryNotFoundError:
            return None
        return Path(local).read_bytes()


def check_repository(present: Repository, tag: str | None, *, private: bool) -> None:
    """Make sure that a version may go into an existing repository.

    Raises:
        UsageError: it is public although the version must be private, it holds files that cmtmed did not publish where
            those of the version would be, or a branch has the name of the tag.
        DatasetError: its record is damaged, or of an unknown version.
    """
    repo = present.name
    if private and not present.private:
        raise UsageError(
            f"{repo!r} is public on the Hub, but the version is to be private; pass --public, or make it private there"
        )
    if tag in present.branches:
        raise UsageError(
            f"{repo!r} has a branch {tag!r}, which would be confused with a tag of that name; choose another --tag"
        )
    if ".gitignore" in present.files:
        raise UsageError(f"{repo!r} holds a .gitignore, which can make the Hub omit files of a version; remove it")
    expected = {file["path"] for file in present.decode_last_record().get("files", ())} | {CARD_FILE, RECORD_FILE}
    foreign = present.files - expected
    if present.record is None and not foreign <= _UNRELATED_FILES:
        raise UsageError(
            f"{repo!r} holds {len(foreign - _UNRELATED_FILES):,} files that cmtmed did not publish; choose another "
            "name, or empty it"
        )
    mixed = sorted(path for path in foreign if is_data_file(path, present.repo_type))
    if mixed:
        raise UsageError(
            f"{repo!r} holds {mixed[0]!r}, which cmtmed did not publish and which would be loaded with the "
            f"{present.repo_type}; remove it"
        )


def is_data_file(path: str, repo_type: RepoType) -> bool:
    """Return whether loading the dataset or model would read a file."""
    return path.split("/", maxsplit=1)[0] in CONFIGS if repo_type == "dataset" else is_model_file(path)


def fetch_tagged_version(
    remote: Remote, present: Repository | None, tag: str, checksum: str
) -> dict[str, bytes | None]:
    """Return card and record of the version that a tag points to, by path; empty if there is no such tag.

    Raises:
        UsageError: it points to other data.
        PublishError: the Hub refused, or could not be reached.
    """
    if present is None or tag not in present.tags:
        return {}
    contents = {path: fetch_file(remote, path, present.tags[tag]) for path in (CARD_FILE, RECORD_FILE)}
    record = contents[RECORD_FILE]
    if record is None or decode_record(record, f"{remote.name}@{tag}", remote.repo_type)["checksum"] != checksum:
        raise UsageError(f"the tag {tag!r} of {remote.name!r} points to another version; choose another --tag")
    return contents


def count_other_commits(remote: Remote, present: Repository, checksum: str) -> int:
    """Count the commits with other data than a version that are reachable from any branch or tag.

    All of them become public with the repository.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    with translate_hub_errors(f"looking at the history of {remote.name!r}"):
        commits = {
            commit
            for revision in sorted({*present.branches, *present.tags.values()})
            for commit in _list_commits(remote, revision)
        }
        return sum(not _holds_only(remote, commit, checksum) for commit in sorted(commits))


def _list_commits(remote: Remote, revision: str) -> list[str]:
    commits = retry(
        lambda: list(remote.api.list_repo_commits(remote.name, repo_type=remote.repo_type, revision=revision))
    )
    return [commit.commit_id for commit in commits]


def _holds_only(remote: Remote, commit: str, checksum: str) -> bool:
    """Return whether a commit holds no data, or only those of one version."""
    info = retry(lambda: remote.api.repo_info(remote.name, repo_type=remote.repo_type, revision=commit))
    files = {sibling.rfilename for sibling in info.siblings or ()}
    if files <= _UNRELATED_FILES:
        return True
    record = fetch_file(remote, RECORD_FILE, commit) if RECORD_FILE in files else None
    try:
        return record is not None and decode_record(record, repr(remote.name), remote.repo_type)["checksum"] == checksum
    except DatasetError:
        return False
