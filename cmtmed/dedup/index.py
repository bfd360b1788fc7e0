"""An index of signatures on disk: which dialogues of a new crawl does an earlier build hold already?

A folder with ``index.json``, which names everything that belongs to the index, and one folder a segment. Segments are
never changed: to add is to write another segment and then to replace ``index.json``, so that readers see the index as
it was or as it is, and an interrupted addition leaves it as it was. Texts are not kept. Whoever queries gets candidates
with an estimate of their similarity, to be compared exactly where the texts are at hand.

A segment of n texts holds, as plain little-endian arrays: ``values.u32`` (n, num_perm), ``hashes.u64`` (n,), per band
the sorted keys ``keys.u64`` (bands, n) and the rows that they belong to, ``rows.u32`` (bands, n); and ``ids.arrow``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from cmtmed.dedup.links import Method, checked
from cmtmed.dedup.lsh import ERRORS
from cmtmed.dedup.minhash import Sketch, sketch
from cmtmed.dedup.shingle import Texts
from cmtmed.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from datasketch import MinHashLSH

_FORMAT: Final = "cmtmed.dedup.index"
_VERSION: Final = 1
_FILE: Final = "index.json"
_ARRAYS: Final = {"values.u32": "<u4", "hashes.u64": "<u8", "keys.u64": "<u8", "rows.u32": "<u4"}


@dataclass(frozen=True)
class _Segment:
    folder: Path
    rows: int
    sizes: dict[str, int]

    def array(self, name: str) -> npt.NDArray[Any]:
        if self.rows == 0:
            return np.zeros(0, dtype=_ARRAYS[name])
        return np.memmap(self.folder / name, dtype=_ARRAYS[name], mode="r")

    def ids(self) -> pl.Series:
        with pa.memory_map(str(self.folder / "ids.arrow")) as source:
            return pl.Series("id", pa.ipc.open_file(source).read_all()["id"])


class Index:
    """Signatures of all texts that were ever added, on disk.

    Any number of processes may query while one adds; a second one that wants to add waits. An open index shows what was
    there when it was opened or when it last added something.
    """

    def __init__(self, folder: Path, method: Method, segments: Sequence[_Segment]) -> None:
        """Use `create` or `open`."""
        self.folder = folder
        self.method = method
        self._segments = list(segments)

    def __len__(self) -> int:
        return sum(segment.rows for segment in self._segments)

    @classmethod
    def create(cls, folder: str | Path, threshold: float = 0.8, *, ngram: int = 5, num_perm: int = 128) -> Self:
        """Make an empty index in a new or empty folder.

        Raises:
            UsageError: a number out of range, or the folder is not empty.
        """
        path, method = Path(folder), Method(threshold, ngram, num_perm)
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"{str(path)!r} is not empty; give a new folder, or open the index with Index.open")
        index = cls(path, method, [])
        index._commit([])
        return index

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open an index.

        Raises:
            DatasetError: no index, one of a later version, or a file that is missing or cut short.
        """
        path = Path(folder)
        told = _read(path)
        segments = _segments(path, told)
        return cls(path, Method(told["threshold"], told["ngram"], told["num_perm"]), segments)

    def add(self, ids: Sequence[str] | pl.Series, texts: list[str] | pl.Series) -> None:
        """Add texts. When it returns they are on disk for good; interrupted, none of them is.

        Args:
            ids: one a text; what queries return.
            texts: the texts.

        Raises:
            UsageError: more ids than texts or fewer, or something that is no text.
        """
        names = ids if isinstance(ids, pl.Series) else pl.Series("id", ids, dtype=pl.String)
        laid = checked(texts)
        if len(names) != len(laid):
            raise UsageError(f"{len(names)} ids for {len(laid)} texts; give one id a text")
        with self._locked():
            known = _read(self.folder)["segments"]
            name = f"{len(known):06}"
            work = self.folder / f".{name}-{uuid4().hex}"
            work.mkdir()
            try:
                sizes = self._write(work, names, *self._sketched(laid))
                target = self.folder / name
                # Left by an addition that was interrupted between its two renames; nobody knows of it.
                shutil.rmtree(target, ignore_errors=True)
                work.rename(target)
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise
            self._commit([*known, {"name": name, "rows": len(names), "sizes": sizes}])
            self._segments = _segments(self.folder, _read(self.folder))

    def query(self, texts: list[str] | pl.Series) -> pl.DataFrame:
        """Find what the index may hold already.

        Args:
            texts: what to look for.

        Returns:
            ``row`` (UInt32, position in ``texts``), ``id``, ``estimate`` (Float64: of the Jaccard similarity, standard
            error ``sqrt(j * (1 - j) / num_perm)``) and ``equal`` (whether the text is the same, white space aside),
            for pairs that share a band and whose estimate is within four standard errors of the threshold or above.

        Raises:
            UsageError: something is no text.
        """
        made, values = self._sketched(checked(texts))
        tables = [self._matches(segment, made, values) for segment in self._segments if segment.rows]
        schema = {"row": pl.UInt32, "id": pl.String, "estimate": pl.Float64, "equal": pl.Boolean}
        return pl.concat([pl.DataFrame(schema=schema), *tables]).sort("row", "id")

    def to_datasketch_lsh(self) -> MinHashLSH:
        """Load the index into datasketch, with the same bands; keys are the ids.

        Query it with ``datasketch.MinHash(num_perm, hashfunc=shingle_hash, scheme="affine32")``.
        """
        from datasketch import MinHash, MinHashLSH

        perms = self.method.num_perm
        lsh = MinHashLSH(num_perm=perms, params=self.method.bands)
        with lsh.insertion_session() as session:
            for segment in self._segments:
                values = segment.array("values.u32").reshape(-1, perms)
                for name, row in zip(segment.ids(), values, strict=True):
                    session.insert(name, MinHash(num_perm=perms, hashvalues=np.array(row), scheme="affine32"))
        return lsh

    def _sketched(self, texts: Texts) -> tuple[Sketch, npt.NDArray[np.uint32]]:
        bands, rows = self.method.bands
        chunk = texts.gather(np.arange(len(texts)))
        values = np.empty((len(chunk), self.method.num_perm), dtype=np.uint32)
        made = sketch(chunk, bands, rows, ngram=self.method.ngram, num_perm=self.method.num_perm, values=values)
        return made, values

    def _write(self, work: Path, ids: pl.Series, made: Sketch, values: npt.NDArray[np.uint32]) -> dict[str, int]:
        order = np.argsort(made.keys, axis=1, kind="stable").astype("<u4")
        arrays = {
            "values.u32": values.astype("<u4"),
            "hashes.u64": made.hashes.astype("<u8"),
            "keys.u64": np.take_along_axis(made.keys, order.astype(np.int64), axis=1).astype("<u8"),
            "rows.u32": order,
        }
        for name, array in arrays.items():
            with (work / name).open("wb") as file:
                array.tofile(file)
                os.fsync(file.fileno())
        table = pa.table({"id": ids.to_arrow(compat_level=pl.CompatLevel.oldest())})
        with pa.OSFile(str(work / "ids.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return {file.name: file.stat().st_size for file in sorted(work.iterdir())}

    def _matches(self, segment: _Segment, made: Sketch, values: npt.NDArray[np.uint32]) -> pl.DataFrame:
        bands, _ = self.method.bands
        keys = segment.array("keys.u64").reshape(bands, segment.rows)
        places = segment.array("rows.u32").reshape(bands, segment.rows)
        known = segment.array("values.u32").reshape(segment.rows, -1)
        # A text without a shingle has a signature too, the same for all of them; it is equal or nothing.
        asked = np.flatnonzero(made.counts > 0)
        found = []
        for band in range(bands):
            wanted = made.keys[band, asked]
            start, end = np.searchsorted(keys[band], wanted, "left"), np.searchsorted(keys[band], wanted, "right")
            row = np.repeat(asked, end - start)
            step = np.arange(len(row)) - np.repeat(np.cumsum(end - start) - (end - start), end - start)
            found.append(np.stack([row, places[band, np.repeat(start, end - start) + step].astype(np.int64)]))
        row, place = np.unique(np.concatenate(found, axis=1), axis=1)
        hashes = segment.array("hashes.u64")
        equal = hashes[place] == made.hashes[row]
        estimate = np.where(equal, 1.0, (known[place] == values[row]).mean(axis=1) if len(row) else 0.0)
        j = self.method.threshold
        least = j - ERRORS * float(np.sqrt(j * (1 - j) / self.method.num_perm))
        kept = equal | ((estimate >= least) & (made.counts[row] >= self.method.ngram))
        return pl.DataFrame(
            {
                "row": row[kept].astype(np.uint32),
                "id": segment.ids().gather(place[kept]),
                "estimate": estimate[kept],
                "equal": equal[kept],
            }
        )

    def _commit(self, segments: list[dict[str, Any]]) -> None:
        told = {
            "format": _FORMAT,
            "version": _VERSION,
            "threshold": self.method.threshold,
            "ngram": self.method.ngram,
            "num_perm": self.method.num_perm,
            "segments": segments,
        }
        work = self.folder / f".{_FILE}-{uuid4().hex}"
        with work.open("w", encoding="utf-8") as file:
            json.dump(told, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        work.replace(self.folder / _FILE)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _read(folder: Path) -> dict[str, Any]:
    path = folder / _FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{str(folder)!r} holds no index: {_FILE} is missing; make one with Index.create") from None
    except ValueError:
        raise DatasetError(f"{str(path)!r} is not JSON; it was cut short or is another program's") from None
    if not isinstance(told, dict) or told.get("format") != _FORMAT:
        raise DatasetError(f"{str(path)!r} is not an index of cmtmed; give the folder that Index.create made")
    if told.get("version") != _VERSION:
        raise DatasetError(f"{str(path)!r} has version {told.get('version')}; this cmtmed reads version {_VERSION}")
    return told


def _segments(folder: Path, told: dict[str, Any]) -> list[_Segment]:
    segments = [_Segment(folder / one["name"], one["rows"], one["sizes"]) for one in told["segments"]]
    for segment in segments:
        for name, size in segment.sizes.items():
            file = segment.folder / name
            found = file.stat().st_size if file.exists() else None
            if found != size:
                state = "is missing" if found is None else f"has {found} bytes instead of {size}"
                raise DatasetError(f"{str(file)!r} {state}; restore it, or create the index anew")
    return segments
