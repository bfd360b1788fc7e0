"""The signatures of a whole corpus, in memory or on disk, read band by band."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.minhash import compute_signatures
from cmtmed.dedup.texts import Chunk, Positions, Texts, UInt64s


class SignatureStore:
    """The signatures of every text of a corpus.

    Hashes and lengths are in memory, 16 bytes per text. Band keys (8 bytes per band and text) and low bytes
    (``num_perm`` per text) are in memory too, or in files of a folder: then only the bands in use are read, and the low
    bytes are memory-mapped, so that the operating system can reclaim their memory.

    Attributes:
        hashes: hash of each whole text, white space removed, shape (texts,).
        lengths: code points that are not white space, shape (texts,).
        low_bytes: low bytes of the signatures, shape (texts, num_perm).
    """

    hashes: UInt64s
    lengths: Positions
    low_bytes: npt.NDArray[np.uint8]

    def __init__(self, chunks: Iterable[Chunk], config: MinHashConfig, folder: Path | None = None) -> None:
        """Sign texts chunk after chunk.

        Args:
            chunks: the texts; each chunk is read only once.
            config: parameters of the signatures.
            folder: where band keys and low bytes are written; None keeps them in memory.
        """
        bands, _ = config.bands
        self._folder = folder
        self._band_keys: list[UInt64s] = []
        hashes, lengths, low_bytes = [], [], []
        with ExitStack() as stack:
            band_files = (
                [stack.enter_context(self._band_path(folder, n).open("wb")) for n in range(bands)] if folder else []
            )
            low_file = stack.enter_context((folder / "signatures.u8").open("wb")) if folder else None
            for chunk in chunks:
                batch = compute_signatures(chunk, config)
                hashes.append(batch.hashes)
                lengths.append(batch.lengths)
                if low_file is None:
                    self._band_keys.append(batch.band_keys)
                    low_bytes.append(batch.low_bytes)
                    continue
                batch.low_bytes.tofile(low_file)
                for file, keys in zip(band_files, batch.band_keys, strict=True):
                    keys.tofile(file)
        self.hashes = np.concatenate(hashes) if hashes else np.zeros(0, dtype=np.uint64)
        self.lengths = np.concatenate(lengths) if lengths else np.zeros(0, dtype=np.int64)
        shape = (len(self.hashes), config.num_perm)
        if folder and shape[0]:
            self.low_bytes = np.asarray(np.memmap(folder / "signatures.u8", dtype=np.uint8, mode="r+", shape=shape))
        else:
            self.low_bytes = np.concatenate(low_bytes) if low_bytes else np.zeros(shape, dtype=np.uint8)

    @classmethod
    def from_texts(cls, texts: Texts, config: MinHashConfig, folder: Path | None = None) -> Self:
        """Sign all texts."""
        return cls(texts.chunks, config, folder)

    def read_band(self, number: int) -> UInt64s:
        """Return the keys of one band, shape (texts,)."""
        if self._folder:
            return np.fromfile(self._band_path(self._folder, number), dtype=np.uint64)
        if not self._band_keys:
            return np.zeros(0, dtype=np.uint64)
        return np.concatenate([keys[number] for keys in self._band_keys])

    @staticmethod
    def _band_path(folder: Path, number: int) -> Path:
        return folder / f"band-{number:03}.u64"
