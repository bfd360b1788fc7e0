"""Upload of a version to the Hub: large files first, then one commit, then its tag.

Every step may be repeated: a file that the Hub holds is not sent again, a commit that was made is recognized, and an
existing tag stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from cmtmed.artifacts import CARD_FILE
from cmtmed.engine.progress import Progress
from cmtmed.errors import PublishError
from cmtmed.hub.client import retry, translate_hub_errors
from cmtmed.hub.record import RECORD_FILE
from cmtmed.hub.repository import Remote, Repository, check_repository, fetch_repository, is_data_file
from cmtmed.hub.settings import check_storage, restrict_repository, verify_settings
from cmtmed.hub.staging import PublishedFile, Version

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoFile, RepoFolder

BATCH_BYTES: Final = 500_000_000
"""Bytes sent before the next look at the progress; a batch that was sent need not be sent again."""
_FIGURES: Final = "figures"
_PATHS_PER_REQUEST: Final = 500


def validate_card(remote: Remote, text: str) -> None:
    """Let the Hub validate the metadata of a card, before anything is created or sent.

    Raises:
        PublishError: it does not accept them, or could not be reached.
    """
    from huggingface_hub import RepoCard

    with translate_hub_errors(f"checking the card of {remote.name!r}"):
        try:
            retry(lambda: RepoCard(text, ignore_metadata_errors=True).validate(repo_type=remote.repo_type))
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            raise PublishError(
                f"the Hub does not accept the metadata of the card: {_parse_reasons(str(error))}; "
                "change the fields that it names"
            ) from None


def ensure_repository(remote: Remote, present: Repository | None, *, private: bool, gated: str | None) -> Repository:
    """Create the repository if need be, private, and gate it before it holds anything.

    Args:
        remote: the repository.
        present: its state, None if there is none yet.
        private: whether it has to be private.
        gated: ``auto`` or ``manual`` if it has to be gated, else None.

    Raises:
        PublishError: the Hub refused or does not confirm the settings, or could not be reached.
    """
    api, repo_type, repo = remote.api, remote.repo_type, remote.name
    if present is None:
        with translate_hub_errors(f"creating {repo!r}"):
            retry(lambda: api.create_repo(repo, repo_type=repo_type, private=True, exist_ok=True))
        present = fetch_repository(remote)
        if present is None:
            raise PublishError(f"creating {repo!r}: the Hub does not show it; check who may see it, and try again")
        check_repository(present, None, private=False)
    if gated is not None and present.gated != gated:
        restrict_repository(remote, gated)
    verify_settings(remote, private=private or None, gated=gated, consequence="nothing was sent")
    return present


def commit_files(
    remote: Remote,
    version: Version,
    files: Sequence[PublishedFile],
    present: Repository,
    progress: Progress,
    *,
    private: bool,
    gated: str | None,
) -> str:
    """Send files, the large ones first and batch by batch, then make the one commit.

    Args:
        remote: the repository.
        version: which version it is.
        files: everything that the repository is to hold; files of an earlier version are removed.
        present: the repository as it is; if somebody changes it in the meantime, nothing is committed.
        progress: called with phase, files sent and files in all.
        private: whether to commit nothing if the repository has become public.
        gated: ``auto`` or ``manual`` to commit nothing if the repository is no longer gated so, else None.

    Returns:
        The SHA of the commit; that of the last one if nothing changed.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.errors import HfHubHTTPError

    api, repo_type, repo = remote.api, remote.repo_type, remote.name
    check_storage(remote)
    with translate_hub_errors(f"preparing the files of {repo!r}"):
        additions = {file.path: CommitOperationAdd(file.path, file.local) for file in files}
    for position, batch in _iter_batches(files):
        progress("upload", position, len(files))
        remainder = f" and {len(batch) - 1} more" if len(batch) > 1 else ""
        with translate_hub_errors(f"sending {batch[0].path}{remainder}"):
            api.preupload_lfs_files(
                repo, [additions[file.path] for file in batch], repo_type=repo_type, free_memory=False
            )
    progress("upload", len(files), len(files))
    recorded = {file["path"] for file in present.decode_last_record().get("files", ())}
    # A record is trusted for data files and figures only.
    obsolete = sorted(
        path
        for path in (recorded - set(additions)) & present.files
        if is_data_file(path, repo_type) or path.split("/")[0] == _FIGURES
    )
    operations = [*additions.values(), *(CommitOperationDelete(path, is_folder=False) for path in obsolete)]
    label = "Data" if repo_type == "dataset" else "Model"
    verify_settings(remote, private=private or None, gated=gated, consequence="nothing was committed")
    with translate_hub_errors(f"committing to {repo!r}"):
        try:
            commit = retry(
                lambda: api.create_commit(
                    repo, operations, repo_type=repo_type, parent_commit=present.head,
                    commit_message=f"Version {version.tag}", commit_description=f"{label}: SHA-256 {version.checksum}",
                )
            )  # fmt: skip
        except HfHubHTTPError as error:
            if error.response.status_code != 412:
                raise
            # The newer commit may be ours: made, and its answer lost on the way.
            current = fetch_repository(remote)
            contents = {file.path: file.local.read_bytes() for file in files if file.path in {CARD_FILE, RECORD_FILE}}
            ours = (contents[CARD_FILE], contents[RECORD_FILE])
            if current is None or (current.card, current.record) != ours:
                raise
            return current.head
    return str(commit.oid)


