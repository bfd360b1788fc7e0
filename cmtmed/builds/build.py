"""A typed handle of a finished build: its manifest, its report and its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from cmtmed.artifacts import HashedFile, hash_file
from cmtmed.builds.manifest import Manifest, StageOptions
from cmtmed.builds.report import BuildReport
from cmtmed.errors import DatasetError
from cmtmed.schema import upgrade

DIALOGUES: Final = "dialogues"
"""Table of the kept dialogues, with one directory per split."""
DROPPED: Final = "dropped"
"""Table of the dropped dialogues, with the same columns."""
QUARANTINE: Final = "quarantine"
"""Table of the records that could not be read."""


@dataclass(frozen=True)
class Build:
    """A finished build, read only.

    Tables are read one record batch at a time (some thousand rows), so memory use does not depend on their size.

    Attributes:
        root: directory of the build.
        manifest: inputs, pipeline and counts of the build.
    """

    root: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: str | Path) -> Build:
        """Open the directory of a finished build.

        Raises:
            DatasetError: the directory contains no finished build, or a damaged one.
        """
        root = Path(path)
        return cls(root, Manifest.read(root))

    @cached_property
    def report(self) -> BuildReport:
        """Report of the build, read on first use.

        Raises:
            DatasetError: ``report.json`` is missing or damaged.
        """
        return BuildReport.read(self.root)

    @property
    def files(self) -> Sequence[HashedFile]:
        """Arrow files with the checksums that the build recorded; empty for builds of the first release."""
        return self.manifest.files

    def stage_options(self, name: str) -> StageOptions | None:
        """Return the options of a stage; None if the pipeline does not have the stage."""
        return self.manifest.stage_options(name)

    def paths(self, table: str = DIALOGUES, split: str | None = None) -> list[Path]:
        """List the Arrow files of a table that exist now, in corpus order within each split.

        Args:
            table: ``dialogues``, ``dropped``, ``quarantine`` or a view.
            split: limits the result to one split.
        """
        pattern = "*.arrow" if table in {DROPPED, QUARANTINE} else f"{split or '*'}/*.arrow"
        return sorted((self.root / table).glob(pattern))

    def iter_batches(
        self, table: str = DIALOGUES, columns: Sequence[str] | None = None, *, split: str | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield the record batches of a table.

        Args:
            table: ``dialogues``, ``dropped``, ``quarantine`` or a view.
            columns: columns to read, in this order; all by default.
            split: limits the result to one split.

        Raises:
            DatasetError: a file is damaged or lacks a column.
        """
        for path in self.paths(table, split):
            yield from iter_file(path, columns)

    def digest(self, *tables: str) -> str:
        """Return a SHA-256 of the names and content of the Arrow files of some tables, as they are now.

        It changes with every row, and does not depend on where the build is.

        Args:
            tables: names of the tables; the kept dialogues by default.

        Raises:
            DatasetError: the tables have no files.
        """
        paths = [path for table in tables or (DIALOGUES,) for path in self.paths(table)]
        if not paths:
            raise DatasetError(f"{str(self.root)!r} holds no dialogues; run cmtmed build again")
        digest = hashlib.sha256()
        for path in paths:
            digest.update(f"{path.relative_to(self.root).as_posix()} {hash_file(path)}\n".encode())
        return digest.hexdigest()


def iter_file(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """Yield the record batches of a memory-mapped Arrow stream file.

    Args:
        path: the file.
        columns: columns to read, in this order; all by default.

    Raises:
        DatasetError: the file is damaged or lacks a column.
    """
    try:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_stream(source)
            missing = [name for name in columns or () if name not in reader.schema.names]
            if missing:
                raise DatasetError(f"{str(path)!r} has no column {missing[0]!r}; run cmtmed build again")
            for batch in reader:
                # By way of a table: Polars' own reader rejects streams whose empty columns have no buffer.
                table = pa.Table.from_batches([batch if columns is None else batch.select(list(columns))])
                yield upgrade(pl.DataFrame(pl.from_arrow(table)))
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{str(path)!r} is damaged ({type(error).__name__}); run cmtmed build again") from None
