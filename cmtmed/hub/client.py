"""Talk to the Hub: `huggingface_hub` does, and here its failures become ours and are tried again where that helps.

The library repeats the requests of uploads by itself, after the delay that the server asks for. The remaining ones
(create, settings, commit, tag, look-ups) are repeated here in the same way.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cmtmed._version import __version__
from cmtmed.errors import CmtmedError, PublishError, UsageError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

log = logging.getLogger("cmtmed.hub")

TRIES: Final = 6
LONGEST_WAIT: Final = 300.0
"""Seconds; a server that asks for more is told of, not waited for."""
_AGAIN: Final = frozenset((408, 429, 500, 502, 503, 504))
_NETWORK: Final = ("httpx", "httpx2", "httpcore", "httpcore2")
_Result = TypeVar("_Result")


def connect() -> HfApi:
    """Return a client with the token of this machine (``HF_TOKEN``, or what ``hf auth login`` stored).

    Raises:
        UsageError: there is no token, or the client is told to stay offline.
    """
    from huggingface_hub import HfApi, constants, get_token

    if constants.is_offline_mode():
        raise UsageError("HF_HUB_OFFLINE is set, so nothing can be published; unset it, or use --dry-run")
    if not get_token():
        raise UsageError("no token of the Hub on this machine; run hf auth login, or set HF_TOKEN")
    return HfApi(library_name="cmtmed", library_version=__version__)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn whatever the Hub's client raises inside the block into an error that says what to do.

    The texts of the client's errors are left out: they may hold addresses that are good for writing.

    Raises:
        PublishError: the Hub refused, or could not be reached.
    """
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except CmtmedError:
        raise
    except HfHubHTTPError as error:
        raise PublishError(f"{doing}: {_refusal(error)}") from None
    except json.JSONDecodeError:
        raise PublishError(f"{doing}: the answer is none of the Hub's; check HF_ENDPOINT and the network") from None
    except (OSError, RuntimeError, ValueError) as error:
        # What the client wraps (an upload thread's failure) or the network raises.
        below = error.__cause__
        if isinstance(below, HfHubHTTPError):
            raise PublishError(f"{doing}: {_refusal(below)}") from None
        raise PublishError(f"{doing}: {type(below or error).__name__}; the same command goes on from here") from None
    except Exception as error:
        if type(error).__module__.split(".")[0] in {*_NETWORK, "hf_xet"}:
            raise PublishError(
                f"{doing}: no connection to the Hub ({type(error).__name__}); the same command goes on from here"
            ) from None
        raise


def repeated(call: Callable[[], _Result], *, patient: bool = True) -> _Result:
    """Call, and call again while the Hub is overloaded or out of reach, after the delay that it asks for.

    Args:
        call: what to do.
        patient: False if one try is enough.

    Raises:
        Whatever the last try raised.
    """
    from huggingface_hub.errors import HfHubHTTPError

    tries = TRIES if patient else 1
    for trial in range(1, tries + 1):
        try:
            return call()
        except HfHubHTTPError as error:
            wait = _delay(error.response.headers, trial)
            if error.response.status_code not in _AGAIN or trial == tries or wait > LONGEST_WAIT:
                raise
            log.info("the Hub answered %d; trying again in %.0f s", error.response.status_code, wait)
        except Exception as error:
            # A server that is overloaded may answer with a page in place of JSON.
            passing = isinstance(error, json.JSONDecodeError) or type(error).__module__.split(".")[0] in _NETWORK
            if not passing or trial == tries:
                raise
            wait = _delay({}, trial)
            log.info("no answer from the Hub (%s); trying again in %.0f s", type(error).__name__, wait)
        time.sleep(wait)
    raise AssertionError("the last try returns or raises")


@contextmanager
def hushed() -> Iterator[None]:
    """Keep bars and logs of the client and its libraries away: they name addresses that are good for writing."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    from huggingface_hub.utils import logging as hub_logging

    shown = not are_progress_bars_disabled()
    loggers = [hub_logging.get_logger("huggingface_hub"), *map(logging.getLogger, _NETWORK)]
    levels = [one.level for one in loggers]
    disable_progress_bars()
    for one in loggers:
        one.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
        if shown:
            enable_progress_bars()


def _delay(headers: Mapping[str, Any], trial: int) -> float:
    """Return seconds to wait: what the server says, else twice as long each time."""
    from huggingface_hub.utils import parse_ratelimit_headers

    asked = str(headers.get("Retry-After", ""))
    if asked.isdecimal():
        return float(asked)
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds) + 1
    return min(2.0 ** (trial - 1), 30.0)


def _refusal(error: Any) -> str:
    status = error.response.status_code
    request = error.response.headers.get("x-request-id")
    known = {
        401: "the Hub does not accept the token (wrong, expired, or no access); run hf auth login, or set HF_TOKEN",
        403: "the token may not write there; use one with write access to that user or organisation",
        404: "the Hub knows no such repository or version, or the token may not see it; check the names and the token",
        409: "something of that name exists already; choose another name",
        412: "somebody else changed the repository meanwhile; look at it and run the command again",
        413: "the Hub finds the files too large; ask for more storage",
        429: "the Hub asks to slow down; wait and run the command again, it goes on from here",
    }
    again = "the Hub failed; the same command goes on from here"
    reason = known.get(status) or (again if status >= 500 else "the Hub refused; see its status page")
    return f"{reason} (status {status}{f', request {request}' if request else ''})"