def verify_commit(remote: Remote, commit: str, files: Sequence[PublishedFile]) -> None:
    """Make sure that a commit holds every file with the same bytes as the local copy.

    Raises:
        PublishError: it does not.
    """
    paths = [file.path for file in files]
    with translate_hub_errors(f"looking at the files of {remote.name!r}"):
        entries = {
            entry.path: entry
            for start in range(0, len(paths), _PATHS_PER_REQUEST)
            for entry in _fetch_entries(remote, paths[start : start + _PATHS_PER_REQUEST], commit)
        }
    for file in files:
        entry = entries.get(file.path)
        large = getattr(entry, "lfs", None)
        is_equal = large.sha256 == file.sha256 if large else getattr(entry, "blob_id", "") == _compute_blob_id(file)
        if not is_equal:
            raise PublishError(
                f"{file.path} in the commit to {remote.name!r} differs from the local file; check it on the Hub, then "
                "run the command again"
            )


def _fetch_entries(remote: Remote, paths: Sequence[str], commit: str) -> list[RepoFile | RepoFolder]:
    return retry(
        lambda: remote.api.get_paths_info(remote.name, list(paths), revision=commit, repo_type=remote.repo_type)
    )


def set_tag(remote: Remote, version: Version, commit: str, *, move: bool) -> None:
    """Let the tag of a version point to a commit.

    Args:
        remote: the repository.
        version: whose tag.
        commit: SHA of its commit.
        move: whether a tag that points to another commit is moved.

    Raises:
        PublishError: somebody else has set it, or the Hub refused, or could not be reached.
    """
    api, repo_type, repo, tag = remote.api, remote.repo_type, remote.name, version.tag
    with translate_hub_errors(f"setting the tag {tag!r} of {repo!r}"):
        if move:
            refs = retry(lambda: api.list_repo_refs(repo, repo_type=repo_type))
            if any(ref.name == tag and ref.target_commit != commit for ref in refs.tags):
                retry(lambda: api.delete_tag(repo, repo_type=repo_type, tag=tag))
        retry(lambda: api.create_tag(repo, repo_type=repo_type, tag=tag, revision=commit, exist_ok=True))
        refs = retry(lambda: api.list_repo_refs(repo, repo_type=repo_type))
    if not any(ref.name == tag and ref.target_commit == commit for ref in refs.tags):
        raise PublishError(f"the tag {tag!r} of {repo!r} was set by somebody else in the meantime; check it on the Hub")


def _compute_blob_id(file: PublishedFile) -> str:
    """Return the object id that git gives to the bytes of a file."""
    content = file.local.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _parse_reasons(answer: str) -> str:
    """Return what the Hub objects to, from its JSON or text."""
    try:
        errors = json.loads(answer).get("errors") or []
        return "; ".join(str(error.get("message")) for error in errors) or "it gives no reason"
    except (ValueError, AttributeError):
        return " ".join(answer.split()) or "it gives no reason"


def _iter_batches(files: Sequence[PublishedFile]) -> Iterator[tuple[int, list[PublishedFile]]]:
    """Yield files to send together, and how many come before them."""
    batch: list[PublishedFile] = []
    for index, file in enumerate(files):
        if batch and sum(item.bytes for item in batch) + file.bytes > BATCH_BYTES:
            yield index - len(batch), batch
            batch = []
        batch.append(file)
    if batch:
        yield len(files) - len(batch), batch
