"""Texts of a corpus collected in one memory-mapped file, or in memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from cmtmed.dedup.texts import Chunk, Positions, Texts


class TextStore:
    """Collect texts in one file, or in memory, and map them.

    Mapped texts occupy memory only while they are being read: the operating system reclaims it when memory is short.
    Offsets stay in memory, 8 bytes per text.
    """

    def __init__(self, path: Path | None) -> None:
        """Open a new file; None keeps the texts in memory."""
        self._path = path
        self._file = path.open("wb") if path else None
        self._chunks: list[Chunk] = []
        self._ends: list[Positions] = [np.zeros(1, dtype=np.int64)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, chunk: Chunk) -> None:
        """Append texts."""
        if self._file is None:
            self._chunks.append(chunk)
            return
        chunk.data[chunk.offsets[0] : chunk.offsets[-1]].tofile(self._file)
        self._ends.append(chunk.offsets[1:] - chunk.offsets[0] + self._ends[-1][-1])

    def texts(self) -> Texts:
        """Return all texts in the order in which they were added."""
        if self._file is None or self._path is None:
            return Texts(self._chunks)
        self._file.close()
        offsets = np.concatenate(self._ends)
        if not offsets[-1]:
            return Texts([Chunk.from_buffers(np.zeros(1, dtype=np.uint8), offsets)])
        return Texts([Chunk.from_buffers(np.asarray(np.memmap(self._path, dtype=np.uint8, mode="r")), offsets)])
