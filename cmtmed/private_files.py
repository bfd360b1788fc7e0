"""Files and directories that only their owner may read, whatever the umask: those with text as it was crawled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PRIVATE_FILE_MODE: Final = 0o600
PRIVATE_FOLDER_MODE: Final = 0o700


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


def restrict_to_owner(path: Path) -> None:
    """Take a file, or a directory and everything in it, from everybody but its owner; links are not followed.

    Raises:
        OSError: a file belongs to somebody else.
    """
    if path.is_file():
        path.chmod(PRIVATE_FILE_MODE)
    for directory, _, names in os.walk(path):
        Path(directory).chmod(PRIVATE_FOLDER_MODE)
        for name in names:
            file = Path(directory, name)
            if not file.is_symlink():
                file.chmod(PRIVATE_FILE_MODE)
