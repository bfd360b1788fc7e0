"""Random choices that follow from a secret key and a value."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


class KeyedRandom:
    """A random generator: HMAC-SHA256 (RFC 2104) of a counter, under a key derived from its arguments.

    Without the key, nothing about the stream can be predicted; with it, the same subject gives the same stream on every
    machine.

    Args:
        key: the secret.
        subject: what the choices are for, such as type and value.
    """

    __slots__ = ("_counter", "_seed")

    def __init__(self, key: bytes, *subject: str) -> None:
        # JSON, because joined strings would make ("a", "bc") and ("ab", "c") the same.
        self._seed = hmac.digest(key, json.dumps(subject).encode(), "sha256")
        self._counter = 0

    def randbelow(self, limit: int) -> int:
        """Return a number from 0 to ``limit`` - 1."""
        block = hmac.digest(self._seed, self._counter.to_bytes(8, "big"), "sha256")
        self._counter += 1
        return int.from_bytes(block[:8], "big") % limit

    def choice(self, options: Sequence[_T]) -> _T:
        """Return one of some options."""
        return options[self.randbelow(len(options))]

    def digits(self, count: int) -> str:
        """Return a number of random decimal digits."""
        return "".join(str(self.randbelow(10)) for _ in range(count))
