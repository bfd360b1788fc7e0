"""The inner loops, compiled by numba. They release the interpreter lock and write into arrays that they are given.

Compilation takes some seconds at the first call on a machine and is cached beside the source, or in the user's cache
directory where that is not writable (see `cmtmed.dedup.compiled`). Texts come as UTF-8 bytes and offsets, both
read-only: numba compiles another version for arrays that can be written to.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cmtmed.dedup.compiled import watch

watch()

_PRIME = np.uint64(0x9E3779B97F4A7C15)  # odd; 2**64 divided by the golden ratio
_M61 = np.uint64(2**61 - 1)
_BLOCK = 1 << 12
"""Code points that are hashed at a time: what belongs to them stays in the first-level cache."""
_LONG = 1 << 16
"""Bytes of a text from which on its code points are counted before memory is set aside for them."""


@njit(cache=True, nogil=True, inline="always")
def _mix64(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, inline="always")
def _mix32(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    value ^= value >> np.uint32(16)
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value ^= value >> np.uint32(13)
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return value ^ (value >> np.uint32(16))


@njit(cache=True, nogil=True, inline="always")
def _is_space(code):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    # Compared one by one: a set literal would be built anew for every character.
    if code < 0x2000:
        return (9 <= code <= 13) or code == 32 or code == 0x85 or code == 0xA0 or code == 0x1680  # noqa: PLR1714
    if code <= 0x200A or code == 0x3000:
        return True
    return code == 0x2028 or code == 0x2029 or code == 0x202F or code == 0x205F  # noqa: PLR1714


@njit(cache=True, nogil=True, inline="always")
def _three(data, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return (
        (np.uint32(data[at]) & np.uint32(0x0F)) << np.uint32(12)
        | (np.uint32(data[at + 1]) & np.uint32(0x3F)) << np.uint32(6)
        | (np.uint32(data[at + 2]) & np.uint32(0x3F))
    )


@njit(cache=True, nogil=True, inline="always")
def _leads_three(byte):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return byte >= 0xE3 and byte < 0xF0


@njit(cache=True, nogil=True, inline="always")
def _decode(data, at, end, out, count, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Append the code points of valid UTF-8 without white space to ``out[:count]`` until ``room`` are there."""
    while at < end and count < room:
        # Chinese comes in runs: four signs of three bytes at a time, all beyond the last white space U+3000.
        if (
            at + 12 <= end
            and count + 4 <= room
            and _leads_three(data[at])
            and _leads_three(data[at + 3])
            and _leads_three(data[at + 6])
            and _leads_three(data[at + 9])
        ):
            c0, c1, c2, c3 = _three(data, at), _three(data, at + 3), _three(data, at + 6), _three(data, at + 9)
            if min(min(c0, c1), min(c2, c3)) > 0x3000:  # noqa: PLW3301
                out[count], out[count + 1], out[count + 2], out[count + 3] = c0, c1, c2, c3
                count += 4
                at += 12
                continue
        first = np.uint32(data[at])
        if first < 0x80:
            code = first
            at += 1
        elif first < 0xE0:
            code = (first & np.uint32(0x1F)) << np.uint32(6) | (np.uint32(data[at + 1]) & np.uint32(0x3F))
            at += 2
        elif first < 0xF0:
            code = _three(data, at)
            at += 3
        else:
            code = (
                (first & np.uint32(0x07)) << np.uint32(18)
                | (np.uint32(data[at + 1]) & np.uint32(0x3F)) << np.uint32(12)
                | (np.uint32(data[at + 2]) & np.uint32(0x3F)) << np.uint32(6)
                | (np.uint32(data[at + 3]) & np.uint32(0x3F))
            )
            at += 4
        out[count] = code
        count += not _is_space(code)
    return at, count


@njit(cache=True, nogil=True, inline="always")
def _powers(ngram):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    powers = np.empty(ngram, dtype=np.uint64)
    powers[ngram - 1] = np.uint64(1)
    for back in range(1, ngram):
        powers[ngram - 1 - back] = powers[ngram - back] * _PRIME
    return powers


