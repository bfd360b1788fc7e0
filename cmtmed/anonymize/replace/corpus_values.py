"""The values that a corpus holds, as digests: what no surrogate may be.

A surrogate that is somebody else's name in the same corpus would tell a lie about that person. So before anything is
replaced, the values of the whole corpus are collected, each as 64 bits of HMAC-SHA256 under the secret key: whoever
sees the digests and lacks the key can test no guess. Two values under one digest make a surrogate be drawn again,
which does no harm.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import polars as pl

from cmtmed.anonymize.detect.canonical import canonicalize
from cmtmed.anonymize.replace.surrogates.families import FAMILIES

_PURPOSE: Final = b"cmtmed: seen\0"
_VALUES: Final = {kind: family.value for kind, family in FAMILIES.items()}


class Seen:
    """A set of values, known by their digests alone.

    Args:
        key: the secret that the digests were made under.
        digests: unsigned 64-bit integers, sorted.
    """

    __slots__ = ("_digests", "_key")

    def __init__(self, key: bytes, digests: Sequence[int] | pl.Series) -> None:
        self._key = key
        self._digests = np.asarray(digests, dtype=np.uint64)

    def __contains__(self, value: object) -> bool:
        if not len(self._digests):
            return False
        digest = np.uint64(_digest(self._key, str(value)))
        at = int(np.searchsorted(self._digests, digest))
        return at < len(self._digests) and bool(self._digests[at] == digest)


def digests(key: bytes, found: Iterable[tuple[str, str]]) -> pl.Series:
    """Return the digests of values, each once and sorted.

    Args:
        key: the secret.
        found: type and text of identifiers, as they stand in the corpus. Days and ages are no values in this sense:
            a shifted day may be somebody else's day.
    """
    values = {
        _VALUES[kind](text) if kind in _VALUES else canonicalize(text).text
        for kind, text in set(found)
        if kind == "PERSON" or kind in _VALUES
    }
    return pl.Series("digest", sorted({_digest(key, value) for value in values}), dtype=pl.UInt64)


def _digest(key: bytes, value: str) -> int:
    return int.from_bytes(hmac.digest(key, _PURPOSE + value.encode("utf-8", "surrogatepass"), "sha256")[:8], "big")
