"""Texts on disk that look as if they were in memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from cmtmed.dedup.shingle import Chunk, Positions, Texts


class Spool:
    """Collects texts in one file, or in memory, and maps them.

    What is mapped counts as memory only while it is being read: the operating system takes it back when memory is
    short. Offsets stay in memory, 8 bytes a text.
    """

    def __init__(self, file: Path | None) -> None:
        """Open a new file; None keeps the texts in memory."""
        self._path = file
        self._file = file.open("wb") if file else None
        self._chunks: list[Chunk] = []
        self._ends: list[Positions] = [np.zeros(1, dtype=np.int64)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, chunk: Chunk) -> None:
        """Append some texts."""
        if self._file is None:
            self._chunks.append(chunk)
            return
        chunk.data[chunk.offsets[0] : chunk.offsets[-1]].tofile(self._file)
        self._ends.append(chunk.offsets[1:] - chunk.offsets[0] + self._ends[-1][-1])

    def texts(self) -> Texts:
        """Return all texts, in the order in which they were added."""
        if self._file is None or self._path is None:
            return Texts(self._chunks)
        self._file.close()
        offsets = np.concatenate(self._ends)
        if not offsets[-1]:
            return Texts([Chunk.over(np.zeros(1, dtype=np.uint8), offsets)])
        return Texts([Chunk.over(np.asarray(np.memmap(self._path, dtype=np.uint8, mode="r")), offsets)])
