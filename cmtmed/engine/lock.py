"""The lock of a workspace: one build at a time writes to a directory.

The operating system holds the lock and drops it when its holder ends, however it ends. A file beside it says who the
holder is. That file alone decides where locks do not work, and on network file systems, whose locks some hosts do not
share.
"""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from cmtmed.artifacts import read_json, write_json
from cmtmed.engine.file_systems import NETWORK_TYPES, find_type
from cmtmed.engine.processes import ProcessIdentity
from cmtmed.errors import OutputError
from cmtmed.private_files import make_private_folder

LOCK_FILE: Final = "lock"
HOLDER_FILE: Final = "holder.json"
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL})


class Holder(BaseModel):
    """Who writes to a workspace.

    Attributes:
        process: the process.
        since: when it began, in UTC.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    process: ProcessIdentity
    since: str

    def describe(self) -> str:
        """Name the process, its host and the time it began."""
        return f"process {self.process.pid} on host {self.process.host!r} since {self.since}"


class BuildLock:
    """The exclusive right to write to a workspace.

    Args:
        folder: the workspace; it is created if it does not exist.
        target: directory of the finished build, for messages.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self._folder, self._target = folder, target
        self._descriptor: int | None = None

    def acquire(self) -> Holder | None:
        """Take the lock, also over from a holder that was killed.

        Returns:
            The holder that did not release it, if there was one.

        Raises:
            OutputError: another build holds the lock, or may hold it on a host that this one cannot look at.
            OSError: the workspace cannot be written to.
        """
        descriptor, is_exclusive = self._lock_file()
        try:
            holder = read_holder(self._folder)
            if is_exclusive is False:
                raise OutputError(self._describe_refusal(holder))
            if holder is not None:
                self._check_holder(holder, is_reliable=bool(is_exclusive))
            since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            content = Holder(process=ProcessIdentity.of_this_process(), since=since)
            write_json(self._folder / HOLDER_FILE, content.model_dump(mode="json"), private=True)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return holder

    def release(self, *, delete: bool) -> None:
        """Let another build begin.

        Args:
            delete: whether to delete the lock's files too.
        """
        if self._descriptor is None:
            return
        (self._folder / HOLDER_FILE).unlink(missing_ok=True)
        if delete:
            (self._folder / LOCK_FILE).unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None

    def _lock_file(self) -> tuple[int, bool | None]:
        """Open and lock the file; return its descriptor and the result of `_lock`."""
        path = self._folder / LOCK_FILE
        while True:
            make_private_folder(self._folder)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                # A build that ended at this moment deleted the workspace.
                continue
            is_exclusive = _lock(descriptor)
            try:
                if is_exclusive is False or os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor, is_exclusive
            except FileNotFoundError:
                pass
            os.close(descriptor)

    def _check_holder(self, holder: Holder, *, is_reliable: bool) -> None:
        """Refuse if a holder that the lock does not know of may still be running."""
        file_system = find_type(self._folder)
        if holder.process.is_visible:
            if holder.process.is_running() and not (is_reliable and file_system not in NETWORK_TYPES):
                raise OutputError(self._describe_refusal(holder))
            return
        raise OutputError(
            f"{str(self._target)!r} was being written by {holder.describe()}, and this host cannot see whether that "
            f"process still runs{_describe_network(file_system)}; if it does not, delete "
            f"{str(self._folder / HOLDER_FILE)!r} and run the same command again"
        )

    def _describe_refusal(self, holder: Holder | None) -> str:
        name = holder.describe() if holder else "a process that has just begun"
        return (
            f"another build is writing to {str(self._target)!r}: {name}"
            f"{_describe_network(find_type(self._folder))}; wait until it is done, or choose another --out"
        )


def read_holder(folder: Path) -> Holder | None:
    """Return who says that it writes to a workspace; None if nobody does."""
    try:
        return Holder.model_validate(read_json(folder / HOLDER_FILE))
    except (OSError, ValueError, ValidationError):
        return None


def _describe_network(file_system: str | None) -> str:
    return f" (on a network file system, {file_system})" if file_system in NETWORK_TYPES else ""


def _lock(descriptor: int) -> bool | None:
    """Lock a file: True if that succeeded, False if another process holds it, None where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True
