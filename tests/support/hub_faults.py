"""What can go wrong between a client and the Hub: faults that `HubServer.faults` may answer for a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Status:
    """The request is not handled and answered with `code`; the two delays, in seconds, are the forms the Hub uses."""

    code: int
    retry_after: int | None = None
    ratelimit: int | None = None

    def headers(self):
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.ratelimit is not None:
            headers["RateLimit"] = f'"api";r=0;t={self.ratelimit}'
            headers["RateLimit-Policy"] = '"fixed window";"api";q=500;w=300'
        return headers


@dataclass(frozen=True)
class Cut:
    """The connection is closed before the request is handled, after it in place of its answer, or amid the answer.

    Then comes `action`.
    """

    when: Literal["before", "after", "midway"]
    action: Callable[[], None] = int


@dataclass(frozen=True)
class Corrupt:
    """The bytes of an upload are damaged where they are stored, those of a download on the way; all else is as always."""


@dataclass(frozen=True)
class Expired:
    """Every token is refused from this request on, until `HubServer.renew`."""


Fault = Status | Cut | Corrupt | Expired
Faults = Callable[[int, str, str], Fault | None]


def fail_at(number: int, fault: Fault) -> Faults:
    """Return faults of one request, by its number from 1."""
    return lambda request_number, _method, _path: fault if request_number == number else None


def fail_first(times: int, method: str, fragment: str, fault: Fault) -> Faults:
    """Return faults of the first `times` requests by `method` whose path holds `part`."""
    remaining = [times]

    def faults(_number, request_method, path):
        if request_method != method or fragment not in path or not remaining[0]:
            return None
        remaining[0] -= 1
        return fault

    return faults


def combine_faults(*alternatives: Faults) -> Faults:
    """Return faults that ask each of `several` in turn."""
    return lambda *request: next((fault for faults in alternatives if (fault := faults(*request)) is not None), None)


class Kill:
    """Ends a client: every connection from request `number` on is cut, until `lift`.

    With `when="after"` the request of that number is still handled: a client that is gone could not send it whole.
    `action`, such as a process's `kill`, is called once, then: a client that retries for half a minute ends at once.
    """

    def __init__(self, number: int, when: Literal["before", "after"] = "before", action: Callable[[], None] = int):
        self.number, self.when, self.action = number, when, action
        self.struck = self.lifted = False

    def __call__(self, number, _method, _path):
        if self.lifted or number < self.number:
            return None
        if self.struck:
            return Cut("before")
        self.struck = True
        return Cut(self.when, self.action)

    def lift(self):
        self.lifted = True
