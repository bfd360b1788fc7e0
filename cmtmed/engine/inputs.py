"""The files of a crawl as they were when the build began, and whether they still are.

A build hashes its inputs before it reads them, and the manifest vouches for these hashes. So a file is compared before
and after it is read: by its times, size and place, which cost nothing, and by its content where these do not settle it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from cmtmed.artifacts import HashedFile, hash_file
from cmtmed.engine.file_systems import NETWORK_TYPES, find_type
from cmtmed.engine.workers import WorkerDeathError
from cmtmed.errors import BuildError, InputError

_COARSEST_CLOCK: Final = 2_000_000_000
"""Nanoseconds between two times that every file system tells apart; FAT counts in steps of two seconds."""


@dataclass(frozen=True)
class Stamp:
    """What tells a file from another one without reading it.

    Attributes:
        device: file system.
        inode: number of the file in it; another for a file that was put in its place.
        size: in bytes.
        modified: time of the last change of the content, in nanoseconds, which programs can set.
        changed: time of the last change of the content or of anything else about the file, which they cannot.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Return the stamp of a file as it is now.

        Raises:
            OSError: it does not exist, or cannot be looked at.
        """
        status = path.stat()
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True)
class InputFile:
    """A file of the crawl as it was when the build began.

    Attributes:
        path: the file.
        content: its size and checksum.
        stamp: its stamp.
        is_settled: whether an equal stamp means equal content. Not so on network file systems, which show changes of
            other hosts late, and for files so new that a change at the same time of the clock could have the same
            stamp.
    """

    path: Path
    content: HashedFile
    stamp: Stamp
    is_settled: bool

    @classmethod
    def of(cls, path: Path) -> InputFile:
        """Hash a file.

        Raises:
            InputError: it cannot be read.
            BuildError: it changes while it is read.
        """
        try:
            stamp, now = Stamp.of(path), time.time_ns()
            content = HashedFile.of(path)
            is_changing = Stamp.of(path) != stamp or content.bytes != stamp.size
        except FileNotFoundError:
            raise BuildError(f"input {str(path)!r} {_VANISHED}; {_NEXT_STEP}") from None
        except OSError as error:
            raise InputError(f"input {str(path)!r} cannot be read: {error.strerror}; make it readable") from None
        if is_changing:
            raise BuildError(f"input {str(path)!r} is being written while the build reads it; {_NEXT_STEP}")
        is_settled = now - max(stamp.modified, stamp.changed) > _COARSEST_CLOCK
        return cls(path, content, stamp, is_settled and not _is_on_network(path.resolve().parent))

    def check(self, *, has_been_read: bool) -> None:
        """Check that the file still is what it was.

        Args:
            has_been_read: whether it has just been read; then its content is compared where its stamp settles nothing.

        Raises:
            BuildError: it changed, or is gone.
        """
        change = self.find_change(has_been_read=has_been_read)
        if change is not None:
            raise BuildError(f"input {str(self.path)!r} {change} during the build; {_NEXT_STEP}")

    def find_change(self, *, has_been_read: bool) -> str | None:
        """Return what happened to the file since the build began: a verb with its details; None if nothing did."""
        try:
            stamp = Stamp.of(self.path)
            if stamp.size != self.content.bytes:
                verb = "grew" if stamp.size > self.content.bytes else "shrank"
                return f"{verb} from {self.content.bytes:,} to {stamp.size:,} bytes"
            is_unchanged = stamp == self.stamp and (self.is_settled or not has_been_read)
            # Moved in place, copied back, or touched: the same content is the same input.
            if is_unchanged or hash_file(self.path) == self.content.sha256:
                return None
        except (FileNotFoundError, NotADirectoryError):
            return _VANISHED
        except OSError as error:
            return f"became unreadable ({error.strerror})"
        return "changed"


@cache
def _is_on_network(folder: Path) -> bool:
    return find_type(folder) in NETWORK_TYPES


_VANISHED: Final = "vanished"
_NEXT_STEP: Final = "wait until the crawl is complete, then run the same command again"


@contextmanager
def report_changes(files: Sequence[InputFile]) -> Iterator[None]:
    """Report a change of a file instead of the error to which it led.

    A file that is gone or cut off fails in many ways. A full disk is not the file's fault, and its error passes.

    Raises:
        BuildError: the block failed, and a file changed.
    """
    try:
        yield
    except (OSError, InputError, WorkerDeathError):
        for file in files:
            file.check(has_been_read=False)
        raise


def hash_inputs(files: Sequence[Path]) -> list[InputFile]:
    """Hash the files of a crawl, in reading order.

    Raises:
        InputError: a file cannot be read.
        BuildError: a file changes while it is read.
    """
    return [InputFile.of(file) for file in files]
