"""The sketches of a whole corpus, in memory or on disk, band by band."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.minhash import sketch
from cmtmed.dedup.shingle import Chunk, Positions, Texts, UInt64s

if TYPE_CHECKING:
    from cmtmed.dedup.links import Method


class Sketches:
    """What deduplication knows of every text of a corpus.

    Hashes and lengths are in memory, 16 bytes a text. Band keys (8 bytes a band and text) and signature bytes
    (``num_perm`` a text) are in memory too, or in files of a folder: then only the bands that are being worked on are
    read, and the signature bytes are memory-mapped, which the operating system takes back when memory is short.

    Attributes:
        hashes: of the whole texts, white space removed, shape (texts,).
        counts: code points that are not white space, shape (texts,).
        low: low bytes of the signatures, shape (texts, num_perm).
    """

    hashes: UInt64s
    counts: Positions
    low: npt.NDArray[np.uint8]

    def __init__(self, chunks: Iterable[Chunk], method: Method, folder: Path | None = None) -> None:
        """Sketch texts chunk after chunk.

        Args:
            chunks: the texts; each is needed only once.
            method: how.
            folder: where keys and signature bytes go; None keeps them in memory.
        """
        bands, rows = method.bands
        self._folder = folder
        self._keys: list[UInt64s] = []
        hashes, counts, low = [], [], []
        files = [(folder / f"band-{band:03}.u64").open("wb") for band in range(bands)] if folder else []
        lows = (folder / "signatures.u8").open("wb") if folder else None
        try:
            for chunk in chunks:
                made = sketch(
                    chunk, bands, rows, ngram=method.ngram, num_perm=method.num_perm, seed=method.seed,
                    threads=method.threads,
                )  # fmt: skip
                hashes.append(made.hashes)
                counts.append(made.counts)
                if lows is None:
                    self._keys.append(made.keys)
                    low.append(made.low)
                    continue
                made.low.tofile(lows)
                for file, keys in zip(files, made.keys, strict=True):
                    keys.tofile(file)
        finally:
            for file in [*files, *([lows] if lows else [])]:
                file.close()
        self.hashes = np.concatenate(hashes) if hashes else np.zeros(0, dtype=np.uint64)
        self.counts = np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)
        shape = (len(self.hashes), method.num_perm)
        if folder and shape[0]:
            self.low = np.asarray(np.memmap(folder / "signatures.u8", dtype=np.uint8, mode="r+", shape=shape))
        else:
            self.low = np.concatenate(low) if low else np.zeros(shape, dtype=np.uint8)

    @classmethod
    def of(cls, texts: Texts, method: Method, folder: Path | None = None) -> Self:
        """Sketch all texts."""
        return cls(texts.chunks, method, folder)

    def band(self, number: int) -> UInt64s:
        """Return the keys of one band, shape (texts,)."""
        if self._folder:
            return np.fromfile(self._folder / f"band-{number:03}.u64", dtype=np.uint64)
        return np.concatenate([keys[number] for keys in self._keys]) if self._keys else np.zeros(0, dtype=np.uint64)
