"""Views of a build: opened, and told apart by their columns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmtmed.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from datasets import DatasetDict


log = logging.getLogger("cmtmed.training")

COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "pretrain": frozenset(("id", "text")),
    "sft": frozenset(("id", "messages", "weights")),
    "prompts": frozenset(("id", "message", "prompt")),
}
"""What tells a view: the columns that it has."""


def identify_view(columns: Sequence[str]) -> str | None:
    """Return which view has exactly these columns, None if none has.

    >>> identify_view(["id", "text"])
    'pretrain'
    """
    return next((kind for kind, those in COLUMNS.items() if those == set(columns)), None)


def open_view(path: str | Path, wanted: str) -> DatasetDict:
    """Open a view of a build, memory-mapped.

    Args:
        path: the view (out/sft), or the build that holds it (out).
        wanted: ``pretrain``, ``sft`` or ``prompts``.

    Returns:
        The splits that hold rows.

    Raises:
        UsageError: there is nothing, it is another view, or every split is empty.
        DatasetError: the files are damaged.
    """
    from datasets import Dataset, DatasetDict, disable_caching, load_from_disk

    # What is made of a table on the way to the model must not be written beside it.
    disable_caching()
    folder = Path(path)
    if not folder.is_dir():
        raise UsageError(f"{str(path)!r} is no directory; give a view of a build, such as out/{wanted}")
    if (folder / "manifest.json").is_file():
        if not (folder / wanted).is_dir():
            raise UsageError(f"the build {str(path)!r} has no view {wanted!r}; {_make(wanted)}")
        folder /= wanted
    try:
        opened = load_from_disk(str(folder))
    except FileNotFoundError:
        raise UsageError(f"{str(folder)!r} holds no dataset; give a view of a build, such as out/{wanted}") from None
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{str(folder)!r} cannot be opened ({type(error).__name__}); run cmtmed build again"
        ) from error
    splits = DatasetDict({"train": opened}) if isinstance(opened, Dataset) else opened
    columns = next(iter(splits.values())).column_names
    if not COLUMNS[wanted] <= set(columns):
        found = identify_view(columns)
        beside = folder.parent / wanted
        there = f"give {str(beside)!r}" if beside.is_dir() else _make(wanted)
        what = f"the view {found!r}" if found else f"columns {', '.join(columns)}"
        raise UsageError(f"{str(folder)!r} holds {what}, and this stage reads {wanted!r}; {there}")
    empty = [name for name, rows in splits.items() if not len(rows)]
    for name in empty:
        log.warning("%s: the split %s is empty and is left out", folder, name)
    if len(empty) == len(splits):
        raise UsageError(f"{str(folder)!r} holds no rows in any split; look at what the build dropped")
    return DatasetDict({name: rows for name, rows in splits.items() if name not in empty})


def _make(wanted: str) -> str:
    return f"make it with views: {{names: [{wanted}]}} in the pipeline and cmtmed build"
