"""Send the files of a version to the Hub: large ones ahead, then one commit, then its tag.

Every step may be repeated: a file that the Hub holds is not sent again, a commit that was made is recognized, a tag
that stands stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.engine.progress import Progress
from cmtmed.errors import PublishError
from cmtmed.hub.client import repeated, told
from cmtmed.hub.dataset.card import Version
from cmtmed.hub.dataset.shards import SHARD_BYTES, PublishedFile
from cmtmed.hub.record import FILE as RECORD
from cmtmed.hub.repository import CARD, Remote, Repository, check, is_part, look

_FIGURES: Final = "figures"
_ASKED: Final = 500
"""Files that the Hub is asked about at once."""


def checked_card(remote: Remote, text: str) -> None:
    """Let the Hub look at the metadata of a card, before anything is made or sent.

    Raises:
        PublishError: it does not accept them, or could not be reached.
    """
    from huggingface_hub import RepoCard

    with told(f"checking the card of {remote.name!r}"):
        try:
            repeated(lambda: RepoCard(text, ignore_metadata_errors=True).validate(repo_type=remote.kind))
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            raise PublishError(
                f"the Hub does not accept the metadata of the card: {_reasons(str(error))}; change what it speaks of"
            ) from None


def opened(remote: Remote, present: Repository | None, *, gated: str | None) -> Repository:
    """Make the repository if need be, private, and close its gate before anything is behind it.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    api, kind, repo = remote.api, remote.kind, remote.name
    if present is None:
        with told(f"making {repo!r}"):
            repeated(lambda: api.create_repo(repo, repo_type=kind, private=True, exist_ok=True))
        present = look(remote)
        if present is None:
            raise PublishError(f"making {repo!r}: the Hub does not show it; check who may see it, and try again")
        check(present, None, private=True)
    if gated is not None and present.gated != gated:
        with told(f"gating {repo!r}"):
            repeated(lambda: api.update_repo_settings(repo, repo_type=kind, gated=gated))
    return present


