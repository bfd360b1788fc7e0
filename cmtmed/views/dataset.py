"""Write tables as Arrow datasets that ``datasets.load_from_disk`` opens: in bounded memory, with reproducible bytes.

``datasets`` defines the features and the metadata; the Arrow stream files themselves are written here with
pyarrow, because ``Dataset.save_to_disk`` copies the whole table again and gives it a fingerprint that depends on
file times (see the decision record on emission).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import polars as pl
import pyarrow as pa

from cmtmed.artifacts import HashedFile, explain_unreadable, read_json
from cmtmed.errors import DatasetError
from cmtmed.private_files import make_private_folder, restrict_to_owner
from cmtmed.views.arrow_files import REMEDY, validate_files

if TYPE_CHECKING:
    from datasets import DatasetDict

FILE_BYTES: Final = 500_000_000
"""A data file is closed once it holds this much, as the Hub expects of a shard."""

BATCH_ROWS: Final = 1000
"""Rows per Arrow record batch: the amount a reader touches to get one row."""


class _Stream:
    """One split: Arrow stream files that roll over at `FILE_BYTES`."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.schema, self.rows = folder, schema, 0
        self._files: list[Path] = []
        self._file: tuple[pa.OSFile, pa.RecordBatchStreamWriter] | None = None

    def write(self, table: pa.Table) -> None:
        if self._file is None or self._file[0].tell() > FILE_BYTES:
            self._close_file()
            self._files.append(self.folder / f"data-{len(self._files):05d}.partial")
            sink = pa.OSFile(str(self._files[-1]), "wb")
            self._file = sink, pa.ipc.new_stream(sink, self.schema)
        self._file[1].write_table(table, max_chunksize=BATCH_ROWS)
        self.rows += table.num_rows

    def close(self) -> list[str]:
        if not self._files:
            self.write(self.schema.empty_table())
        self._close_file()
        names = [f"data-{index:05d}-of-{len(self._files):05d}.arrow" for index in range(len(self._files))]
        for file, name in zip(self._files, names, strict=True):
            file.rename(self.folder / name)
        return names

    def _close_file(self) -> None:
        if self._file is not None:
            sink, writer = self._file
            writer.close()
            sink.close()
        self._file = None


