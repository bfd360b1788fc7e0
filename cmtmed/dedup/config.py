"""Parameters of near-duplicate detection."""

from __future__ import annotations

from dataclasses import dataclass

from cmtmed.dedup.lsh import choose_bands
from cmtmed.errors import UsageError


@dataclass(frozen=True)
class MinHashConfig:
    """Parameters of near-duplicate detection.

    Attributes:
        threshold: minimum Jaccard similarity, above 0 and at most 1.
        ngram: code points per shingle.
        num_perm: values per signature.
        seed: seed of the signatures.
        recall: minimum probability that a pair right at the threshold becomes a candidate.
        threads: number of threads, all cores by default; the result does not depend on it.

    Raises:
        UsageError: a number is out of range.
    """

    threshold: float = 0.8
    ngram: int = 5
    num_perm: int = 128
    seed: int = 1
    recall: float = 0.998
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 < self.threshold <= 1:
            raise UsageError(f"threshold is {self.threshold}; it must be a Jaccard similarity above 0 and at most 1")
        if self.ngram < 1:
            raise UsageError(f"ngram is {self.ngram}; it must be at least 1 character per shingle")
        if self.num_perm < 2:
            raise UsageError(f"num_perm is {self.num_perm}; it must be at least 2, such as 128")
        if not 0 < self.recall < 1:
            raise UsageError(f"recall is {self.recall}; it must be a probability above 0 and below 1, such as 0.998")

    @property
    def bands(self) -> tuple[int, int]:
        """Number of bands, and signature values per band."""
        return choose_bands(self.threshold, self.num_perm, self.recall)
