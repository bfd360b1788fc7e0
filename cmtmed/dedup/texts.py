"""Texts as buffers of UTF-8 that the compiled kernels read in place.

Kernels work on the bytes of Arrow buffers: no Python object is made for a document.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmed.dedup.threads import count_threads
from cmtmed.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

UInt64s = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]
_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True)
class Chunk:
    """Several texts in one buffer.

    Attributes:
        data: all texts in UTF-8, one after another; may be larger than what the offsets cover. Read-only.
        offsets: where each text begins, and where the last one ends (length = number of texts + 1). Read-only.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_arrow(cls, array: pa.Array) -> Chunk:
        """View an Arrow array of strings without copying its texts; a null is an empty text."""
        if array.null_count:
            array = array.fill_null("")
        if array.type != pa.large_string():
            array = array.cast(pa.large_string())
        count = len(array)
        if count == 0:
            return cls(_as_read_only(np.zeros(1, dtype=np.uint8)), _as_read_only(np.zeros(1, dtype=np.int64)))
        _, offset_buffer, data_buffer = array.buffers()
        offsets = np.frombuffer(offset_buffer, dtype=np.int64)[array.offset : array.offset + count + 1]
        empty = data_buffer is None or not data_buffer.size
        data = np.zeros(1, dtype=np.uint8) if empty else np.frombuffer(data_buffer, dtype=np.uint8)
        return cls(_as_read_only(data), _as_read_only(offsets))

    @classmethod
    def from_buffers(cls, data: npt.NDArray[np.uint8], offsets: Positions) -> Chunk:
        """View UTF-8 bytes and offsets made elsewhere."""
        return cls(_as_read_only(data), _as_read_only(offsets))

    def split_ranges(self, size: int) -> list[tuple[int, int]]:
        """Split the texts into ranges of about ``size`` bytes each."""
        cuts = [0]
        while cuts[-1] < len(self):
            end = int(np.searchsorted(self.offsets, self.offsets[cuts[-1]] + size, side="left"))
            cuts.append(min(max(end, cuts[-1] + 1), len(self)))
        return list(pairwise(cuts))


class Texts:
    """Texts in any number of chunks: in memory, or in memory-mapped files that may be larger than memory."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        """Take chunks in order; positions run through all of them."""
        self.chunks = tuple(chunk for chunk in chunks if len(chunk))
        self.starts = np.concatenate([[0], np.cumsum([len(chunk) for chunk in self.chunks])]).astype(np.int64)

    def __len__(self) -> int:
        return int(self.starts[-1])

    @classmethod
    def from_column(cls, texts: pl.Series | pa.Array | pa.ChunkedArray) -> Texts:
        """View strings of Polars (copied once) or Arrow (not copied); a null is an empty text."""
        if isinstance(texts, pa.ChunkedArray):
            return cls(Chunk.from_arrow(array) for array in texts.chunks)
        if isinstance(texts, pa.Array):
            return cls([Chunk.from_arrow(texts)])
        # Polars keeps strings as views into many buffers; in slices, so that several are copied at a time.
        rows = max(1, -(-len(texts) // (4 * count_threads())))
        slices = [texts.slice(start, rows) for start in range(0, len(texts), rows)]
        with ThreadPoolExecutor(count_threads()) as pool:
            return cls(pool.map(_copy_to_chunk, slices))

    def sizes(self) -> Positions:
        """Return the length of each text in bytes."""
        sizes = [np.diff(chunk.offsets) for chunk in self.chunks]
        return np.concatenate(sizes) if sizes else np.zeros(0, dtype=np.int64)

    def gather(self, rows: Positions) -> Chunk:
        """Copy the texts at these positions, in this order, into one chunk."""
        from cmtmed.dedup.kernels.verify import copy_texts

        owner = np.searchsorted(self.starts, rows, side="right") - 1
        sizes = np.zeros(len(rows), dtype=np.int64)
        sources = []
        for number in np.unique(owner):
            targets = np.flatnonzero(owner == number)
            chunk, chunk_rows = self.chunks[number], rows[targets] - self.starts[number]
            sizes[targets] = chunk.offsets[chunk_rows + 1] - chunk.offsets[chunk_rows]
            sources.append((chunk, chunk_rows, targets))
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        data = np.empty(max(1, int(offsets[-1])), dtype=np.uint8)
        for chunk, chunk_rows, targets in sources:
            copy_texts(chunk.data, chunk.offsets, chunk_rows, targets, data, offsets)
        return Chunk.from_buffers(data, offsets)


def to_texts(texts: list[str] | pl.Series | pa.Array | pa.ChunkedArray | Texts) -> Texts:
    """Convert a caller's texts to buffers.

    Raises:
        UsageError: an item is not a string, or contains a lone surrogate.
    """
    if isinstance(texts, Texts):
        return texts
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            raise UsageError(f"texts have type {texts.type}; pass an array of strings")
        return Texts.from_column(texts)
    if not isinstance(texts, list):
        if str(texts.dtype) != "String":
            raise UsageError(f"texts have type {texts.dtype}; pass a series of type String")
        return Texts.from_column(texts)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(f"texts[{index}] has type {type(text).__name__}; pass a list of str")
    try:
        return Texts.from_column(pa.array(texts, type=pa.large_string()))
    except UnicodeEncodeError as error:
        raise UsageError(
            f"a text contains a lone surrogate at character {error.start}, which cannot be encoded; "
            "decode its source again, or drop it with text.encode('utf-8', 'ignore').decode()"
        ) from None


def _copy_to_chunk(texts: pl.Series) -> Chunk:
    import polars as pl

    return Chunk.from_arrow(texts.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _as_read_only(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    view = array.view()
    view.flags.writeable = False
    return view
