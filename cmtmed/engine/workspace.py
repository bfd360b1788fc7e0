"""The hidden directory next to the target in which a build grows until it is complete.

Only its owner may read it: it holds the crawl as it is, before anything is redacted.

Every file is written under a temporary name and renamed when complete, so that a file that exists is complete. A build
that was killed recognizes its workspace by the plan stored in it and resumes after the last complete file; what was
built by another plan is deleted. The plan goes first and comes last: a workspace with a plan holds nothing of another
plan, and lacks nothing that its markers vouch for. Names and contents are on the disk before the marker that vouches
for them, so this holds after a power cut too.
"""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import polars as pl

from cmtmed.artifacts import (
    WORKSPACE_FILE,
    WORKSPACE_FORMAT,
    read_json,
    replace_atomically,
    sync_folder,
    sync_tree,
    write_bytes,
    write_json,
)
from cmtmed.engine.lock import BuildLock
from cmtmed.engine.plan import describe_changes
from cmtmed.engine.target import OWN_FILES, check_workspace, locate_workspace
from cmtmed.errors import OutputError
from cmtmed.private_files import make_private_folder, restrict_to_owner

_PLAN: Final = "plan.json"
_TEMPORARY: Final = "tmp"
_REPLACED: Final = "replaced"

_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_logger = logging.getLogger(__name__)


class Workspace:
    """The unfinished build of one target directory, for one build at a time.

    Entered as a context manager, it is locked; the lock is released at the end of the block, and an unfinished build
    stays for the next one to resume.

    Args:
        target: directory of the finished build; links in it are followed.
        pipeline: name of the pipeline.
        sync: whether files are on the disk before a marker vouches for them. Without, a build survives any kill, but
            not a power cut.

    Raises:
        OutputError: in `__enter__`: something else has the name of the workspace, another build is writing, or the
            parent directory of the target cannot be written to.
    """

    def __init__(self, target: Path, pipeline: str, *, sync: bool = True) -> None:
        self.target = target.resolve()
        self.root = locate_workspace(self.target)
        self.result = self.root / "result"
        self.sync = sync
        self._pipeline = pipeline
        self._lock = BuildLock(self.root, self.target)

    def __enter__(self) -> Self:
        check_workspace(self.root, self._pipeline)
        with self._translate_errors():
            holder = self._lock.acquire()
            if holder is not None:
                _logger.info("taking over from %s, which was stopped", holder.describe())
            content = {"format": WORKSPACE_FORMAT, "version": 1, "pipeline": self._pipeline}
            try:
                self._restrict()
                write_json(self.root / WORKSPACE_FILE, content, sync=self.sync, private=True)
            except BaseException:
                self._lock.release(delete=False)
                raise
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_empty = self.root.is_dir() and all(path.name in OWN_FILES for path in self.root.iterdir())
        if is_empty:
            (self.root / WORKSPACE_FILE).unlink(missing_ok=True)
        # From here on another build may create its own lock in the directory, which then stays.
        self._lock.release(delete=is_empty)
        if is_empty:
            try:
                self.root.rmdir()
            except OSError:
                return
            self._sync(self.root.parent)

    def open(self, plan: Mapping[str, object]) -> bool:
        """Begin a build, or resume the one left by an interrupted build with the same plan.

        Returns:
            Whether an interrupted build is being resumed.

        Raises:
            OutputError: the workspace cannot be written to.
        """
        with self._translate_errors():
            self._restore_target()
            earlier = self._read_plan()
            resumed = earlier == plan
            if resumed:
                # Emission is cheap, so an interrupted one starts over.
                shutil.rmtree(self.result, ignore_errors=True)
            else:
                if earlier is not None:
                    changes = ", ".join(describe_changes(earlier, plan))
                    _logger.warning("the interrupted build of %s starts over, because of %s", self.target, changes)
                self._clear()
                write_json(self.root / _PLAN, plan, sync=self.sync, private=True)
            self._sync(self.root, self.root.parent)
        return resumed

    def folder(self, name: str) -> Path:
        """Return a folder of the workspace, created if necessary."""
        path = self.root / name
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        make_private_folder(path)
        self._sync(*(folder.parent for folder in reversed(missing)))
        return path

    def mark(self, path: Path) -> None:
        """Create an empty marker, after the names in the folders beside it are on the disk."""
        if self.sync:
            self._sync(*(folder for folder in path.parent.iterdir() if folder.is_dir()), path.parent)
        write_bytes(path, b"", sync=self.sync, private=True)
        self._sync(path.parent)

    def discard(self, name: str) -> None:
        """Delete a folder that is no longer needed."""
        shutil.rmtree(self.root / name, ignore_errors=True)

    @contextmanager
    def hold_temporary_files(self) -> Iterator[Path]:
        """Keep the temporary files of this process in a folder of the workspace while the block runs.

        What a killed build leaves of them goes with the workspace, and patients' text never lies elsewhere.
        """
        self.discard(_TEMPORARY)
        folder, earlier = self.folder(_TEMPORARY), tempfile.tempdir
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = earlier
            self.discard(_TEMPORARY)

    def publish(self) -> None:
        """Move the finished result to the target and empty the workspace.

        Two renames: anyone who opens the target sees the old build, nothing, or the new build, never a mixture.
        """
        if self.sync:
            sync_tree(self.result)
        old = self.root / _REPLACED
        shutil.rmtree(old, ignore_errors=True)
        self._sync(self.root)
        if self.target.exists():
            self.target.rename(old)
            self._sync(self.root, self.target.parent)
        self.result.rename(self.target)
        self._sync(self.target.parent, self.root)
        self._clear()

    def _clear(self) -> None:
        """Delete everything that a build has left, beginning with the plan, without which nothing resumes."""
        (self.root / _PLAN).unlink(missing_ok=True)
        self._sync(self.root)
        for path in sorted(self.root.iterdir()):
            if path.name not in OWN_FILES:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        self._sync(self.root)

    def _restrict(self) -> None:
        """Take what an earlier release left from everybody but the owner; an earlier build keeps its permissions."""
        for path in self.root.iterdir():
            if path.name != _REPLACED and not path.is_symlink():
                restrict_to_owner(path)

    def _restore_target(self) -> None:
        """Put the earlier build back that `publish` had taken away when it was stopped between its renames."""
        old = self.root / _REPLACED
        if old.is_dir() and not self.target.exists():
            old.rename(self.target)
            self._sync(self.target.parent, self.root)

    def _read_plan(self) -> Mapping[str, object] | None:
        try:
            plan = read_json(self.root / _PLAN)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            plan = {}
        return plan if isinstance(plan, dict) else {}

    def _sync(self, *folders: Path) -> None:
        if self.sync:
            for folder in folders:
                sync_folder(folder)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise
            raise OutputError(
                f"cannot write next to {str(self.target)!r}: {error.strerror}; choose another --out"
            ) from None


def write_table(path: Path, table: pl.DataFrame, *, sync: bool) -> None:
    """Write an Arrow file atomically; with ``sync``, it is on the disk before it has its name."""
    with replace_atomically(path, sync=sync, private=True) as partial:
        table.write_ipc(partial, compression="uncompressed")


def read_table(path: Path) -> pl.DataFrame:
    """Read an Arrow file written by `write_table`."""
    return pl.read_ipc(path)
