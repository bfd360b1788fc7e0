"""Dialogues with which longer ones begin, word for word: found exactly, in one pass over the texts.

A consultation that was crawled before it ended is a prefix of the later copy, cut anywhere. The hash of a text is a sum
over its characters, so reading a text yields the hashes of all its prefixes on the way, and each is looked up among the
hashes of all texts. Nothing is sampled and no frequency is a limit: a beginning that ten thousand dialogues share is
found as surely as a rare one.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cmtmed.dedup.texts import Chunk, Positions, UInt64s
from cmtmed.dedup.threads import run_in_threads

MIN_CHARS: Final = 20
"""Characters, white space aside, of the shortest text that counts as a prefix: 您好，请讲 begins many by chance."""

_BLOCK_BYTES: Final = 2**20


class PrefixSearch:
    """Texts that begin with another text, collected chunk after chunk.

    The index takes 40 to 80 bytes per text, and each pair 16 bytes.

    Args:
        hashes: hash of each text, from `hash_texts`.
        lengths: characters of each text, white space not counted.
        rows: positions of the texts that may be prefixes, no two of them equal.
        threads: number of threads; the result does not depend on it.
    """

    def __init__(self, hashes: UInt64s, lengths: Positions, rows: Positions, threads: int | None = None) -> None:
        from cmtmed.dedup.kernels.containment import index_texts

        candidates = rows[lengths[rows] >= MIN_CHARS]
        slots = 1 << max(6, (2 * len(candidates)).bit_length())
        self._lengths = lengths
        self._threads = threads
        self._table = np.zeros(slots, dtype=np.uint64)
        self._row_of = np.zeros(slots, dtype=np.int64)
        # A sixteenth of the bits is set at most, so that fifteen of sixteen positions cost a single look.
        self._bits = np.zeros(slots // 8, dtype=np.uint64)
        index_texts(hashes, candidates, self._table, self._row_of, self._bits)
        self._pairs: list[Positions] = []

    def add(self, first: int, chunk: Chunk) -> None:
        """Search the texts of a chunk for those that begin with an indexed text.

        Args:
            first: position of the chunk's first text in the corpus.
            chunk: the texts.
        """
        from cmtmed.dedup.kernels.containment import find_prefixes

        blocks = chunk.split_ranges(_BLOCK_BYTES)
        results = [np.zeros((2, 0), dtype=np.int64)] * len(blocks)

        def search_blocks(start: int, end: int) -> None:
            for block in range(start, end):
                results[block] = find_prefixes(
                    chunk.data,
                    chunk.offsets,
                    *blocks[block],
                    MIN_CHARS,
                    self._table,
                    self._row_of,
                    self._lengths,
                    self._bits,
                )

        run_in_threads(search_blocks, [(block, block + 1) for block in range(len(blocks))], self._threads)
        for pairs in results:
            pairs[0] += first
            self._pairs.append(pairs)

    def pairs(self) -> tuple[Positions, Positions]:
        """Return the positions of the prefixes, and of the longer texts that begin with them."""
        joined = np.concatenate(self._pairs, axis=1) if self._pairs else np.zeros((2, 0), dtype=np.int64)
        return joined[1], joined[0]
