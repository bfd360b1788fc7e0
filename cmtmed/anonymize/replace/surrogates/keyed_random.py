"""Choices that a secret key and a value determine."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


class Draws:
    """A stream of choices: HMAC-SHA256 (RFC 2104) of a counter, under a key derived from what is told.

    Without the key nothing about the stream can be said; with it the same words give the same stream on every
    machine.

    Args:
        key: the secret.
        told: what the choices are about.
    """

    __slots__ = ("_at", "_seed")

    def __init__(self, key: bytes, *told: str) -> None:
        # JSON, because joined strings would let ("a", "bc") and ("ab", "c") meet.
        self._seed = hmac.digest(key, json.dumps(told).encode(), "sha256")
        self._at = 0

    def below(self, bound: int) -> int:
        """Return a number from 0 to ``bound`` - 1."""
        block = hmac.digest(self._seed, self._at.to_bytes(8, "big"), "sha256")
        self._at += 1
        return int.from_bytes(block[:8], "big") % bound

    def choice(self, options: Sequence[_T]) -> _T:
        """Return one of some options."""
        return options[self.below(len(options))]

    def digits(self, count: int) -> str:
        """Return that many decimal digits."""
        return "".join(str(self.below(10)) for _ in range(count))
