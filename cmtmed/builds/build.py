"""A typed handle of a finished build: its manifest, its report and its tables."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from cmtmed import schema
from cmtmed.artifacts import HashedFile, hash_file
from cmtmed.builds.integrity import find_damage
from cmtmed.builds.manifest import Manifest, StageOptions
from cmtmed.builds.report import BuildReport
from cmtmed.builds.tables import iter_file
from cmtmed.errors import CmtmedError, DatasetError, UsageError
from cmtmed.views.dataset import list_data_files

DIALOGUES: Final = "dialogues"
"""Table of the kept dialogues, with one directory per split."""
DROPPED: Final = "dropped"
"""Table of the dropped dialogues, with the same columns."""
QUARANTINE: Final = "quarantine"
"""Table of the records that could not be read."""
_COLUMNS: Final = {DIALOGUES: schema.DIALOGUE, DROPPED: schema.DIALOGUE, QUARANTINE: schema.QUARANTINE}
"""Columns of the tables whose columns do not depend on the pipeline."""


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

        The manifest alone is read; see `check_files`.

        Raises:
            DatasetError: the directory contains no finished build, or a damaged one.
        """
        root = Path(path)
        return cls(root, Manifest.read(root))

    @classmethod
    @contextmanager
    def open_checked(cls, path: str | Path, *, verify: bool = False) -> Iterator[Build]:
        """Open the directory of a finished build to read its tables inside the block.

        Args:
            path: the directory.
            verify: compare the checksums of all Arrow files first; otherwise their names and sizes.

        Raises:
            DatasetError: the directory contains no finished build, or a damaged one, even if that shows only where its
                values lead to an error.
        """
        build = cls.open(path)
        build.check_files(verify=verify)
        with build.translate_damage():
            yield build

    @contextmanager
    def translate_damage(self) -> Iterator[None]:
        """Translate an unexpected error inside the block if a file of the build is not as it was built.

        Raises:
            DatasetError: the message names the first such file.
        """
        try:
            yield
        except CmtmedError:
            raise
        except (Exception, pl.exceptions.PanicException) as error:
            damage = find_damage(self.root, self.manifest.files, verify=True)
            if not damage:
                raise
            raise DatasetError(f"{damage} ({type(error).__name__} on reading it); run cmtmed build again") from None

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

    def resolve_id(self, id: str) -> str:
        """Return the id of a dialogue in the tables, given that or, where ids are hashed, the one that it had before.

        Raises:
            UsageError: ids are hashed, this is none of them, and the environment does not hold their key.
        """
        hashed = self.manifest.ids
        if hashed is None or re.fullmatch("[0-9a-f]{32}", id):
            return id
        from cmtmed.anonymize.replace.hashed_ids import KEY_VARIABLE, hash_ids
        from cmtmed.anonymize.replace.secret_key import fingerprint_key, read_key

        key = read_key(KEY_VARIABLE, f"the ids of {str(self.root)!r} are hashed, and looking up {id!r} needs")
        if fingerprint_key(key) != hashed.key:
            raise UsageError(
                f"the ids of {str(self.root)!r} were hashed with another key than that in {KEY_VARIABLE}; set that key"
            )
        return str(hash_ids([id], key)[0])

    def paths(self, table: str = DIALOGUES, split: str | None = None) -> list[Path]:
        """List the Arrow files of a table that exist now, in corpus order within each split.

        Args:
            table: ``dialogues``, ``dropped``, ``quarantine`` or a view.
            split: limits the result to one split.
        """
        folder = self.root / table
        folders = [folder] if table in {DROPPED, QUARANTINE} else sorted(folder.glob(split or "*"))
        return [path for folder in folders for path in list_data_files(folder)]

    def check_files(self, *, verify: bool = False) -> None:
        """Make sure that the Arrow files are those that the manifest lists.

        Args:
            verify: compare checksums, which reads every file; otherwise names and sizes.

        Raises:
            DatasetError: a file is missing, does not belong to the build, or has changed; the message names the first.
        """
        damage = find_damage(self.root, self.manifest.files, verify=verify)
        if damage:
            raise DatasetError(f"{damage}; run cmtmed build again")

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
            yield from iter_file(path, columns, _COLUMNS.get(table))

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