@njit(cache=True, nogil=True, inline="always")
def _grams(codes, count, powers, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the hashes of the n-grams of ``codes[:count]``, which are at least one.

    Position by position of the n-gram instead of rolling along the text: every addition is independent of the last
    one, so that eight are done at a time.
    """
    ngram = len(powers)
    many = count - ngram + 1
    power = powers[0]
    for at in range(many):
        out[at] = np.uint64(codes[at]) * power
    for place in range(1, ngram):
        power = powers[place]
        for at in range(many):
            out[at] += np.uint64(codes[at + place]) * power
    for at in range(many):
        out[at] = _mix64(out[at])
    return many


@njit(cache=True, nogil=True, inline="always")
def _text_hash(codes, start, end, before):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sum up a hash of each code point with its place, the first of them standing at ``before``."""
    total = np.uint64(0)
    for at in range(start, end):
        place = np.uint64(before + at - start)
        total += _mix64((place << np.uint64(21) | np.uint64(codes[at])) * _PRIME)
    return total


@njit(cache=True, nogil=True)
def hash_texts(data, offsets, start, end, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write a hash of each whole text, white space removed."""
    codes = np.empty(_BLOCK + 1, dtype=np.uint32)
    for row in range(start, end):
        at, stop = offsets[row], offsets[row + 1]
        total, whole = 0, np.uint64(0)
        while at < stop:
            at, count = _decode(data, at, stop, codes, 0, _BLOCK)
            whole += _text_hash(codes, 0, count, total)
            total += count
        hashes[row] = _mix64(whole + np.uint64(total))


@njit(cache=True, nogil=True)
def sketch_texts(  # type: ignore[no-untyped-def]  # noqa: ANN201
    data, offsets, start, end, ngram, legacy, a, b, hashes, counts, values, bands, rows, keys, low  # noqa: ANN001
):  # fmt: skip
    """Write what deduplication knows of each text: hash, length, MinHash values, band keys, low bytes of the values.

    ``values`` may have no rows, or ``keys`` no bands and ``low`` no rows: what has no room is not written. MinHash
    values are the minima over shingle hashes h (the upper 32 bits of the n-gram's hash) of ``a * mix32(h) + b`` modulo
    2**32, or, for ``legacy``, of ``(a * h + b) % (2**61 - 1)`` modulo 2**32.
    """
    perms = len(a)
    powers = _powers(ngram)
    codes = np.empty(_BLOCK + ngram, dtype=np.uint32)
    wide = np.empty(_BLOCK + ngram, dtype=np.uint64)
    mixed = np.empty(_BLOCK + ngram, dtype=np.uint32)
    least = np.empty(perms, dtype=np.uint32)
    small_a, small_b = a.astype(np.uint32), b.astype(np.uint32)
    for row in range(start, end):
        least[:] = np.uint32(0xFFFFFFFF)
        at, stop = offsets[row], offsets[row + 1]
        total, carried, whole = 0, 0, np.uint64(0)
        while at < stop:
            at, count = _decode(data, at, stop, codes, carried, _BLOCK + ngram - 1)
            whole += _text_hash(codes, carried, count, total)
            total += count - carried
            if count < ngram:
                carried = count
                continue
            many = _grams(codes, count, powers, wide)
            if legacy:
                _least_legacy(wide, many, a, b, least)
            else:
                for one in range(many):
                    mixed[one] = _mix32(np.uint32(wide[one] >> np.uint64(32)))
                _least_affine(mixed, many, small_a, small_b, least)
            carried = ngram - 1
            for one in range(carried):
                codes[one] = codes[many + one]
        hashes[row] = _mix64(whole + np.uint64(total))
        counts[row] = total
        if len(values):
            values[row] = least
        for band in range(bands):
            key = np.uint64(band)
            for place in range(band * rows, band * rows + rows):
                key = _mix64(key * _PRIME + np.uint64(least[place]))
            keys[band, row] = key
        if len(low):
            for place in range(perms):
                low[row, place] = np.uint8(least[place])


@njit(cache=True, nogil=True, inline="always")
def _least_affine(mixed, many, a, b, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    # Four permutations at a time: each hash is loaded once for all of them.
    perms = len(a)
    tiled = perms - perms % 4
    for p in range(0, tiled, 4):
        a0, a1, a2, a3 = a[p], a[p + 1], a[p + 2], a[p + 3]
        b0, b1, b2, b3 = b[p], b[p + 1], b[p + 2], b[p + 3]
        m0, m1, m2, m3 = least[p], least[p + 1], least[p + 2], least[p + 3]
        for at in range(many):
            value = mixed[at]
            m0 = min(m0, np.uint32(a0 * value + b0))
            m1 = min(m1, np.uint32(a1 * value + b1))
            m2 = min(m2, np.uint32(a2 * value + b2))
            m3 = min(m3, np.uint32(a3 * value + b3))
        least[p], least[p + 1], least[p + 2], least[p + 3] = m0, m1, m2, m3
    for p in range(tiled, perms):
        for at in range(many):
            least[p] = min(least[p], np.uint32(a[p] * mixed[at] + b[p]))


@njit(cache=True, nogil=True, inline="always")
def _least_legacy(wide, many, a, b, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for p in range(len(a)):
        for at in range(many):
            value = a[p] * (wide[at] >> np.uint64(32)) + b[p]
            # Modulo a Mersenne prime by shift and add; the carry of a * h + b beyond 64 bits is lost, as in datasketch.
            value = (value & _M61) + (value >> np.uint64(61))
            if value >= _M61:
                value -= _M61
            least[p] = min(least[p], np.uint32(value & np.uint64(0xFFFFFFFF)))


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


@njit(cache=True, nogil=True, inline="always")
def _load(data, start, end, powers, codes, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the n-gram hashes of one text into ``room``, repeats included, and return how many there are."""
    _, count = _decode(data, start, end, codes, 0, end - start)
    return _grams(codes, count, powers, room) if count >= len(powers) else 0


@njit(cache=True, nogil=True, inline="always")
def _longest(data, offsets, start, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return a bound on the code points of a text: its bytes, or where those are many, the exact number."""
    most = 16
    for row in range(start, end):
        size = offsets[row + 1] - offsets[row]
        if size > _LONG:
            size = 0
            for at in range(offsets[row], offsets[row + 1]):
                size += (data[at] & 0xC0) != 0x80
        most = max(most, size)
    return most


@njit(cache=True, nogil=True, inline="always")
def _slots(many):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    size = 64
    while size < 2 * many:
        size *= 2
    return size


@njit(cache=True, nogil=True, inline="always")
def _slot(table, mask, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return where a value stands in an open-addressing table, or the empty slot (zero) where it would."""
    at = np.int64(value & np.uint64(mask))
    while table[at] != np.uint64(0) and table[at] != value:
        at = (at + 1) & mask
    return at


@njit(cache=True, nogil=True)
def compare_pairs(data, offsets, left, right, ngram, threshold, common, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write for each pair of texts how many n-grams are in both, and how many in the left and in the right one.

    The comparison of a pair ends as soon as its Jaccard similarity cannot reach ``threshold`` any more: its common
    n-grams are given as -1. Pairs with the same left text should follow one another.
    """
    powers = _powers(ngram)
    longest = _longest(data, offsets, 0, len(offsets) - 1)
    codes, room = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint64)
    one, other = np.empty(_slots(longest), dtype=np.uint64), np.empty(_slots(longest), dtype=np.uint64)
    # Which pair met an n-gram of the left text last: those of the right text that are common are counted once.
    met = np.empty(len(one), dtype=np.int32)
    before, one_size, mask = -1, 0, 0
    for pair in range(len(left)):
        x, y = left[pair], right[pair]
        if x != before:
            many = _load(data, offsets[x], offsets[x + 1], powers, codes, room)
            mask = _slots(many) - 1
            one[: mask + 1] = np.uint64(0)
            met[: mask + 1] = -1
            before, one_size = x, 0
            for at in range(many):
                slot = _slot(one, mask, room[at])
                one_size += one[slot] == np.uint64(0)
                one[slot] = room[at]
        many = _load(data, offsets[y], offsets[y + 1], powers, codes, room)
        other_mask = _slots(many) - 1
        other[: other_mask + 1] = np.uint64(0)
        alone, both = 0, 0
        for at in range(many):
            value = room[at]
            slot = _slot(one, mask, value)
            if one[slot] == value:
                both += met[slot] != pair
                met[slot] = pair
                continue
            slot = _slot(other, other_mask, value)
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


@njit(cache=True, nogil=True)
def gram_sets(data, offsets, start, end, ngram, places, out, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the sorted set of n-gram hashes of each text at its place in ``out``, and its size."""
    powers = _powers(ngram)
    codes = np.empty(_longest(data, offsets, start, end), dtype=np.uint32)
    for row in range(start, end):
        part = out[places[row] : places[row + 1]]
        count = _load(data, offsets[row], offsets[row + 1], powers, codes, part)
        part[:count].sort()
        kept = 0
        for at in range(count):
            if at == 0 or part[at] != part[at - 1]:
                part[kept] = part[at]
                kept += 1
        sizes[row] = kept


@njit(cache=True, nogil=True)
def fill_table(values, table):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Put values into an open-addressing table, whose length is a power of two; zero marks an empty slot."""
    for value in values:
        table[_slot(table, len(table) - 1, value)] = value


@njit(cache=True, nogil=True)
def contained(data, offsets, start, end, ngram, table, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write which share of a text's n-grams stands in a table; 0 for a text without n-grams."""
    powers = _powers(ngram)
    longest = _longest(data, offsets, start, end)
    codes, room = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint64)
    for row in range(start, end):
        count = _load(data, offsets[row], offsets[row + 1], powers, codes, room)
        found = 0
        for at in range(count):
            found += table[_slot(table, len(table) - 1, room[at])] == room[at]
        out[row] = found / count if count else 0.0
