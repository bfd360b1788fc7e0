"""Compiled tables on disk, so that a process need not derive them anew.

They lie where numba keeps compiled kernels: beside the source, or in the user's cache directory if the source is not
writable; ``NUMBA_CACHE_DIR`` names another place. A file that cannot be read or written is no error.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

_PREFIX: Final = "cmtmed-scan-"
_UNREADABLE: Final = (OSError, ValueError, KeyError, EOFError, BadZipFile)

Arrays = tuple[npt.NDArray[Any], ...]


def load_tables(key: Sequence[str]) -> Arrays | None:
    """Return the arrays that were saved under a key, if there are any."""
    name = _build_name(key)
    for folder in _list_folders():
        with suppress(*_UNREADABLE), np.load(folder / name, allow_pickle=False) as archive:
            return tuple(archive[f"arr_{number}"] for number in range(len(archive.files)))
    return None


def save_tables(key: Sequence[str], arrays: Iterable[npt.NDArray[Any]]) -> None:
    """Save arrays under a key, in the first folder that can be written to."""
    name = _build_name(key)
    for folder in _list_folders():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=_PREFIX)
            try:
                with os.fdopen(handle, "wb") as file:
                    np.savez(file, *arrays)
                Path(temporary).replace(folder / name)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            return


def _build_name(key: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for part in key:
        digest.update(part.encode() + b"\0")
    return f"{_PREFIX}{digest.hexdigest()[:32]}.npz"


def _list_folders() -> Iterator[Path]:
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        yield Path(named)
        return
    yield Path(__file__).parent / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cmtmed"