class DatasetWriter:
    """Write one Arrow dataset, or one per split.

    Args:
        folder: directory of the dataset; it must not exist yet.
        columns: name to Polars type of every table that will be written.
        fingerprint: identifies the content; equal inputs must give equal fingerprints.
        splits: whether tables come with a split name (a ``DatasetDict``) or without (a ``Dataset``).
        private: whether only the owner may read the files, whatever the umask.
    """

    def __init__(
        self,
        folder: Path,
        columns: Mapping[str, pl.DataType],
        fingerprint: str,
        *,
        splits: bool,
        private: bool = False,
    ) -> None:
        from datasets import Features

        empty = pl.DataFrame(schema=dict(columns)).to_arrow(compat_level=pl.CompatLevel.oldest())
        self._features = Features.from_arrow_schema(pa.schema([_narrow_field(field) for field in empty.schema]))
        self._schema = self._features.arrow_schema
        self._folder, self._fingerprint, self._splits = folder, fingerprint, splits
        self._private = private
        self._streams: dict[str, _Stream] = {}
        self.files: list[HashedFile] = []
        """The data files; filled by `close`."""

    def write(self, table: pl.DataFrame, split: str = "") -> None:
        """Append a table to a split (``""`` for a dataset without splits)."""
        if table.height == 0:
            return
        arrow = table.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        self._stream(split).write(arrow.cast(self._schema))

    def rows(self) -> dict[str, int]:
        """Return the number of rows written so far, by split."""
        return {split: stream.rows for split, stream in sorted(self._streams.items())}

    def close(self) -> None:
        """Finish all files and write the metadata; a dataset without rows is empty but loadable."""
        if not self._streams:
            self._stream("train" if self._splits else "")
        for split, stream in self._streams.items():
            names = stream.close()
            self._describe(split, stream, names)
            self.files += [HashedFile.of(stream.folder / name, self._folder.parent) for name in names]
        if self._splits:
            order = sorted(self._streams, key=lambda split: (split != "train", split != "validation", split))
            _write_json(self._folder / "dataset_dict.json", {"splits": order})
        if self._private:
            restrict_to_owner(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error_type is None:
            self.close()

    def _stream(self, split: str) -> _Stream:
        if split not in self._streams:
            if self._private:
                make_private_folder(self._folder)
            self._streams[split] = _Stream(self._folder / split, self._schema)
        return self._streams[split]

    def _describe(self, split: str, stream: _Stream, files: list[str]) -> None:
        from datasets import DatasetInfo

        DatasetInfo(features=self._features).write_to_directory(str(stream.folder), pretty_print=True)
        identity = f"{self._fingerprint}/{self._folder.name}/{split}"
        state: dict[str, object] = {
            "_data_files": [{"filename": name} for name in files],
            "_fingerprint": hashlib.sha256(identity.encode()).hexdigest()[:16],
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": split or None,
        }
        _write_json(stream.folder / "state.json", state)


def open_dataset(folder: Path) -> DatasetDict:
    """Open a dataset that `DatasetWriter` wrote, memory-mapped.

    Raises:
        DatasetError: files are missing or damaged.
    """
    from datasets import DatasetDict, load_from_disk

    _check_description(folder)
    validate_files(folder)
    try:
        dataset = load_from_disk(str(folder))
        if isinstance(dataset, DatasetDict):
            for rows in dataset.values():
                rows[:1]  # what describes the columns is only used when a row is decoded
            return dataset
    except Exception as error:  # noqa: BLE001 (the library raises all kinds of errors for a file that is not its own)
        raise DatasetError(f"{str(folder)!r} cannot be opened ({type(error).__name__}); {REMEDY}") from None
    raise DatasetError(f"{str(folder)!r} has no splits; {REMEDY}")


def _check_description(folder: Path) -> None:
    """Make sure that the JSON files of a dataset name splits and files that are there, and no others.

    Raises:
        DatasetError: they do not, or cannot be read.
    """
    path = folder / "dataset_dict.json"
    splits = _read_list(path, "splits")
    for split in splits:
        if not (isinstance(split, str) and Path(split).name == split and (folder / split).is_dir()):
            raise DatasetError(f"{str(path)!r} is damaged: there is no split {str(split)[:40]!r}; {REMEDY}")
        state = folder / split / "state.json"
        names = [file.get("filename") if isinstance(file, dict) else None for file in _read_list(state, "_data_files")]
        present = {file.name for file in list_data_files(folder / split)}
        if not all(isinstance(name, str) for name in names) or {*names} != present or len(names) != len(present):
            raise DatasetError(
                f"{str(state)!r} lists {len(names)} files other than the {len(present)} that are there; {REMEDY}"
            )


def list_data_files(folder: Path) -> list[Path]:
    """List the Arrow files of a split in order, without what the library `datasets` stores beside them."""
    return sorted(path for path in folder.glob("*.arrow") if not path.name.startswith("cache-"))


def _read_list(path: Path, name: str) -> list[object]:
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{str(path)!r} cannot be read: {explain_unreadable(error)}; {REMEDY}") from None
    values = content.get(name) if isinstance(content, dict) else None
    if not isinstance(values, list):
        raise DatasetError(f"{str(path)!r} is damaged: it has no list {name!r}; {REMEDY}")
    return values


def _narrow_field(field: pa.Field) -> pa.Field:
    """Replace the 64-bit offsets that Polars exports by the 32-bit ones that readers of datasets expect.

    Raw bytes keep 64-bit offsets: a batch of quarantined records may exceed 2 GiB.
    """
    return field.with_type(_narrow_type(field.type))


def _narrow_type(dtype: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(dtype):
        return pa.string()
    if pa.types.is_large_list(dtype):
        return pa.list_(_narrow_type(dtype.value_type))
    if pa.types.is_struct(dtype):
        return pa.struct([_narrow_field(dtype.field(index)) for index in range(dtype.num_fields)])
    return dtype


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True), encoding="utf-8")
