"""Locality-sensitive hashing: which pairs of signatures are worth an exact comparison.

Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3.4: cut into ``bands`` of ``rows`` values, two
signatures with similarity j share a band with probability ``1 - (1 - j**rows)**bands``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.texts import Positions, UInt64s
from cmtmed.dedup.threads import count_threads, run_in_threads

_NEIGHBOURS: Final = 8
"""In a run of equal keys that is too long, each member is compared with this many before it and with this many at the
beginning of the run."""

STANDARD_ERRORS: Final = 4
"""Standard errors by which the signatures of a true pair may disagree: one pair in 30,000 disagrees more."""

_BAND_BYTES: Final = 2**31
"""Memory for the tables of all bands that are processed at a time."""


def choose_bands(threshold: float, num_perm: int, recall: float = 0.998) -> tuple[int, int]:
    """Return (bands, rows): the most rows, hence the fewest false candidates, that reach the recall at the threshold.

    datasketch balances missed pairs against false ones; here an exact comparison removes false ones, so that recall
    alone decides.

    >>> choose_bands(0.8, 128)
    (21, 6)
    """
    for rows in range(num_perm, 1, -1):
        bands = num_perm // rows
        if 1 - (1 - threshold**rows) ** bands >= recall:
            return bands, rows
    return num_perm, 1


def find_candidates(
    read_band: Callable[[int], UInt64s],
    bands: int,
    low_bytes: npt.NDArray[np.uint8],
    members: Positions,
    *,
    threshold: float,
    max_run: int,
    threads: int | None = None,
) -> tuple[Positions, Positions]:
    """Return the pairs that share a band and whose signatures agree often enough to be worth an exact comparison.

    Args:
        read_band: returns the keys of a band for all texts; called once per band, so that only a few are in memory.
        bands: number of bands.
        low_bytes: the low bytes of all signatures, shape (texts, num_perm).
        members: the texts to compare, in an order that does not depend on the order of the corpus: it decides which
            pairs are compared in runs of more than ``max_run`` equal keys.
        threshold: of the Jaccard similarity. Pairs whose signatures put them four standard errors below are left out.
        max_run: among up to this many equal keys, every pair is a candidate.
        threads: number of threads; the result does not depend on it.

    Returns:
        Two arrays of positions in the corpus, each pair once, pairs with the same first text together.
    """
    from cmtmed.dedup.kernels.lsh import find_band_pairs

    perms = low_bytes.shape[1]
    spread = STANDARD_ERRORS * np.sqrt(perms * threshold * (1 - threshold))
    min_agreement = int(np.ceil(perms * threshold - spread))
    pairs_by_band = [np.zeros(0, dtype=np.uint64)] * bands

    def process_band(band: int, _: int) -> None:
        pairs_by_band[band] = find_band_pairs(read_band(band), members, low_bytes, min_agreement, max_run, _NEIGHBOURS)

    # A band's tables take up to 64 bytes per member.
    concurrent = max(1, _BAND_BYTES // (64 * max(1, len(members))))
    run_in_threads(
        process_band, [(band, band + 1) for band in range(bands)], min(threads or count_threads(), concurrent)
    )
    packed = np.unique(np.concatenate(pairs_by_band)) if bands else np.zeros(0, dtype=np.uint64)
    first, second = packed >> np.uint64(32), packed & np.uint64(0xFFFFFFFF)
    return members[first.astype(np.int64)], members[second.astype(np.int64)]
