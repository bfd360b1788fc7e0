"""Inner loop of locality-sensitive hashing: the candidate pairs of one band."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def find_band_pairs(keys, members, low, min_agreement, max_run, neighbours):
    """Return the candidate pairs of one band, as positions in ``members``: larger * 2**32 + smaller.

    Members with equal keys form a run, in the order of ``members``. In a run of up to ``max_run`` all are paired; in a
    longer one each is paired with the ``neighbours`` before it and with the first ``neighbours`` of the run. Pairs in
    which fewer than ``min_agreement`` low bytes agree are left out.
    """
    n = len(members)
    bits = 4
    while (1 << bits) < 2 * n:
        bits += 1
    mask = (1 << bits) - 1
    slot_key = np.empty(1 << bits, dtype=np.uint64)
    slot_run = np.full(1 << bits, -1, dtype=np.int32)
    run_of = np.empty(n, dtype=np.int32)
    sizes = np.zeros(n, dtype=np.int32)
    runs = 0
    for member in range(n):
        key = keys[members[member]]
        slot = np.int64(key >> np.uint64(64 - bits))
        while slot_run[slot] >= 0 and slot_key[slot] != key:
            slot = (slot + 1) & mask
        if slot_run[slot] < 0:
            slot_key[slot] = key
            slot_run[slot] = runs
            runs += 1
        run_of[member] = slot_run[slot]
        sizes[slot_run[slot]] += 1
    # The members of runs of two and more, run after run.
    starts = np.empty(runs, dtype=np.int32)
    total = 0
    for run in range(runs):
        starts[run] = total
        if sizes[run] > 1:
            total += sizes[run]
    fill = starts.copy()
    by_run = np.empty(total, dtype=np.int32)
    for member in range(n):
        run = run_of[member]
        if sizes[run] > 1:
            by_run[fill[run]] = member
            fill[run] += 1
    out = np.empty(1024, dtype=np.uint64)
    count = 0
    perms = low.shape[1]
    for run in range(runs):
        size, start = sizes[run], starts[run]
        if size < 2:
            continue
        for index in range(1, size):
            member = by_run[start + index]
            previous = index if size <= max_run else min(index, neighbours)
            heads = 0 if size <= max_run else min(neighbours, index - previous)
            for step in range(previous + heads):
                other = by_run[start + index - 1 - step] if step < previous else by_run[start + step - previous]
                agreement = 0
                x, y = members[member], members[other]
                for p in range(perms):
                    agreement += low[x, p] == low[y, p]
                if agreement < min_agreement:
                    continue
                if count == len(out):
                    grown = np.empty(2 * count, dtype=np.uint64)
                    grown[:count] = out
                    out = grown
                out[count] = np.uint64(member) << np.uint64(32) | np.uint64(other)
                count += 1
    return out[:count].copy()
