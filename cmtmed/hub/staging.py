"""Files of a version, and the directory beside a build in which they are prepared until they are published."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cmtmed.artifacts import read_json, write_json
from cmtmed.errors import OutputError, UsageError
from cmtmed.private_files import make_private_folder

_PLAN_FILE: Final = "plan.json"
_LOCK_FILE: Final = "lock"


@dataclass(frozen=True)
class Version:
    """Identity of a published version.

    Attributes:
        repo: ``organisation/name``.
        tag: the revision on the Hub.
        checksum: SHA-256 over all data files.
        build: SHA-256 over all tables of the build; of a model, the fingerprint of its last training stage.
        key_mark: distinguishes the keys of hashed ids; empty if ids are published unchanged.
    """

    repo: str
    tag: str
    checksum: str
    build: str
    key_mark: str = ""


@dataclass(frozen=True)
class PublishedFile:
    """A file of a published version.

    Attributes:
        path: where it is stored in the repository.
        local: where its bytes are on this machine.
        bytes: its size.
        sha256: in hexadecimal digits.
        config: the view that it belongs to, empty if none.
        split: the split that it belongs to, empty if none.
        rows: number of rows, 0 if it is not a table.
    """

    path: str
    local: Path
    bytes: int
    sha256: str
    config: str = ""
    split: str = ""
    rows: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, without anything specific to this machine."""
        content = {"path": self.path, "bytes": self.bytes, "sha256": self.sha256}
        return content | ({"config": self.config, "split": self.split, "rows": self.rows} if self.config else {})


class HasChecksum(Protocol):
    """A file whose checksum is known."""

    @property
    def path(self) -> str:
        """Where it is stored."""

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""


def compute_checksum(files: Sequence[HasChecksum]) -> str:
    """Return the SHA-256 over the lines ``SHA-256 path`` of files, sorted by path."""
    lines = [f"{file.sha256} {file.path}\n" for file in sorted(files, key=lambda file: file.path)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class Staging:
    """The hidden directory beside a build in which its files for the Hub are prepared until they are published.

    A call with the same plan resumes from what an interrupted one left; a call with another plan discards it. Only the
    owner can read the directory, and only one call at a time uses it.

    Args:
        out: directory of the build.
        plan: everything that determines the bytes of the files.
        rehearsal: prepare the files among the machine's temporary files instead, so that nothing is written beside the
            build; they are gone when the lock is released.

    Raises:
        UsageError: another call is publishing the same build.
        OutputError: the directory cannot be written.
    """

    def __init__(self, out: Path, plan: Mapping[str, Any], *, rehearsal: bool = False) -> None:
        from filelock import FileLock, Timeout

        resolved = out.resolve()
        self._rehearsal = rehearsal
        try:
            self.root = (
                Path(tempfile.mkdtemp(prefix="cmtmed-publishing-"))
                if rehearsal
                else resolved.parent / f".{resolved.name}.publishing"
            )
            make_private_folder(self.root)
            self._lock = FileLock(self.root / _LOCK_FILE)
            self._lock.acquire(timeout=0)
            if self._read_plan() != plan:
                self._clear()
                write_json(self.root / _PLAN_FILE, plan, private=True)
        except Timeout:
            raise UsageError(f"another cmtmed publish is working on {str(out)!r}; wait until it is done") from None
        except OSError as error:
            raise _write_error(out, error) from None

    def _read_plan(self) -> object:
        try:
            return read_json(self.root / _PLAN_FILE)
        except (OSError, ValueError):
            return None

    def _clear(self) -> None:
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK_FILE:
                path.unlink()

    def write(self, path: str, content: bytes) -> PublishedFile:
        """Write a small file, replacing an existing one.

        Raises:
            OutputError: the disk is full or not writable.
        """
        local = self.root / path
        try:
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(content)
        except OSError as error:
            raise _write_error(self.root, error) from None
        return PublishedFile(path, local, len(content), hashlib.sha256(content).hexdigest())

    def release(self) -> None:
        """Release the lock and keep the content, unless this was a rehearsal."""
        self._lock.release()
        if self._rehearsal:
            shutil.rmtree(self.root, ignore_errors=True)

    def discard(self) -> None:
        """Remove the directory."""
        # Cleared while locked, so that no other call's files are removed.
        with suppress(OSError):
            self._clear()
        self.release()
        shutil.rmtree(self.root, ignore_errors=True)


def _write_error(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {str(path)!r} or beside it, where files for the Hub are prepared: {error.strerror}; "
        "free some disk space"
    )
