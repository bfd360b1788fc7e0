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

MANIFEST_FILE: Final = "manifest.json"
"""What a finished build was made from; its presence makes a directory a build."""
MANIFEST_FORMAT: Final = "cmtmed.build"
MANIFEST_VERSION: Final = 1
REPORT_FILE: Final = "report.json"
"""What a build did, stage by stage."""
RUN_FILE: Final = "run.json"
"""Settings and progress of a training run; its presence makes a directory a run."""
TRAINING_FILE: Final = "training.json"
"""What the weights in a model directory were trained on."""
TRAINING_FORMAT: Final = "cmtmed.training"
CARD_FILE: Final = "README.md"
"""A dataset or model card, under the name that the Hub reads."""
PRIVATE_FILE_MODE: Final = 0o600
"""Of files with text as it was crawled, or with what a person said of it."""
PRIVATE_FOLDER_MODE: Final = 0o700
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


def make_private_folder(path: Path) -> None:
    """Create a directory that only its owner may enter, or take an existing one from everybody else.

    Directories above it are created as the umask says.

    Raises:
        OSError: it cannot be created, or belongs to somebody else.
    """
    path.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    # The umask may have taken more, and an existing directory may allow more.
    path.chmod(PRIVATE_FOLDER_MODE)


def create_private_file(path: Path) -> None:
    """Create an empty file that only its owner may read and write, or empty an existing one.

    Raises:
        OSError: it cannot be created, or belongs to somebody else.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, PRIVATE_FILE_MODE)
    os.close(descriptor)
    path.chmod(PRIVATE_FILE_MODE)


def append_private_line(path: Path, line: str) -> None:
    """Append a line to a UTF-8 text file that only its owner may read; it is created if need be.

    Raises:
        OSError: it cannot be written, or belongs to somebody else.
    """
    if not path.exists():
        create_private_file(path)
    path.chmod(PRIVATE_FILE_MODE)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def restrict_to_owner(folder: Path) -> None:
    """Take a directory and everything in it from everybody but its owner; links are not followed.

    Raises:
        OSError: a file belongs to somebody else.
    """
    for directory, _, names in os.walk(folder):
        Path(directory).chmod(PRIVATE_FOLDER_MODE)
        for name in names:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(PRIVATE_FILE_MODE)


@contextmanager
def replace_atomically(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside a file, and rename it over the file when the block ends without an error.

    The temporary file is removed if the block fails, so that no reader ever meets half a file.

    Args:
        path: the file to create or replace; its directory exists.
        private: whether only the owner may read the file. The temporary file exists then; open it for writing.

    Raises:
        OSError: the file cannot be written or renamed.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if private:
            create_private_file(partial)
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, *, private: bool = False) -> None:
    """Create or replace a file atomically.

    Args:
        path: the file.
        content: its bytes.
        private: whether only the owner may read it.

    Raises:
        OSError: it cannot be written.
    """
    with replace_atomically(path, private=private) as partial:
        partial.write_bytes(content)


def write_text(path: Path, content: str, *, private: bool = False) -> None:
    """Create or replace a UTF-8 text file atomically; line ends are written as they are."""
    write_bytes(path, content.encode("utf-8"), private=private)


def write_json(path: Path, content: object, *, sort_keys: bool = False, private: bool = False) -> None:
    """Create or replace a JSON file atomically: indented for people, the same bytes for the same content."""
    write_text(path, json.dumps(content, ensure_ascii=False, indent=2, sort_keys=sort_keys) + "\n", private=private)


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