def committed(
    remote: Remote,
    version: Version,
    files: Sequence[PublishedFile],
    present: Repository,
    progress: Progress,
    *,
    private: bool,
) -> str:
    """Send files, the large ones first and a batch at a time, then make the one commit.

    Args:
        remote: the repository.
        version: which version it is.
        files: everything that is to stand in the repository; what an earlier version left is removed.
        present: the repository as it is; if somebody changes it meanwhile, nothing is committed.
        progress: called with phase, files sent and files in all.
        private: whether nothing is committed if the repository became public meanwhile.

    Returns:
        The SHA of the commit; that of the last one if nothing changed.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.errors import HfHubHTTPError

    api, kind, repo = remote.api, remote.kind, remote.name
    with told(f"preparing the files of {repo!r}"):
        adding = {one.path: CommitOperationAdd(one.path, one.local) for one in files}
    for sent, batch in _batches(files):
        progress("upload", sent, len(files))
        with told(f"sending {batch[0].path}{f' and {len(batch) - 1} more' if len(batch) > 1 else ''}"):
            api.preupload_lfs_files(repo, [adding[one.path] for one in batch], repo_type=kind, free_memory=False)
    progress("upload", len(files), len(files))
    old = {one["path"] for one in present.published().get("files", ())}
    # What a record says is trusted for files of a dataset or a model only.
    gone = sorted(
        path for path in (old - set(adding)) & present.files if is_part(path, kind) or path.split("/")[0] == _FIGURES
    )
    what = "Data" if kind == "dataset" else "Model"
    operations = [*adding.values(), *(CommitOperationDelete(path, is_folder=False) for path in gone)]
    with told(f"committing to {repo!r}"):
        if private and not repeated(lambda: api.repo_info(repo, repo_type=kind)).private:
            raise PublishError(
                f"{repo!r} became public meanwhile, and a version was to be private; nothing was committed"
            )
        try:
            made = repeated(
                lambda: api.create_commit(
                    repo, operations, repo_type=kind, parent_commit=present.head,
                    commit_message=f"Version {version.tag}", commit_description=f"{what}: SHA-256 {version.checksum}",
                )
            )  # fmt: skip
        except HfHubHTTPError as error:
            if error.response.status_code != 412:
                raise
            # The commit may be ours: made, and the answer lost on the way.
            now = look(remote)
            bytes_of = {one.path: one.local.read_bytes() for one in files if one.path in {CARD, RECORD}}
            if now is None or (now.card, now.record) != (bytes_of[CARD], bytes_of[RECORD]):
                raise
            return now.head
    commit: str = made.oid
    return commit


def verified(remote: Remote, commit: str, files: Sequence[PublishedFile]) -> None:
    """Make sure that a commit holds every file, with the bytes that are here.

    Raises:
        PublishError: it does not.
    """
    api, kind, repo = remote.api, remote.kind, remote.name
    paths = [one.path for one in files]
    with told(f"looking at what {repo!r} holds"):
        there = {
            found.path: found
            for start in range(0, len(paths), _ASKED)
            for found in repeated(
                lambda start=start: api.get_paths_info(  # type: ignore[misc]
                    repo, paths[start : start + _ASKED], revision=commit, repo_type=kind
                )
            )
        }
    for one in files:
        found = there.get(one.path)
        large = getattr(found, "lfs", None)
        same = large.sha256 == one.sha256 if large else found is not None and found.blob_id == _blob(one)
        if not same:
            raise PublishError(
                f"{one.path} is not in the commit to {repo!r} as it is here; look at it there, run the command again"
            )


def tagged(remote: Remote, version: Version, commit: str, *, move: bool) -> None:
    """Let the tag of a version stand for a commit.

    Args:
        remote: the repository.
        version: whose tag.
        commit: SHA of its commit.
        move: whether a tag that stands for another commit is moved.

    Raises:
        PublishError: somebody else set it meanwhile, or the Hub refused, or could not be reached.
    """
    api, kind, repo, tag = remote.api, remote.kind, remote.name, version.tag
    with told(f"setting the tag {tag!r} of {repo!r}"):
        if move:
            refs = repeated(lambda: api.list_repo_refs(repo, repo_type=kind))
            if any(one.name == tag and one.target_commit != commit for one in refs.tags):
                repeated(lambda: api.delete_tag(repo, repo_type=kind, tag=tag))
        repeated(lambda: api.create_tag(repo, repo_type=kind, tag=tag, revision=commit, exist_ok=True))
        refs = repeated(lambda: api.list_repo_refs(repo, repo_type=kind))
    if not any(one.name == tag and one.target_commit == commit for one in refs.tags):
        raise PublishError(f"the tag {tag!r} of {repo!r} was set by somebody else meanwhile; look at it there")


def shown_to_all(remote: Remote) -> None:
    """Make a repository public.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    with told(f"making {remote.name!r} public"):
        repeated(lambda: remote.api.update_repo_settings(remote.name, repo_type=remote.kind, private=False))


def _blob(file: PublishedFile) -> str:
    """Return the name that git gives to the bytes of a file."""
    content = file.local.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _reasons(answer: str) -> str:
    """Return what the Hub objects to, from its JSON or text."""
    try:
        errors = json.loads(answer).get("errors") or []
        return "; ".join(str(one.get("message")) for one in errors) or "it does not say why"
    except (ValueError, AttributeError):
        return " ".join(answer.split()) or "it does not say why"


def _batches(files: Sequence[PublishedFile]) -> Iterator[tuple[int, list[PublishedFile]]]:
    """Yield files to send together, and how many were before them: a file that is sent need not be sent again."""
    batch: list[PublishedFile] = []
    for place, one in enumerate(files):
        if batch and sum(two.bytes for two in batch) + one.bytes > SHARD_BYTES:
            yield place - len(batch), batch
            batch = []
        batch.append(one)
    if batch:
        yield len(files) - len(batch), batch
