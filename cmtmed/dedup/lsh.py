"""Locality-sensitive hashing: which pairs of signatures are worth comparing.

Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3.4: cut into ``bands`` of ``rows`` values, two
signatures with similarity j share a band with probability ``1 - (1 - j**rows)**bands``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.shingle import Positions, UInt64s, default_threads, in_threads

_NEAR: Final = 8
"""In a run of equal keys that is too long each member is compared with so many before it, and with so many at its
beginning."""

ERRORS: Final = 4
"""Standard errors by which the signatures of a true pair may disagree: one pair in 30,000 disagrees more."""

_BAND_BYTES: Final = 2**31
"""Memory for the tables of all bands that are worked on at a time."""


def choose_bands(threshold: float, num_perm: int, recall: float = 0.998) -> tuple[int, int]:
    """Return (bands, rows): the most rows, hence the fewest false candidates, whose recall at the threshold suffices.

    datasketch's choice balances missed pairs against false ones; here false ones are removed by an exact comparison,
    so recall alone decides.

    >>> choose_bands(0.8, 128)
    (21, 6)
    """
    for rows in range(num_perm, 1, -1):
        bands = num_perm // rows
        if 1 - (1 - threshold**rows) ** bands >= recall:
            return bands, rows
    return num_perm, 1


def candidates(
    keys: Callable[[int], UInt64s],
    bands: int,
    low: npt.NDArray[np.uint8],
    members: Positions,
    *,
    threshold: float,
    run: int,
    threads: int | None = None,
) -> tuple[Positions, Positions]:
    """Return the pairs that share a band and whose signatures agree often enough to be worth an exact comparison.

    Args:
        keys: returns the keys of a band for all texts; one call a band, so that no more than a few are in memory.
        bands: number of bands.
        low: the low bytes of all signatures, shape (texts, num_perm).
        members: the texts to compare, in an order that does not depend on the order of the corpus: it decides who is
            compared with whom in runs of more than ``run`` equal keys.
        threshold: of the Jaccard similarity. Pairs whose signatures put them four standard errors below are left out.
        run: in up to so many equal keys, every pair is a candidate.
        threads: how many to use; the result does not depend on it.

    Returns:
        Two arrays of positions in the corpus, each pair once, pairs with the same left side together.
    """
    from cmtmed.dedup.kernels_pairs import band_pairs

    perms = low.shape[1]
    least = int(np.ceil(perms * threshold - ERRORS * np.sqrt(perms * threshold * (1 - threshold))))
    found = [np.zeros(0, dtype=np.uint64)] * bands

    def one_band(band: int, _: int) -> None:
        found[band] = band_pairs(keys(band), members, low, least, run, _NEAR)

    # A band's tables take up to 64 bytes a member.
    room = max(1, _BAND_BYTES // (64 * max(1, len(members))))
    in_threads(one_band, [(band, band + 1) for band in range(bands)], min(threads or default_threads(), room))
    packed = np.unique(np.concatenate(found)) if bands else np.zeros(0, dtype=np.uint64)
    left, right = packed >> np.uint64(32), packed & np.uint64(0xFFFFFFFF)
    return members[left.astype(np.int64)], members[right.astype(np.int64)]
