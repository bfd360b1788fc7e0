"""Files of the signature index: the list of segments, the arrays of each, and their checks.

``index.json`` names everything that belongs to the index. A segment of n texts is a folder that holds, as plain
little-endian arrays: ``values.u32`` (n, num_perm), ``hashes.u64`` (n,), per band the sorted keys ``keys.u64``
(bands, n) and the rows that they belong to, ``rows.u32`` (bands, n); and ``ids.arrow``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.minhash import SignatureBatch, UInt32s
from cmtmed.errors import DatasetError

_FORMAT: Final = "cmtmed.dedup.index"
_VERSION: Final = 1
_FILE: Final = "index.json"
_DTYPES: Final = {"values.u32": "<u4", "hashes.u64": "<u8", "keys.u64": "<u8", "rows.u32": "<u4"}


class SegmentEntry(TypedDict):
    """Entry of one segment in ``index.json``: folder name, number of texts, size of each file in bytes."""

    name: str
    rows: int
    sizes: dict[str, int]


class Manifest(TypedDict):
    """Content of ``index.json``."""

    format: str
    version: int
    threshold: float
    ngram: int
    num_perm: int
    segments: list[SegmentEntry]


@dataclass(frozen=True)
class Segment:
    """Signatures of the texts of one addition, on disk."""

    folder: Path
    rows: int
    sizes: dict[str, int]

    def map_array(self, name: str) -> npt.NDArray[np.unsignedinteger]:
        """Memory-map one of the arrays, flat."""
        if self.rows == 0:
            return np.zeros(0, dtype=_DTYPES[name])
        return np.memmap(self.folder / name, dtype=_DTYPES[name], mode="r")

    def read_ids(self) -> pl.Series:
        """Return the ids of the texts."""
        with pa.memory_map(str(self.folder / "ids.arrow")) as source:
            return pl.Series("id", pa.ipc.open_file(source).read_all()["id"])


def write_segment(folder: Path, ids: pl.Series, batch: SignatureBatch, values: UInt32s) -> dict[str, int]:
    """Write the files of a segment, synced to disk, and return their sizes in bytes."""
    order = np.argsort(batch.band_keys, axis=1, kind="stable").astype("<u4")
    arrays = {
        "values.u32": values.astype("<u4"),
        "hashes.u64": batch.hashes.astype("<u8"),
        "keys.u64": np.take_along_axis(batch.band_keys, order.astype(np.int64), axis=1).astype("<u8"),
        "rows.u32": order,
    }
    for name, array in arrays.items():
        with (folder / name).open("wb") as file:
            array.tofile(file)
            os.fsync(file.fileno())
    table = pa.table({"id": ids.to_arrow(compat_level=pl.CompatLevel.oldest())})
    with pa.OSFile(str(folder / "ids.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir())}


def open_segments(folder: Path, manifest: Manifest) -> list[Segment]:
    """Open the segments of an index.

    Raises:
        DatasetError: a file is missing or has another size than recorded.
    """
    segments = [Segment(folder / entry["name"], entry["rows"], entry["sizes"]) for entry in manifest["segments"]]
    for segment in segments:
        for name, expected in segment.sizes.items():
            path = segment.folder / name
            size = path.stat().st_size if path.exists() else None
            if size != expected:
                state = "is missing" if size is None else f"has {size} bytes instead of {expected}"
                raise DatasetError(f"{str(path)!r} {state}; restore it or recreate the index")
    return segments


def read_manifest(folder: Path) -> Manifest:
    """Read ``index.json``.

    Raises:
        DatasetError: the folder holds no index, or one of another version.
    """
    path = folder / _FILE
    try:
        manifest: Manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(
            f"{str(folder)!r} holds no index: {_FILE} is missing; create one with Index.create"
        ) from None
    except ValueError:
        raise DatasetError(f"{str(path)!r} is not valid JSON: it is truncated or belongs to another program") from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise DatasetError(f"{str(path)!r} is not an index of cmtmed; pass a folder created by Index.create")
    if manifest.get("version") != _VERSION:
        raise DatasetError(f"{str(path)!r} has version {manifest.get('version')}, but this cmtmed reads {_VERSION}")
    return manifest


def commit_manifest(folder: Path, config: MinHashConfig, segments: list[SegmentEntry]) -> None:
    """Replace ``index.json`` atomically."""
    manifest = Manifest(
        format=_FORMAT,
        version=_VERSION,
        threshold=config.threshold,
        ngram=config.ngram,
        num_perm=config.num_perm,
        segments=segments,
    )
    partial = folder / f".{_FILE}-{uuid4().hex}"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / _FILE)
