"""Damage to the files of a build: found by comparing them with what the manifest recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from cmtmed.artifacts import HashedFile, hash_file
from cmtmed.views.dataset import list_data_files


def find_damage(root: Path, files: Sequence[HashedFile], *, verify: bool) -> str:
    """Return the first difference between the Arrow files of a build and its manifest, in words; empty if none.

    Args:
        root: directory of the build.
        files: the files as the manifest lists them; nothing is compared if it lists none, as the first release did.
        verify: compare checksums; otherwise names and sizes.
    """
    if not files:
        return ""
    recorded = {file.path: file for file in files}
    for name, file in recorded.items():
        path = root / name
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            return f"the manifest of {str(root)!r} is damaged: it lists {name[:80]!r}, which is not in the build"
        try:
            size = path.stat().st_size if path.is_file() else None
            if size is None:
                return f"{str(path)!r} is missing"
            if size != file.bytes:
                return f"{str(path)!r} has {size:,} bytes, but was built with {file.bytes:,}"
            if verify and hash_file(path) != file.sha256:
                return f"{str(path)!r} does not have the checksum that it was built with"
        except (OSError, ValueError) as error:
            return f"{str(path)[:200]!r} cannot be read ({type(error).__name__})"
    folders = sorted({(root / name).parent for name in recorded})
    tables = sorted({root / PurePosixPath(name).parts[0] for name in recorded})
    folders += [folder for table in tables for folder in sorted(table.glob("*")) if folder.is_dir()]
    for folder in dict.fromkeys(folders):
        for path in list_data_files(folder):
            if path.relative_to(root).as_posix() not in recorded:
                return f"{str(path)!r} does not belong to the build"
    return ""
