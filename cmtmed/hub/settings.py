"""Settings of a repository that protect its data, and what the server is able to do, read back from the server.

Not every server that speaks the Hub's protocol is the Hub. One may accept a setting and ignore it, so nothing is sent,
and nothing becomes public, before the server itself has confirmed what was asked of it.
"""

from __future__ import annotations

from typing import Final

from cmtmed.errors import PublishError
from cmtmed.hub.client import MISSING_ROUTE_STATUSES, retry, translate_hub_errors, uses_xet
from cmtmed.hub.repository import Remote

_XET_HEADER: Final = "X-Xet-Access-Token"


def verify_settings(remote: Remote, *, private: bool | None, gated: str | None, consequence: str) -> None:
    """Make sure that the server shows a repository as it was asked to.

    Args:
        remote: the repository.
        private: whether it has to be private, or has to be public; None if either will do.
        gated: ``auto`` or ``manual`` if people have to agree to terms before they get access; None if either will do.
        consequence: what has not happened yet, or was undone; ends the statement of the fact.

    Raises:
        PublishError: the server shows something else, refused, or could not be reached.
    """
    repo = remote.name
    with translate_hub_errors(f"reading the settings of {repo!r}"):
        info = retry(lambda: remote.api.repo_info(repo, repo_type=remote.repo_type))
    if private is not None and info.private is not private:
        wanted = "private" if private else "public"
        way_out = "make it private there, or publish it with --public" if private else "make it public there"
        raise PublishError(
            f"{repo!r} is to be {wanted}, but the server {remote.api.endpoint} says private: {info.private}; "
            f"{consequence}; {way_out}"
        )
    if gated is not None and info.gated != gated:
        raise PublishError(
            f"{repo!r} is to be gated ({gated}), but the server {remote.api.endpoint} says gated: {info.gated}; "
            f"{consequence}; close the gate there, or publish without --gated"
        )


def restrict_repository(remote: Remote, gated: str) -> None:
    """Ask the server to let only people in who have agreed to terms.

    Raises:
        PublishError: the server refused, or could not be reached.
    """
    with translate_hub_errors(f"gating {remote.name!r}"):
        retry(lambda: remote.api.update_repo_settings(remote.name, repo_type=remote.repo_type, gated=gated))


def make_public(remote: Remote, *, gated: str | None) -> None:
    """Make a repository public once the server confirms its gate, and private again if the gate went with that.

    Args:
        remote: the repository.
        gated: ``auto`` or ``manual`` if the repository has to be gated, else None.

    Raises:
        PublishError: the server does not confirm a setting, refused, or could not be reached.
    """
    verify_settings(remote, private=None, gated=gated, consequence="the repository was not made public")
    _set_private(remote, private=False)
    try:
        verify_settings(remote, private=False, gated=gated, consequence="the repository was made private again")
    except PublishError:
        _set_private(remote, private=True)
        raise


def _set_private(remote: Remote, *, private: bool) -> None:
    with translate_hub_errors(f"making {remote.name!r} {'private' if private else 'public'}"):
        retry(lambda: remote.api.update_repo_settings(remote.name, repo_type=remote.repo_type, private=private))


def check_storage(remote: Remote) -> None:
    """Make sure that the server offers the protocol by which the client will send large files.

    Where the package ``hf_xet`` is installed, the client sends them by Xet without asking the server.

    Raises:
        PublishError: the server does not know the protocol, refused, or could not be reached.
    """
    from huggingface_hub.errors import HfHubHTTPError

    if not uses_xet():
        return
    with translate_hub_errors(f"asking for the storage of {remote.name!r}"):
        try:
            reason = "" if retry(lambda: _grants_xet(remote)) else "it grants no access"
        except HfHubHTTPError as error:
            status = error.response.status_code
            if status not in MISSING_ROUTE_STATUSES:
                raise
            reason = f"status {status}"
    if reason:
        raise PublishError(
            f"the server {remote.api.endpoint} has no Xet storage ({reason}), but the client sends large files by Xet; "
            "nothing was sent; set HF_HUB_DISABLE_XET=1 and run the same command again"
        )


def _grants_xet(remote: Remote) -> bool:
    """Return whether the server grants access to Xet storage."""
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    url = f"{remote.api.endpoint}/api/{remote.repo_type}s/{remote.name}/xet-write-token/main"
    response = get_session().get(url, headers=build_hf_headers(token=remote.api.token))
    hf_raise_for_status(response)
    return _XET_HEADER in response.headers
