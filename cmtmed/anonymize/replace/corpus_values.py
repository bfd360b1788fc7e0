"""The values that occur in a corpus, known by keyed digests only: no surrogate may be one of them.

A surrogate that is somebody else's name in the same corpus would say something untrue about that person. So before
anything is replaced, the values of the whole corpus are collected, each as 64 bits of HMAC-SHA256 under the secret key:
without the key, nobody who sees the digests can test a guess. If a candidate shares the digest of another value, it is
drawn again, which does no harm.
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
"""Keeps these digests apart from others under the same key; part of every digest on disk."""
_NORMALIZERS: Final = {identifier_type: family.normalize for identifier_type, family in FAMILIES.items()}


class CorpusValues:
    """A set of values, known by their digests only.

    Args:
        key: the secret under which the digests were computed.
        digests: unsigned 64-bit integers, sorted.
    """

    __slots__ = ("_digests", "_key")

    def __init__(self, key: bytes, digests: Sequence[int] | pl.Series) -> None:
        self._key = key
        self._digests = np.asarray(digests, dtype=np.uint64)

    def __contains__(self, value: object) -> bool:
        if not len(self._digests):
            return False
        digest = np.uint64(_hash_value(self._key, str(value)))
        position = int(np.searchsorted(self._digests, digest))
        return position < len(self._digests) and bool(self._digests[position] == digest)


def hash_values(key: bytes, identifiers: Iterable[tuple[str, str]]) -> pl.Series:
    """Return the digests of values, without duplicates and sorted.

    Args:
        key: the secret.
        identifiers: type and text of identifiers, as they stand in the corpus. Dates and ages are skipped: a shifted
            date may well be somebody else's date.
    """
    values = {
        _NORMALIZERS[identifier_type](text) if identifier_type in _NORMALIZERS else canonicalize(text).text
        for identifier_type, text in set(identifiers)
        if identifier_type == "PERSON" or identifier_type in _NORMALIZERS
    }
    return pl.Series("digest", sorted({_hash_value(key, value) for value in values}), dtype=pl.UInt64)


def _hash_value(key: bytes, value: str) -> int:
    return int.from_bytes(hmac.digest(key, _PURPOSE + value.encode("utf-8", "surrogatepass"), "sha256")[:8], "big")
