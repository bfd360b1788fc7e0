"""Send the files of a version to the Hub: large ones ahead, then one commit, then its tag.

Every step may be repeated: a file that the Hub holds is not sent again, a commit that was made is recognized, a tag
that stands stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from cmtmed.errors import PublishError
from cmtmed.hub.client import repeated, told
from cmtmed.hub.facts import Version
from cmtmed.hub.record import FILE as RECORD
from cmtmed.hub.repository import CARD, KIND, Repository, check, look
from cmtmed.hub.shards import SHARD_BYTES, PublishedFile

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Progress = Callable[[str, int, int], None]


def opened(api: HfApi, repo: str, present: Repository | None, *, gated: str | None) -> Repository:
    """Make the repository if need be, private, and close its gate before anything is behind it.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    if present is None:
        with told(f"making {repo!r}"):
            repeated(lambda: api.create_repo(repo, repo_type=KIND, private=True, exist_ok=True))
        present = look(api, repo)
        if present is None:
            raise PublishError(f"making {repo!r}: the Hub does not show it; check who may see it, and try again")
        check(present, repo, private=True)
    if gated is not None and present.gated != gated:
        with told(f"gating {repo!r}"):
            repeated(lambda: api.update_repo_settings(repo, repo_type=KIND, gated=gated))
    return present


def committed(
    api: HfApi, version: Version, files: Sequence[PublishedFile], present: Repository, progress: Progress
) -> str:
    """Send files, the large ones first and a batch at a time, then make the one commit.

    Args:
        api: the client.
        version: which version it is.
        files: everything that is to stand in the repository; what an earlier version left is removed.
        present: the repository as it is; if somebody changes it meanwhile, nothing is committed.
        progress: called with phase, files sent and files in all.

    Returns:
        The SHA of the commit; that of the last one if nothing changed.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.errors import HfHubHTTPError

    repo = version.repo
    adding = {one.path: CommitOperationAdd(one.path, one.local) for one in files}
    for sent, batch in _batches(files):
        progress("upload", sent, len(files))
        with told(f"sending {batch[0].path}{f' and {len(batch) - 1} more' if len(batch) > 1 else ''}"):
            api.preupload_lfs_files(repo, [adding[one.path] for one in batch], repo_type=KIND, free_memory=False)
    progress("upload", len(files), len(files))
    old = {one["path"] for one in present.published(repo).get("files", ())}
    gone = sorted((old - set(adding)) & present.files)
    operations = [*adding.values(), *(CommitOperationDelete(path, is_folder=False) for path in gone)]
    with told(f"committing to {repo!r}"):
        try:
            made = repeated(
                lambda: api.create_commit(
                    repo, operations, repo_type=KIND, parent_commit=present.head,
                    commit_message=f"Version {version.tag}", commit_description=f"Data: SHA-256 {version.checksum}",
                )
            )  # fmt: skip
        except HfHubHTTPError as error:
            if error.response.status_code != 412:
                raise
            # The commit may be ours: made, and the answer lost on the way.
            now = look(api, repo)
            bytes_of = {one.path: one.local.read_bytes() for one in files if one.path in {CARD, RECORD}}
            if now is None or (now.card, now.record) != (bytes_of[CARD], bytes_of[RECORD]):
                raise
            return now.head
    commit: str = made.oid
    return commit


def finished(api: HfApi, version: Version, commit: str, present: Repository, *, tagged: bool, private: bool) -> None:
    """Set the tag of a version, and let the public in if it is to be.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    repo = version.repo
    with told(f"finishing {repo!r}"):
        if not tagged:
            repeated(lambda: api.create_tag(repo, repo_type=KIND, tag=version.tag, revision=commit, exist_ok=True))
        if not private and present.private:
            repeated(lambda: api.update_repo_settings(repo, repo_type=KIND, private=False))


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
