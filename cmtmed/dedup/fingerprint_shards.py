"""Fingerprints of texts on disk, in shards by their values, and the postings that containment reads from them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.texts import Positions, Texts, UInt64s
from cmtmed.dedup.threads import run_in_threads

WINDOW: Final = 16
MAX_TEXTS: Final = 64
"""A fingerprint of more texts than this is a common phrase. It proposes nothing, unless a text has no other."""

RAREST: Final = 4
"""This many of the rarest fingerprints of a text made of common phrases must all be in a text that contains it."""

_SHARD_BYTES: Final = 2**28
_BLOCK_BYTES: Final = 2**20
UInt32s = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Postings:
    """Which texts have which fingerprints.

    Attributes:
        starts: where the texts of each fingerprint begin in ``members``, and where the last ones end.
        members: texts, fingerprint after fingerprint.
        bounds: where the fingerprints of each text begin in ``runs``, and where the last ones end.
        runs: numbers of fingerprints, text after text.
    """

    starts: Positions
    members: Positions
    bounds: Positions
    runs: Positions


class FingerprintShards:
    """The fingerprints of texts, sorted by value on disk.

    Common fingerprints, those of more than `MAX_TEXTS` texts, are kept apart, because most searches do without them.

    Attributes:
        uncommon_totals: number of the fingerprints of each text that are not common, shape (rows,).
    """

    uncommon_totals: Positions

    def __init__(self, folder: Path, texts: Texts, rows: Positions, ngram: int, threads: int | None) -> None:
        """Compute and write the fingerprints of the texts at ``rows``."""
        self._folder = folder
        self._rows = len(rows)
        self.uncommon_totals = np.zeros(len(rows), dtype=np.int64)
        text_ends = np.cumsum(texts.sizes()[rows])
        self._shards = 1 + (int(text_ends[-1]) if len(rows) else 0) // _SHARD_BYTES
        cuts = [
            int(np.searchsorted(text_ends, text_ends[-1] * shard // self._shards)) for shard in range(1, self._shards)
        ]
        for start, end in pairwise([0, *cuts, len(rows)]):
            values, owners = _compute_fingerprints(texts, rows[start:end], ngram, threads)
            self.uncommon_totals[start:end] = np.bincount(owners, minlength=end - start)
            owners += start
            for shard in range(self._shards):
                selected = values % np.uint64(self._shards) == shard if self._shards > 1 else slice(None)
                self._append(f"{shard}.u64", values[selected])
                self._append(f"{shard}.u32", owners[selected].astype(np.uint32))

    def read_shared(self) -> Postings:
        """Return the fingerprints of 2 to `MAX_TEXTS` texts; set the common ones aside."""
        counts: list[Positions] = []
        members: list[UInt32s] = []
        for shard in range(self._shards):
            values = np.fromfile(self._folder / f"{shard}.u64", dtype=np.uint64)
            order = np.argsort(values, kind="stable")
            values = values[order]
            owners = np.fromfile(self._folder / f"{shard}.u32", dtype=np.uint32)[order]
            starts_run = np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]
            count = np.diff(np.concatenate([np.flatnonzero(starts_run), [len(values)]]))
            is_common = count > MAX_TEXTS
            is_shared = (count > 1) & ~is_common
            members.append(owners[np.repeat(is_shared, count)])
            counts.append(count[is_shared])
            common = owners[np.repeat(is_common, count)]
            self.uncommon_totals -= np.bincount(common, minlength=self._rows)
            common.tofile(self._folder / f"{shard}-common.u32")
            count[is_common].tofile(self._folder / f"{shard}-common.i64")
        return self._invert(np.concatenate(counts), np.concatenate(members))

    def read_rarest(self, selected: npt.NDArray[np.bool_]) -> tuple[Postings, Positions]:
        """Return the rarest common fingerprints of selected texts, and their number by text.

        Args:
            selected: for each text whether it is searched for; call `read_shared` before.

        Returns:
            Postings in which only selected texts have fingerprints, at most `RAREST` each; all texts are members.
        """
        tables = []
        for shard in range(self._shards):
            counts, owners = self._read_common(shard)
            rows = np.flatnonzero(selected[owners])
            run = np.searchsorted(np.cumsum(counts), rows, side="right")
            tables.append(np.stack([owners[rows].astype(np.int64), counts[run], np.full(len(rows), shard), run]))
        table = np.concatenate(tables, axis=1)
        table = table[:, np.lexsort((table[3], table[2], table[1], table[0]))]
        nth = np.arange(table.shape[1]) - np.searchsorted(table[0], table[0])
        owner, _, shard_of, run_of = table[:, nth < RAREST]
        # Every one of these fingerprints is read once, however many texts chose it.
        keys, runs = np.unique(np.stack([shard_of, run_of], axis=1), axis=0, return_inverse=True)
        members, sizes = [], []
        for shard in range(self._shards):
            counts, owners = self._read_common(shard)
            selected_runs = np.zeros(len(counts), dtype=bool)
            selected_runs[keys[keys[:, 0] == shard, 1]] = True
            members.append(owners[np.repeat(selected_runs, counts)])
            sizes.append(counts[selected_runs])
        starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
        bounds = np.searchsorted(owner, np.arange(self._rows + 1))
        postings = Postings(starts, np.concatenate(members).astype(np.int64), bounds, runs.ravel())
        return postings, np.diff(bounds)

    def _read_common(self, shard: int) -> tuple[Positions, UInt32s]:
        counts = np.fromfile(self._folder / f"{shard}-common.i64", dtype=np.int64)
        return counts, np.fromfile(self._folder / f"{shard}-common.u32", dtype=np.uint32)

    def _invert(self, counts: Positions, members: UInt32s) -> Postings:
        by_text = np.argsort(members, kind="stable")
        bounds = np.searchsorted(members[by_text], np.arange(self._rows + 1))
        runs = np.repeat(np.arange(len(counts)), counts)[by_text]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Postings(starts, members.astype(np.int64), bounds, runs)

    def _append(self, name: str, array: UInt64s | UInt32s) -> None:
        with (self._folder / name).open("ab") as file:
            array.tofile(file)


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
