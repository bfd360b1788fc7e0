"""An index of signatures on disk: which dialogues of a new crawl does an earlier build hold already?

The index is a folder with ``index.json``, which names everything that belongs to it, and one folder per segment (see
`cmtmed.dedup.index_files`). Segments never change: an addition writes another segment and then replaces ``index.json``,
so that readers see the index before or after the addition, and an interrupted addition leaves it as it was. Texts are
not kept. A query returns candidates with an estimate of their similarity, to be compared exactly where the texts are
available.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import numpy as np
import polars as pl

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.index_files import (
    Segment,
    SegmentEntry,
    commit_manifest,
    open_segments,
    read_manifest,
    write_segment,
)
from cmtmed.dedup.lsh import STANDARD_ERRORS
from cmtmed.dedup.minhash import SignatureBatch, UInt32s, compute_signatures
from cmtmed.dedup.texts import Texts, to_texts
from cmtmed.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from datasketch import MinHashLSH


class Index:
    """Signatures of all texts ever added, on disk.

    Any number of processes may query while one adds; a second one that wants to add waits. An open index shows the
    state when it was opened or when it last added something.
    """

    def __init__(self, folder: Path, config: MinHashConfig, segments: Sequence[Segment]) -> None:
        """Use `create` or `open`."""
        self.folder = folder
        self.config = config
        self._segments = list(segments)

    def __len__(self) -> int:
        return sum(segment.rows for segment in self._segments)

    @classmethod
    def create(cls, folder: str | Path, threshold: float = 0.8, *, ngram: int = 5, num_perm: int = 128) -> Self:
        """Create an empty index in a new or empty folder.

        Raises:
            UsageError: a number is out of range, or the folder is not empty.
        """
        path, config = Path(folder), MinHashConfig(threshold, ngram, num_perm)
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"{str(path)!r} is not empty; use a new folder, or open the index with Index.open")
        commit_manifest(path, config, [])
        return cls(path, config, [])

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open an index.

        Raises:
            DatasetError: the folder holds no index or one of another version, or a file is missing or cut short.
        """
        path = Path(folder)
        manifest = read_manifest(path)
        config = MinHashConfig(manifest["threshold"], manifest["ngram"], manifest["num_perm"])
        return cls(path, config, open_segments(path, manifest))

    def add(self, ids: Sequence[str] | pl.Series, texts: list[str] | pl.Series) -> None:
        """Add texts. When it returns they are durably on disk; if it is interrupted, none of them is.

        Args:
            ids: one id per text, returned by queries.
            texts: the texts.

        Raises:
            UsageError: the numbers of ids and texts differ, or an item is not a string.
            DatasetError: the index cannot be locked or read.
        """
        names = ids if isinstance(ids, pl.Series) else pl.Series("id", ids, dtype=pl.String)
        buffers = to_texts(texts)
        if len(names) != len(buffers):
            raise UsageError(f"{len(names)} ids for {len(buffers)} texts; pass one id per text")
        with self._lock():
            entries = read_manifest(self.folder)["segments"]
            name = f"{len(entries):06}"
            partial = self.folder / f".{name}-{uuid4().hex}"
            partial.mkdir()
            try:
                sizes = write_segment(partial, names, *self._sign(buffers))
                target = self.folder / name
                # Left by an addition that was interrupted between its two renames; no manifest names it.
                shutil.rmtree(target, ignore_errors=True)
                partial.rename(target)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            entry = SegmentEntry(name=name, rows=len(names), sizes=sizes)
            commit_manifest(self.folder, self.config, [*entries, entry])
            self._segments = open_segments(self.folder, read_manifest(self.folder))

    def query(self, texts: list[str] | pl.Series) -> pl.DataFrame:
        """Find texts that the index may hold already.

        Args:
            texts: the texts to look for.

        Returns:
            ``row`` (UInt32, position in ``texts``), ``id``, ``estimate`` (Float64: of the Jaccard similarity, standard
            error ``sqrt(j * (1 - j) / num_perm)``) and ``equal`` (whether the text is the same, white space aside),
            for pairs that share a band and whose estimate is within four standard errors of the threshold or above.

        Raises:
            UsageError: an item is not a string.
        """
        batch, values = self._sign(to_texts(texts))
        tables = [self._match_segment(segment, batch, values) for segment in self._segments if segment.rows]
        schema = {"row": pl.UInt32, "id": pl.String, "estimate": pl.Float64, "equal": pl.Boolean}
        return pl.concat([pl.DataFrame(schema=schema), *tables]).sort("row", "id")

    def to_datasketch_lsh(self) -> MinHashLSH:
        """Load the index into datasketch, with the same bands; keys are the ids.

        Query it with ``datasketch.MinHash(num_perm, hashfunc=shingle_hash, scheme="affine32")``.
        """
        from datasketch import MinHash, MinHashLSH

        perms = self.config.num_perm
        lsh = MinHashLSH(num_perm=perms, params=self.config.bands)
        with lsh.insertion_session() as session:
            for segment in self._segments:
                values = segment.map_array("values.u32").reshape(-1, perms)
                for name, row in zip(segment.read_ids(), values, strict=True):
                    session.insert(name, MinHash(num_perm=perms, hashvalues=np.array(row), scheme="affine32"))
        return lsh

    def _sign(self, texts: Texts) -> tuple[SignatureBatch, UInt32s]:
        chunk = texts.gather(np.arange(len(texts)))
        values = np.empty((len(chunk), self.config.num_perm), dtype=np.uint32)
        return compute_signatures(chunk, self.config, values=values), values

    def _match_segment(self, segment: Segment, batch: SignatureBatch, values: UInt32s) -> pl.DataFrame:
        bands, _ = self.config.bands
        keys = segment.map_array("keys.u64").reshape(bands, segment.rows)
        key_rows = segment.map_array("rows.u32").reshape(bands, segment.rows)
        stored_values = segment.map_array("values.u32").reshape(segment.rows, -1)
        # Texts without a shingle have a signature too, the same for all of them; they match only if they are equal.
        query_rows = np.flatnonzero(batch.lengths > 0)
        matches = []
        for band in range(bands):
            query_keys = batch.band_keys[band, query_rows]
            start = np.searchsorted(keys[band], query_keys, "left")
            end = np.searchsorted(keys[band], query_keys, "right")
            repeated = np.repeat(query_rows, end - start)
            step = np.arange(len(repeated)) - np.repeat(np.cumsum(end - start) - (end - start), end - start)
            stored_rows = key_rows[band, np.repeat(start, end - start) + step].astype(np.int64)
            matches.append(np.stack([repeated, stored_rows]))
        row, stored = np.unique(np.concatenate(matches, axis=1), axis=1)
        hashes = segment.map_array("hashes.u64")
        equal = hashes[stored] == batch.hashes[row]
        estimate = np.where(equal, 1.0, (stored_values[stored] == values[row]).mean(axis=1) if len(row) else 0.0)
        j = self.config.threshold
        min_estimate = j - STANDARD_ERRORS * float(np.sqrt(j * (1 - j) / self.config.num_perm))
        kept = equal | ((estimate >= min_estimate) & (batch.lengths[row] >= self.config.ngram))
        return pl.DataFrame(
            {
                "row": row[kept].astype(np.uint32),
                "id": segment.read_ids().gather(stored[kept]),
                "estimate": estimate[kept],
                "equal": equal[kept],
            }
        )

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the index's lock; wait for as long as another thread or process holds it."""
        # Imported here: it loads asyncio, which queries do not need.
        from filelock import FileLock

        path = self.folder / ".lock"
        lock = FileLock(path)
        try:
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DatasetError(
                f"{str(path)!r} cannot be locked ({reason}); make the folder writable, or move the index to a file "
                "system that supports file locks"
            ) from error
        try:
            yield
        finally:
            lock.release()
