"""The files of a crawl: which files inputs name, and which of them belong to a source."""

from __future__ import annotations

import glob
import logging
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Final

from cmtmed.errors import InputError
from cmtmed.io.outputs import is_output, iter_crawl_files
from cmtmed.source import Source

_logger = logging.getLogger(__name__)


def match_files(inputs: Sequence[str | Path], sources: Sequence[Source]) -> list[Path]:
    """Expand files, directories and globs into the files to read, each once, in order of path.

    Directories that cmtmed wrote are no part of a crawl: earlier builds, unfinished ones, training runs.

    Raises:
        InputError: an input is missing or matches nothing, or no source matches a file given by name.
    """
    files: set[Path] = set()
    outputs: list[Path] = []
    for pattern in inputs:
        path = Path(pattern)
        if path.is_dir():
            if is_output(path):
                outputs.append(path)
                continue
            below = [file for file in path.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(path))]
            candidates = list(iter_crawl_files(below, path))
            if below and not candidates:
                outputs.append(path)
                continue
            candidates = [file for file in candidates if not _is_companion(file)]
            matching = [file for file in candidates if any(source.matches(file) for source in sources)]
            if not matching:
                raise InputError(
                    f"directory {str(pattern)!r} contains no file that matches a source; {describe_sources(sources)}"
                )
            files.update(matching)
        elif path.is_file():
            if not any(source.matches(path) for source in sources):
                raise InputError(f"no source matches {str(pattern)!r}; {describe_sources(sources)}")
            files.add(path)
        elif glob.has_magic(str(pattern)):
            # Path.glob does not accept absolute patterns.
            candidates = [Path(file) for file in glob.glob(str(pattern), recursive=True) if Path(file).is_file()]  # noqa: PTH207
            candidates = list(iter_crawl_files(candidates, _find_base(path)))
            matching = [file for file in candidates if any(source.matches(file) for source in sources)]
            if not matching:
                raise InputError(
                    f"no file of {str(pattern)!r} matches a source; check the pattern: {describe_sources(sources)}"
                )
            files.update(matching)
        else:
            raise InputError(f"input {str(pattern)!r} does not exist; pass files, directories or glob patterns")
    for path in outputs:
        _logger.info("%s is not read: cmtmed wrote all of it", path)
    if outputs and not files:
        raise InputError(
            f"input {str(outputs[0])!r} is no crawl: cmtmed wrote all of it; pass the files of a crawl (or, to read "
            "this directory all the same, its files by name)"
        )
    if not files:
        raise InputError("no inputs; pass files, directories or glob patterns")
    return sorted(files)


def _find_base(pattern: Path) -> Path:
    """Return the directory that a glob pattern begins in."""
    return next(path for path in pattern.parents if not glob.has_magic(str(path)))


def _is_hidden(path: PurePath) -> bool:
    return any(component.startswith(".") for component in path.parts)


def _is_companion(path: Path) -> bool:
    """Return whether a file tells about the Arrow or Parquet files beside it, as `datasets` and Spark write them."""
    is_known = path.name in _COMPANIONS or path.suffix == ".crc"
    return is_known and any(
        other.suffix in {".arrow", ".parquet"} or (path.name == "dataset_dict.json" and other.is_dir())
        for other in path.parent.iterdir()
    )


_COMPANIONS: Final = frozenset(
    {"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json", "_SUCCESS"}
)


def describe_sources(sources: Sequence[Source]) -> str:
    """Return which files a pipeline's sources match, for messages."""
    return "the pipeline's sources match " + ", ".join(repr(source.match) for source in sources)
