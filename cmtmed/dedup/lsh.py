"""Locality-sensitive hashing: which pairs of signatures are worth comparing.

Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3.4: cut into ``bands`` of ``rows`` values, two
signatures with similarity j share a band with probability ``1 - (1 - j**rows)**bands``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.minhash import UInt32s
from cmtmed.dedup.shingle import UInt64s, in_threads

_RUN: int = 16
"""In a run of up to so many equal keys, all pairs are candidates."""

_NEAR: int = 8
"""In a longer run each is compared with so many before it, and with so many at the beginning of the run."""

_BLOCK: int = 2**15


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


def candidates(signatures: UInt32s, order: UInt64s, bands: int, rows: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Return the pairs that share a band and whose signatures agree often enough to be worth an exact comparison.

    Args:
        signatures: shape (n, num_perm).
        order: a hash of each text; within a run of equal keys it decides who is compared with whom, so that the pairs
            do not depend on the order of the rows.
        bands: number of bands.
        rows: values per band.

    Returns:
        Two arrays of positions, left and right, each pair once.
    """
    from cmtmed.dedup.kernels import band_keys

    n = len(signatures)
    found = [np.zeros(0, dtype=np.uint64)] * bands
    ranges = [(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK)]

    def one_band(band: int, _: int) -> None:
        keys = np.empty(n, dtype=np.uint64)
        for start, end in ranges:
            band_keys(signatures, start, end, band * rows, rows, keys)
        found[band] = _pairs(keys, order)

    in_threads(one_band, [(band, band + 1) for band in range(bands)])
    pairs = np.unique(np.concatenate(found)) if bands else found[0]
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _pairs(keys: UInt64s, order: UInt64s) -> UInt64s:
    """Return candidate pairs of one band, each packed as left * 2**32 + right with left < right."""
    by_key = np.argsort(keys, kind="stable")
    sorted_keys = keys[by_key]
    same = sorted_keys[1:] == sorted_keys[:-1]
    if not same.any():
        return np.zeros(0, dtype=np.uint64)
    # Only rows in runs are of interest from here on; they are few.
    in_run = np.concatenate([[False], same]) | np.concatenate([same, [False]])
    members = by_key[in_run]
    ranked = np.lexsort((order[members], keys[members]))
    members = members[ranked]
    run_keys = keys[members]
    starts = np.flatnonzero(np.concatenate([[True], run_keys[1:] != run_keys[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(members)]]))
    place = np.arange(len(members)) - np.repeat(starts, lengths)
    length = np.repeat(lengths, lengths)
    start = np.repeat(starts, lengths)
    out = []
    for back in range(1, _RUN):
        reach = place >= back
        if back > _NEAR:
            reach &= length <= _RUN
        out.append(_packed(members[np.flatnonzero(reach)], members[np.flatnonzero(reach) - back]))
    for first in range(_NEAR):
        far = np.flatnonzero((length > _RUN) & (place > first + _NEAR))
        out.append(_packed(members[far], members[start[far] + first]))
    return np.unique(np.concatenate(out))


def _packed(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> UInt64s:
    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    return low << np.uint64(32) | high


def promising(
    signatures: UInt32s, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], threshold: float
) -> npt.NDArray[np.bool_]:
    """Say which pairs' signatures agree so often that the threshold is within five standard errors."""
    from cmtmed.dedup.kernels import agreements

    same = np.empty(len(left), dtype=np.int32)
    ranges = [(start, min(start + _BLOCK, len(left))) for start in range(0, len(left), _BLOCK)]
    in_threads(lambda start, end: agreements(signatures, left, right, start, end, same), ranges)
    perms = signatures.shape[1]
    error = float(np.sqrt(threshold * (1 - threshold) / perms))
    worth: npt.NDArray[np.bool_] = same >= perms * (threshold - 5 * error)
    return worth
