"""Inner loops: which texts are compared, how much they share, what hangs together. See `cmtmed.dedup.kernels`."""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.kernels import load, longest_text, ngram_powers, slot_of, slots_for


@njit(cache=True, nogil=True)
def band_pairs(keys, members, low, least, run, near):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0915
    """Return the pairs of one band: places in ``members`` as larger * 2**32 + smaller.

    Members with equal keys stand in one run, in the order of ``members``. In a run of up to ``run`` all are paired; in
    a longer one each is paired with the ``near`` before it and with the first ``near`` of the run. Pairs of which
    fewer than ``least`` low bytes agree are left out.
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
    for place in range(n):
        key = keys[members[place]]
        at = np.int64(key >> np.uint64(64 - bits))
        while slot_run[at] >= 0 and slot_key[at] != key:
            at = (at + 1) & mask
        if slot_run[at] < 0:
            slot_key[at] = key
            slot_run[at] = runs
            runs += 1
        run_of[place] = slot_run[at]
        sizes[slot_run[at]] += 1
    # The members of runs of two and more, run after run.
    starts = np.empty(runs, dtype=np.int32)
    total = 0
    for one in range(runs):
        starts[one] = total
        if sizes[one] > 1:
            total += sizes[one]
    fill = starts.copy()
    listed = np.empty(total, dtype=np.int32)
    for place in range(n):
        one = run_of[place]
        if sizes[one] > 1:
            listed[fill[one]] = place
            fill[one] += 1
    out = np.empty(1024, dtype=np.uint64)
    found = 0
    perms = low.shape[1]
    for number in range(runs):
        size, start = sizes[number], starts[number]
        if size < 2:
            continue
        for index in range(1, size):
            member = listed[start + index]
            back = index if size <= run else min(index, near)
            heads = 0 if size <= run else min(near, index - back)
            for step in range(back + heads):
                other = listed[start + index - 1 - step] if step < back else listed[start + step - back]
                same = 0
                x, y = members[member], members[other]
                for p in range(perms):
                    same += low[x, p] == low[y, p]
                if same < least:
                    continue
                if found == len(out):
                    more = np.empty(2 * found, dtype=np.uint64)
                    more[:found] = out
                    out = more
                out[found] = np.uint64(member) << np.uint64(32) | np.uint64(other)
                found += 1
    return out[:found].copy()


@njit(cache=True, nogil=True)
def copy_texts(data, offsets, rows, places, out, out_offsets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Copy the named texts to where ``out_offsets`` gives them room."""
    for one in range(len(rows)):
        start, end = offsets[rows[one]], offsets[rows[one] + 1]
        to = out_offsets[places[one]]
        out[to : to + end - start] = data[start:end]


@njit(cache=True, nogil=True)
def compare_pairs(data, offsets, left, right, ngram, threshold, common, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write for each pair of texts how many n-grams are in both, and how many in the left and in the right one.

    The comparison of a pair ends as soon as its Jaccard similarity cannot reach ``threshold`` any more: its common
    n-grams are given as -1. Pairs with the same left text should follow one another.
    """
    powers = ngram_powers(ngram)
    longest = longest_text(data, offsets, 0, len(offsets) - 1)
    codes, room = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint64)
    one, other = np.empty(slots_for(longest), dtype=np.uint64), np.empty(slots_for(longest), dtype=np.uint64)
    # Which pair met an n-gram of the left text last: those of the right text that are common are counted once.
    met = np.empty(len(one), dtype=np.int32)
    before, one_size, mask = -1, 0, 0
    for pair in range(len(left)):
        x, y = left[pair], right[pair]
        if x != before:
            many = load(data, offsets[x], offsets[x + 1], powers, codes, room)
            mask = slots_for(many) - 1
            one[: mask + 1] = np.uint64(0)
            met[: mask + 1] = -1
            before, one_size = x, 0
            for at in range(many):
                slot = slot_of(one, mask, room[at])
                one_size += one[slot] == np.uint64(0)
                one[slot] = room[at]
        many = load(data, offsets[y], offsets[y + 1], powers, codes, room)
        other_mask = slots_for(many) - 1
        other[: other_mask + 1] = np.uint64(0)
        alone, both = 0, 0
        for at in range(many):
            value = room[at]
            slot = slot_of(one, mask, value)
            if one[slot] == value:
                both += met[slot] != pair
                met[slot] = pair
                continue
            slot = slot_of(other, other_mask, value)
            if other[slot] == value:
                continue
            other[slot] = value
            alone += 1
            if both + many - at - 1 < threshold * (one_size + alone):
                # Even if all the rest were common, the similarity would stay below.
                both = -1
                break
        sizes[pair, 0], sizes[pair, 1] = one_size, alone + max(both, 0)
        common[pair] = both


@njit(cache=True, nogil=True)
def unite(left, right, parent):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Union-find over pairs: afterwards every element points at the smallest of its component."""
    for pair in range(len(left)):
        x, y = left[pair], right[pair]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y
    for x in range(len(parent)):
        # Parents are smaller than their children, so the parent's own root is known by now.
        parent[x] = parent[parent[x]]


@njit(cache=True, nogil=True)
def take_balls(order, bounds, to, taken):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Let each element in this order, if nobody has taken it yet, take those within two links that are left."""
    for center in order:
        if taken[center] >= 0:
            continue
        taken[center] = center
        for at in range(bounds[center], bounds[center + 1]):
            if taken[to[at]] < 0:
                taken[to[at]] = center
        for at in range(bounds[center], bounds[center + 1]):
            near = to[at]
            if taken[near] == center:
                for further in range(bounds[near], bounds[near + 1]):
                    if taken[to[further]] < 0:
                        taken[to[further]] = center
