"""Selections of records: the first ones of a crawl, or a uniform sample of all.

A sample holds the records whose positions have the smallest hashes, so that it depends on the seed and the files alone,
not on how the work is divided, and only hashes are kept while it is drawn.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from cmtmed.errors import UsageError

Size = Annotated[int, Field(ge=1)]


class Selection(BaseModel):
    """Which records of a crawl a build reads: the first ``limit``, or ``sample`` of all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: Size | None = Field(default=None, description="Number of records read from the start of the crawl.")
    sample: Size | None = Field(default=None, description="Number of records drawn from the whole crawl.")
    seed: int = Field(default=0, description="Seed of the sample.")

    def describe(self) -> str:
        """Describe the selection in some words.

        >>> Selection(sample=1000).describe()
        'a sample of 1,000 records'
        """
        return f"the first {self.limit:,} records" if self.limit else f"a sample of {self.sample or 0:,} records"


def create_selection(limit: int | None, sample: int | None, seed: int) -> Selection | None:
    """Return the selection that the options of a build describe, or None for all records.

    Raises:
        UsageError: both are given, or one is less than 1.
    """
    if limit is not None and sample is not None:
        raise UsageError(f"limit ({limit}) and sample ({sample}) exclude each other; give one of the two")
    for name, size in (("limit", limit), ("sample", sample)):
        if size is not None and size < 1:
            raise UsageError(f"{name} is {size}; set it to 1 or more, or omit it to read the whole crawl")
    if limit is None and sample is None:
        return None
    return Selection(limit=limit, sample=sample, seed=seed if sample is not None else 0)


class Selector(Protocol):
    """Decides record by record what is read."""

    @property
    def is_done(self) -> bool:
        """Whether no further record will be taken."""

    def takes(self, label: str, number: int) -> bool:
        """Return whether the record with this number (from 1) is read; ``label`` names the file or its member."""


class FirstRecords:
    """Takes the first records that it is asked about."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    @property
    def is_done(self) -> bool:
        """Whether the limit is reached."""
        return self._left <= 0

    def takes(self, label: str, number: int) -> bool:  # noqa: ARG002 (the order decides)
        """Return whether the limit is not reached yet."""
        self._left -= 1
        return self._left >= 0


@dataclass
class HashedRecords:
    """Takes the records whose position has a hash of at most ``threshold``.

    Attributes:
        seed: seed of the sample.
        file: number of the file in the crawl.
        threshold: largest hash that is taken.
    """

    seed: int
    file: int
    threshold: int
    is_done: bool = False

    def takes(self, label: str, number: int) -> bool:
        """Return whether the hash of the position is small enough."""
        return hash_position(self.seed, self.file, label, number) <= self.threshold


class SmallestHashes:
    """Takes no record, and keeps the smallest hashes of all positions it is asked about.

    Args:
        seed: seed of the sample.
        size: number of hashes kept.
    """

    is_done = False

    def __init__(self, seed: int, size: int) -> None:
        self.file = 0
        self._seed, self._size = seed, size
        self._heap: list[int] = []  # negative, so that the largest is removed first

    @property
    def hashes(self) -> list[int]:
        """The hashes kept, in ascending order."""
        return sorted(-value for value in self._heap)

    def takes(self, label: str, number: int) -> bool:
        """Keep the hash of the position if it is among the smallest; return False."""
        value = -hash_position(self._seed, self.file, label, number)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, value)
        elif value > self._heap[0]:
            heapq.heapreplace(self._heap, value)
        return False


def hash_position(seed: int, file: int, label: str, number: int) -> int:
    """Return the hash of a record's position, uniform from 0 to 2^63 - 1."""
    digest = hashlib.blake2b(f"{seed}\0{file}\0{label}\0{number}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def find_threshold(hashes: Iterable[int], size: int) -> int:
    """Return the hash up to which records belong to a sample; -1 if there are no records.

    Args:
        hashes: the smallest hashes of each part of the crawl, at least ``size`` of each or all.
        size: size of the sample.
    """
    smallest = heapq.nsmallest(size, hashes)
    return smallest[-1] if smallest else -1
