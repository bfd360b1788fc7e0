"""Texts contained in longer ones: a dialogue that another one continues, or that was crawled again later.

Containment is the share of one text's shingles that another one holds (Broder 1997). The Jaccard similarity of such a
pair may be small, so MinHash does not propose it. Winnowing does (Schleimer, Wilkerson, Aiken, "Winnowing: Local
Algorithms for Document Fingerprinting", 2003): of every ``window`` consecutive n-grams the one with the lowest hash is
kept, which guarantees that two texts with a passage of ``window + ngram - 1`` characters in common share a fingerprint.
"""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.texts import Positions, Texts, UInt64s
from cmtmed.dedup.threads import run_in_threads
from cmtmed.dedup.verify import count_shingles

WINDOW: Final = 16
_MAX_TEXTS: Final = 64
"""A fingerprint of more texts than this is a common phrase and proposes nothing."""

_MIN_SHARE: Final = 0.4
"""Minimum share of a text's fingerprints in a text that may contain it. One changed character changes about two of the
fingerprints around it, so this is well below the share of shingles."""

_SHARD_BYTES: Final = 2**28
_BLOCK_BYTES: Final = 2**20


def find_containers(
    texts: Texts,
    rows: Positions,
    lengths: Positions,
    rank: Positions,
    *,
    threshold: float,
    min_shingles: int,
    ngram: int = 5,
    threads: int | None = None,
    folder: Path | None = None,
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Find texts nearly all of whose shingles are in a longer one.

    Args:
        texts: all texts.
        rows: positions of the texts to compare.
        lengths: code points of all texts, white space not counted.
        rank: rank of all texts; of two equally long texts that contain one another, the one with the lower rank counts
            as the longer one.
        threshold: minimum containment, above 0 and at most 1.
        min_shingles: a text with fewer distinct shingles is contained in nothing.
        ngram: code points per shingle.
        threads: number of threads; the result does not depend on it.
        folder: where temporary files are written; the system's temporary directory by default.

    Returns:
        Positions of the contained texts, positions of the texts that contain them, and the containment; ordered by the
        first. A text may be contained in several.
    """
    values, owners, totals = _find_shared_fingerprints(texts, rows, ngram, threads, folder)
    smaller, larger = _propose_pairs(values, owners, totals, lengths[rows], rank[rows], threads)
    contained, containers = rows[smaller], rows[larger]
    common, sizes = count_shingles(texts, contained, containers, ngram=ngram, threads=threads)
    containment = common / np.maximum(sizes[:, 0], 1)
    # Equal to the threshold up to the last bit of a division.
    kept = (containment >= threshold - 1e-12) & (sizes[:, 0] >= min_shingles)
    return contained[kept], containers[kept], containment[kept]


def _find_shared_fingerprints(
    texts: Texts, rows: Positions, ngram: int, threads: int | None, folder: Path | None
) -> tuple[UInt64s, npt.NDArray[np.uint32], Positions]:
    """Return the fingerprints that more than one text has, their texts, and the total number of each text.

    Fingerprints are written to shards by ranges of their values, so that those of a single text, most of them, are
    never in memory together.
    """
    totals = np.zeros(len(rows), dtype=np.int64)
    text_ends = np.cumsum(texts.sizes()[rows])
    shards = 1 + (int(text_ends[-1]) if len(rows) else 0) // _SHARD_BYTES
    cuts = [int(np.searchsorted(text_ends, text_ends[-1] * shard // shards)) for shard in range(1, shards)]
    shared_values, shared_owners = [], []
    with tempfile.TemporaryDirectory(prefix="cmtmed-fingerprints-", dir=folder) as directory:
        for start, end in pairwise([0, *cuts, len(rows)]):
            values, owners = _compute_fingerprints(texts, rows[start:end], ngram, threads)
            totals[start:end] = np.bincount(owners, minlength=end - start)
            owners += start
            for shard in range(shards):
                selected = values % np.uint64(shards) == shard if shards > 1 else slice(None)
                with Path(directory, f"{shard}.u64").open("ab") as file:
                    values[selected].tofile(file)
                with Path(directory, f"{shard}.u32").open("ab") as file:
                    owners[selected].astype(np.uint32).tofile(file)
        for shard in range(shards):
            shard_values = np.fromfile(Path(directory, f"{shard}.u64"), dtype=np.uint64)
            shard_owners = np.fromfile(Path(directory, f"{shard}.u32"), dtype=np.uint32)
            order = np.argsort(shard_values, kind="stable")
            shard_values, shard_owners = shard_values[order], shard_owners[order]
            starts_run = np.concatenate([[True], shard_values[1:] != shard_values[:-1]])[: len(shard_values)]
            count = np.diff(np.concatenate([np.flatnonzero(starts_run), [len(shard_values)]]))
            shared = np.repeat((count > 1) & (count <= _MAX_TEXTS), count)
            shared_values.append(shard_values[shared])
            shared_owners.append(shard_owners[shared])
    return np.concatenate(shared_values), np.concatenate(shared_owners), totals


def _compute_fingerprints(texts: Texts, rows: Positions, ngram: int, threads: int | None) -> tuple[UInt64s, Positions]:
    """Return the fingerprints of texts and the index into ``rows`` that each belongs to."""
    from cmtmed.dedup.kernels.containment import winnow_texts

    chunk = texts.gather(rows)
    blocks = chunk.split_ranges(_BLOCK_BYTES)
    results = [np.zeros((2, 0), dtype=np.uint64)] * len(blocks)

    def process_blocks(start: int, end: int) -> None:
        for block in range(start, end):
            results[block] = winnow_texts(chunk.data, chunk.offsets, *blocks[block], ngram, WINDOW)

    run_in_threads(process_blocks, [(block, block + 1) for block in range(len(blocks))], threads)
    joined = np.concatenate(results, axis=1) if results else np.zeros((2, 0), dtype=np.uint64)
    return joined[0], joined[1].astype(np.int64)


def _propose_pairs(
    values: UInt64s,
    owners: npt.NDArray[np.uint32],
    totals: Positions,
    lengths: Positions,
    rank: Positions,
    threads: int | None,
) -> tuple[Positions, Positions]:
    """Return pairs of texts of which the second has enough of the first one's fingerprints."""
    from cmtmed.dedup.kernels.containment import find_contained_pairs

    if len(values) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    starts_run = np.concatenate([[True], values[1:] != values[:-1]])
    starts = np.concatenate([np.flatnonzero(starts_run), [len(values)]])
    run = np.cumsum(starts_run) - 1
    by_text = np.argsort(owners, kind="stable")
    bounds = np.searchsorted(owners[by_text], np.arange(len(totals) + 1))
    runs, members = run[by_text], owners.astype(np.int64)
    step = max(1, -(-len(totals) // 64))
    ranges = [(start, min(start + step, len(totals))) for start in range(0, len(totals), step)]
    results = [np.zeros((2, 0), dtype=np.int64)] * len(ranges)

    def process_ranges(start: int, end: int) -> None:
        for index in range(start, end):
            results[index] = find_contained_pairs(
                bounds, runs, starts, members, totals, lengths, rank, _MIN_SHARE, *ranges[index]
            )

    run_in_threads(process_ranges, [(index, index + 1) for index in range(len(ranges))], threads)
    pairs = np.concatenate(results, axis=1)
    return pairs[0], pairs[1]
