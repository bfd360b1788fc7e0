"""Files that the library writes: their names and formats, atomic writes, and checksums.

Whoever opens one of these files sees the old content or the new, never half of it: content is written beside the
target under a temporary name and renamed. Files with text as it was crawled are private: only their owner may read
them, whatever the umask. Everything that finds a file again later (a build, a training run, an audit, a publication)
goes through this module, so that a name or a format stands in one place.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from cmtmed.private_files import create_private_file

MANIFEST_FILE: Final = "manifest.json"
"""What a finished build was made from; its presence makes a directory a build."""
MANIFEST_FORMAT: Final = "cmtmed.build"
MANIFEST_VERSION: Final = 1
WORKSPACE_FILE: Final = "workspace.json"
"""Whose unfinished build it is; its presence makes a directory a workspace."""
WORKSPACE_FORMAT: Final = "cmtmed.workspace"
REPORT_FILE: Final = "report.json"
"""What a build did, stage by stage."""
RUN_FILE: Final = "run.json"
"""Settings and progress of a training run; its presence makes a directory a run."""
TRAINING_FILE: Final = "training.json"
"""What the weights in a model directory were trained on."""
TRAINING_FORMAT: Final = "cmtmed.training"
CARD_FILE: Final = "README.md"
"""A dataset or model card, under the name that the Hub reads."""
MAX_DEPTH: Final = 64
"""Nesting of a JSON file at most; what the library writes has far less."""


@dataclass(frozen=True)
class HashedFile:
    """A file and its checksum.

    Attributes:
        path: POSIX path, relative to the directory that it belongs to, or as it was given.
        bytes: size.
        sha256: checksum of its content in hexadecimal digits.
    """

    path: str
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

    @classmethod
    def of(cls, file: Path, root: Path | None = None) -> HashedFile:
        """Hash a file as it is now.

        Args:
            file: the file.
            root: directory that ``path`` is to be relative to; the path as given by default.

        Raises:
            OSError: it cannot be read.
        """
        path = file if root is None else file.relative_to(root)
        return cls(path.as_posix(), file.stat().st_size, hash_file(file))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal digits, reading it block by block.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk, so that it survives a power cut.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the names in a directory are on the disk; what is in the files is `sync_file`'s.

    Raises:
        OSError: it cannot be written.
    """
    try:
        sync_file(path)
    except OSError as error:
        # Some network file systems write names at once, and refuse to be asked.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF}:
            raise


def sync_tree(folder: Path) -> None:
    """Wait until a directory and everything in it is on the disk.

    Raises:
        OSError: something cannot be written.
    """
    for directory, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync_file(Path(directory, name))
        sync_folder(Path(directory))


@contextmanager
def replace_atomically(path: Path, *, sync: bool = False, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside a file, and rename it over the file when the block ends without an error.

    The temporary file is removed if the block fails, so that no reader ever meets half a file.

    Args:
        path: the file to create or replace; its directory exists.
        sync: whether the content is on the disk before the file has its name, so that a power cut leaves no file
            without its content.
        private: whether only the owner may read the file. The temporary file exists then; open it for writing.

    Raises:
        OSError: the file cannot be written or renamed.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if private:
            create_private_file(partial)
        yield partial
        if sync:
            sync_file(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, *, sync: bool = False, private: bool = False) -> None:
    """Create or replace a file atomically; for ``sync`` and ``private``, see `replace_atomically`.

    Raises:
        OSError: it cannot be written.
    """
    with replace_atomically(path, sync=sync, private=private) as partial:
        partial.write_bytes(content)


def write_text(path: Path, content: str, *, sync: bool = False, private: bool = False) -> None:
    """Create or replace a UTF-8 text file atomically; line ends are written as they are."""
    write_bytes(path, content.encode("utf-8"), sync=sync, private=private)


def write_json(
    path: Path, content: object, *, sort_keys: bool = False, sync: bool = False, private: bool = False
) -> None:
    """Create or replace a JSON file atomically: indented for people, the same bytes for the same content."""
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=sort_keys) + "\n"
    write_text(path, text, sync=sync, private=private)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: it does not exist.
        OSError: it cannot be read, or is no regular file.
        ValueError: it is not JSON in UTF-8, or nested more deeply than anything that the library writes.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        # A pipe would be waited for, and a device never ends.
        raise OSError(errno.EINVAL, "it is no regular file")
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        raise ValueError("it is empty")
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    level, depth = [content], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        level = [child for value in level for child in _list_children(value)]
    return content


def _list_children(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def explain_unreadable(error: OSError | ValueError) -> str:
    """Say in a few words why a JSON file could not be read, given what `read_json` raised."""
    if isinstance(error, FileNotFoundError):
        return "it is missing"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 from byte {error.start} on"
    if isinstance(error, json.JSONDecodeError):
        if error.pos >= len(error.doc.rstrip()):
            return f"it ends early, in line {error.lineno}"
        return f"it is not JSON from line {error.lineno}, column {error.colno} on"
    return str(error) if str(error).startswith("it is ") else "it is not JSON that can be read"
