"""Texts that lie within longer ones: a dialogue that another one continues, or that was crawled again later.

Containment is the share of one text's shingles that stand in another (Broder 1997). The Jaccard similarity of such a
pair may be small, so MinHash does not propose it. Winnowing does (Schleimer, Wilkerson, Aiken, "Winnowing: Local
Algorithms for Document Fingerprinting", 2003): of every ``window`` n-grams in a row the one with the least hash is
kept, which guarantees that two texts with a passage of ``window + ngram - 1`` characters in common share a fingerprint.
"""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.shingle import Positions, Texts, in_threads
from cmtmed.dedup.verify import overlaps

WINDOW: Final = 16
_COMMON: Final = 64
"""A fingerprint of more texts than this is a common phrase and proposes nothing."""

_SHARED: Final = 0.4
"""Least share of a text's fingerprints in a text that may contain it. One changed character changes about two of the
fingerprints around it, so that this is well below the share of shingles."""

_PART_BYTES: Final = 2**28
_BLOCK_BYTES: Final = 2**20


class _How(NamedTuple):
    ngram: int
    threads: int | None
    folder: Path | None


def containers(
    texts: Texts,
    rows: Positions,
    counts: Positions,
    rank: Positions,
    *,
    threshold: float,
    least: int,
    ngram: int = 5,
    threads: int | None = None,
    folder: Path | None = None,
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Find texts of which nearly all shingles stand in a longer one.

    Args:
        texts: all texts.
        rows: positions of those that are compared.
        counts: code points of all texts, white space not counted.
        rank: of all texts; of two equally long texts that contain one another the one with the least rank is the
            longer one.
        threshold: least containment, above 0 and at most 1.
        least: texts with fewer distinct shingles are contained in nothing.
        ngram: code points per shingle.
        threads: how many to use; the result does not depend on it.
        folder: where files stand for as long as this takes; the system's place for temporary files by default.

    Returns:
        Positions of the contained texts, of the texts that contain them, and the containment; ordered by the first.
        A text may stand in several.
    """
    value, owner, own = _shared(texts, rows, _How(ngram, threads, folder))
    smaller, larger = _proposed(value, owner, own, counts[rows], rank[rows], threads)
    left, right = rows[smaller], rows[larger]
    common, sizes = overlaps(texts, left, right, ngram=ngram, threads=threads)
    part = common / np.maximum(sizes[:, 0], 1)
    # As large as the threshold up to the last bit of a division.
    kept = (part >= threshold - 1e-12) & (sizes[:, 0] >= least)
    return left[kept], right[kept], part[kept]


def _shared(
    texts: Texts, rows: Positions, how: _How
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], Positions]:
    """Return the fingerprints that more than one text has, whose they are, and how many each text has in all.

    Fingerprints go into files by ranges of their values, so that those of one text alone, most of them, are never in
    memory together.
    """
    own = np.zeros(len(rows), dtype=np.int64)
    length = np.cumsum(texts.sizes()[rows])
    parts = 1 + (int(length[-1]) if len(rows) else 0) // _PART_BYTES
    cuts = [*(int(np.searchsorted(length, length[-1] * part // parts)) for part in range(1, parts)), len(rows)]
    kept_values, kept_texts = [], []
    with tempfile.TemporaryDirectory(prefix="cmtmed-fingerprints-", dir=how.folder) as told:
        folder = Path(told)
        for start, end in pairwise([0, *cuts]):
            value, owner = _fingerprints(texts, rows[start:end], how)
            own[start:end] = np.bincount(owner, minlength=end - start)
            owner += start
            for part in range(parts):
                chosen = value % np.uint64(parts) == part if parts > 1 else slice(None)
                with (folder / f"{part}.u64").open("ab") as file:
                    value[chosen].tofile(file)
                with (folder / f"{part}.u32").open("ab") as file:
                    owner[chosen].astype(np.uint32).tofile(file)
        for part in range(parts):
            value = np.fromfile(folder / f"{part}.u64", dtype=np.uint64)
            owner = np.fromfile(folder / f"{part}.u32", dtype=np.uint32)
            order = np.argsort(value, kind="stable")
            value, owner = value[order], owner[order]
            fresh = np.concatenate([[True], value[1:] != value[:-1]])[: len(value)]
            count = np.diff(np.concatenate([np.flatnonzero(fresh), [len(value)]]))
            several = np.repeat((count > 1) & (count <= _COMMON), count)
            kept_values.append(value[several])
            kept_texts.append(owner[several])
    return np.concatenate(kept_values), np.concatenate(kept_texts), own


def _fingerprints(texts: Texts, rows: Positions, how: _How) -> tuple[npt.NDArray[np.uint64], Positions]:
    from cmtmed.dedup.kernels_dialogue import fingerprints

    chunk = texts.gather(rows)
    blocks = chunk.blocks(_BLOCK_BYTES)
    found = [np.zeros((2, 0), dtype=np.uint64)] * len(blocks)

    def work(start: int, end: int) -> None:
        for place in range(start, end):
            found[place] = fingerprints(chunk.data, chunk.offsets, *blocks[place], how.ngram, WINDOW)

    in_threads(work, [(place, place + 1) for place in range(len(blocks))], how.threads)
    both = np.concatenate(found, axis=1) if found else np.zeros((2, 0), dtype=np.uint64)
    return both[0], both[1].astype(np.int64)


def _proposed(
    value: npt.NDArray[np.uint64],
    text: npt.NDArray[np.uint32],
    own: Positions,
    size: Positions,
    rank: Positions,
    threads: int | None,
) -> tuple[Positions, Positions]:
    """Return pairs of places of which the second has enough of the first one's fingerprints."""
    from cmtmed.dedup.kernels_dialogue import contained_pairs

    if len(value) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    fresh = np.concatenate([[True], value[1:] != value[:-1]])
    starts = np.concatenate([np.flatnonzero(fresh), [len(value)]])
    run = np.cumsum(fresh) - 1
    by_text = np.argsort(text, kind="stable")
    bounds = np.searchsorted(text[by_text], np.arange(len(own) + 1))
    runs, members = run[by_text], text.astype(np.int64)
    step = max(1, -(-len(own) // 64))
    ranges = [(start, min(start + step, len(own))) for start in range(0, len(own), step)]
    found = [np.zeros((2, 0), dtype=np.int64)] * len(ranges)

    def work(start: int, end: int) -> None:
        for place in range(start, end):
            found[place] = contained_pairs(bounds, runs, starts, members, own, size, rank, _SHARED, *ranges[place])

    in_threads(work, [(place, place + 1) for place in range(len(ranges))], threads)
    pairs = np.concatenate(found, axis=1)
    return pairs[0], pairs[1]
