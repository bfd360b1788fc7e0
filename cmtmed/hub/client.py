"""The Hub's client: errors translated into those of this library, and requests retried where that can help.

`huggingface_hub` itself retries the requests of uploads, after the delay that the server asks for. The other requests
(create, settings, commit, tag, look-ups) are retried here in the same way.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeVar

from cmtmed._version import __version__
from cmtmed.errors import CmtmedError, PublishError, UsageError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

log = logging.getLogger("cmtmed.hub")

MAX_ATTEMPTS: Final = 6
MAX_RETRY_AFTER: Final = 300.0
"""Longest Retry-After we honour, in seconds; beyond it we fail."""
_RETRIED_STATUSES: Final = frozenset((408, 429, 500, 502, 503, 504))
MISSING_ROUTE_STATUSES: Final = frozenset((404, 405, 410, 501))
"""Status codes of a server that does not know a path, or not this method of it."""
_NETWORK_LIBRARIES: Final = ("httpx", "httpx2", "httpcore", "httpcore2")
_REFUSALS: Final = {
    401: "the Hub does not accept the token (wrong, expired, or no access); run hf auth login, or set HF_TOKEN",
    403: "the token has no write access; use one that can write to that user or organisation",
    404: "the Hub has no such repository or version, or the token cannot see it; check the names and the token",
    405: "the server does not offer this part of the Hub's interface; check HF_ENDPOINT, and ask who runs the server",
    409: "something of that name exists already; choose another name",
    412: "somebody else changed the repository in the meantime; look at it and run the command again",
    413: "the Hub finds the files too large; ask for more storage",
    429: "the Hub asks to slow down; wait, then run the same command again to resume",
    501: "the server does not offer this part of the Hub's interface; check HF_ENDPOINT, and ask who runs the server",
}
_Result = TypeVar("_Result")


def connect() -> HfApi:
    """Return a client with the token of this machine (``HF_TOKEN``, or what ``hf auth login`` stored).

    Raises:
        UsageError: there is no token, or the client is in offline mode.
    """
    from huggingface_hub import HfApi, constants, get_token

    if constants.is_offline_mode():
        raise UsageError("HF_HUB_OFFLINE is set, so nothing can be published; unset it, or use --dry-run")
    if not get_token():
        raise UsageError("no Hub token on this machine; run hf auth login, or set HF_TOKEN")
    return HfApi(library_name="cmtmed", library_version=__version__)


@contextmanager
def translate_hub_errors(action: str) -> Iterator[None]:
    """Translate whatever the Hub's client raises inside the block into an error that says what to do.

    The texts of the client's errors are left out: they may contain presigned upload URLs.

    Args:
        action: what the block does, such as ``creating 'org/name'``; begins the message.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    try:
        yield
    except CmtmedError:
        raise
    except Exception as error:
        reason = _explain_failure(error)
        if reason is None:
            raise
        raise PublishError(f"{action}: {reason}") from None


def _explain_failure(error: BaseException) -> str | None:
    """Say what went wrong and what to do; None for an error that has nothing to do with the Hub.

    A server that refuses is told from a line that was cut: only after the latter does the same command help.
    """
    from huggingface_hub.errors import HfHubHTTPError

    # The client wraps failures of upload threads, and errors of look-ups that precede a download.
    causes = list(_iter_causes(error))
    for cause in causes:
        if isinstance(cause, HfHubHTTPError):
            return _explain_refusal(cause)
    for cause in causes:
        if isinstance(cause, json.JSONDecodeError):
            return "the answer does not come from the Hub; check HF_ENDPOINT and the network"
        library = type(cause).__module__.split(".")[0]
        if library in _NETWORK_LIBRARIES or isinstance(cause, (ConnectionError, TimeoutError)):
            hint = "; if that does not help, set HF_HUB_DISABLE_XET=1" if library == "builtins" and uses_xet() else ""
            return f"no connection to the Hub ({type(cause).__name__}); run the same command again to resume{hint}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{error.strerror} on this machine; mend that, then run the same command again to resume"
    if type(error).__module__.split(".")[0] in {"huggingface_hub", "hf_xet"} or isinstance(
        error, (OSError, RuntimeError, ValueError)
    ):
        return (
            f"the Hub's client failed ({type(error).__name__}); check HF_ENDPOINT, and that the server offers the "
            "Hub's interface"
        )
    return None


def _iter_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, the outermost first."""
    cause: BaseException | None = error
    visited: set[int] = set()
    while cause is not None and id(cause) not in visited:
        visited.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def uses_xet() -> bool:
    """Return whether the client sends large files by Xet: it does wherever the package is installed."""
    from huggingface_hub import constants

    return not constants.HF_HUB_DISABLE_XET and find_spec("hf_xet") is not None


def retry(call: Callable[[], _Result], *, patient: bool = True) -> _Result:
    """Call, and call again while the Hub is overloaded or unreachable, after the delay that it asks for.

    Args:
        call: the request.
        patient: False for a single attempt.

    Raises:
        Exception: whatever the last attempt raised.
    """
    from huggingface_hub.errors import HfHubHTTPError

    attempts = MAX_ATTEMPTS if patient else 1
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except HfHubHTTPError as error:
            delay = _retry_delay(error.response.headers, attempt)
            if error.response.status_code not in _RETRIED_STATUSES or attempt == attempts or delay > MAX_RETRY_AFTER:
                raise
            log.info("the Hub answered %d; trying again in %.0f s", error.response.status_code, delay)
        except Exception as error:
            # An overloaded server may answer with an HTML page instead of JSON.
            transient = (
                isinstance(error, json.JSONDecodeError) or type(error).__module__.split(".")[0] in _NETWORK_LIBRARIES
            )
            if not transient or attempt == attempts:
                raise
            delay = _retry_delay({}, attempt)
            log.info("no answer from the Hub (%s); trying again in %.0f s", type(error).__name__, delay)
        time.sleep(delay)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def quiet_hub_client() -> Iterator[None]:
    """Silence progress bars and logs of the client and its libraries: they show presigned upload URLs."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    from huggingface_hub.utils import logging as hub_logging

    bars_enabled = not are_progress_bars_disabled()
    loggers = [hub_logging.get_logger("huggingface_hub"), *map(logging.getLogger, _NETWORK_LIBRARIES)]
    levels = [logger.level for logger in loggers]
    disable_progress_bars()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars_enabled:
            enable_progress_bars()


def _retry_delay(headers: Mapping[str, str], attempt: int) -> float:
    """Return seconds to wait: what the server asks for, else exponential backoff."""
    from huggingface_hub.utils import parse_ratelimit_headers

    retry_after = str(headers.get("Retry-After", ""))
    if retry_after.isdecimal():
        return float(retry_after)
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds) + 1
    return min(2.0 ** (attempt - 1), 30.0)


def _explain_refusal(error: HfHubHTTPError) -> str:
    status = error.response.status_code
    request = error.response.headers.get("x-request-id")
    if status == 404 and "x-error-code" not in error.response.headers:
        # The Hub itself always says what it does not have.
        return (
            f"the server has no {error.response.request.url.path} (status 404); check the name and HF_ENDPOINT, and "
            "that the server offers this part of the Hub's interface"
        )
    fallback = (
        "the Hub failed; run the same command again to resume"
        if status >= 500
        else "the Hub refused; see its status page"
    )
    return f"{_REFUSALS.get(status, fallback)} (status {status}{f', request {request}' if request else ''})"
