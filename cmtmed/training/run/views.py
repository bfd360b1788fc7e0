"""Views of a build: opened memory-mapped, and identified by their columns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmtmed.artifacts import MANIFEST_FILE
from cmtmed.errors import DatasetError, UsageError
from cmtmed.views.arrow_files import validate_files

if TYPE_CHECKING:
    from datasets import DatasetDict

log = logging.getLogger("cmtmed.training")

COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "pretrain": frozenset(("id", "text")),
    "sft": frozenset(("id", "messages", "weights")),
    "prompts": frozenset(("id", "message", "prompt")),
}
"""The columns of each view, which identify it."""


def identify_view(columns: Sequence[str]) -> str | None:
    """Return the view that has exactly these columns; None if none has.

    >>> identify_view(["id", "text"])
    'pretrain'
    """
    return next((view for view, expected in COLUMNS.items() if expected == set(columns)), None)


def open_view(path: str | Path, view: str) -> DatasetDict:
    """Open a view of a build, memory-mapped.

    Args:
        path: the view (out/sft), or the build that holds it (out).
        view: ``pretrain``, ``sft`` or ``prompts``.

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
        raise UsageError(f"{str(path)!r} is not a directory; give a view of a build, such as out/{view}")
    if (folder / MANIFEST_FILE).is_file():
        if not (folder / view).is_dir():
            raise UsageError(f"the build {str(path)!r} has no view {view!r}; {_explain(view)}")
        folder /= view
    validate_files(folder)
    try:
        dataset = load_from_disk(str(folder))
    except FileNotFoundError:
        raise UsageError(f"{str(folder)!r} holds no dataset; give a view of a build, such as out/{view}") from None
    except Exception as error:  # noqa: BLE001 (the library raises all kinds of errors for a file that is not its own)
        raise DatasetError(
            f"{str(folder)!r} cannot be opened ({type(error).__name__}); run cmtmed build again"
        ) from None
    splits = DatasetDict({"train": dataset}) if isinstance(dataset, Dataset) else dataset
    columns = next(iter(splits.values())).column_names
    if not COLUMNS[view] <= set(columns):
        raise UsageError(_describe_mismatch(folder, columns, view))
    empty = [name for name, rows in splits.items() if not len(rows)]
    for name in empty:
        log.warning("%s: the split %s is empty and is left out", folder, name)
    if len(empty) == len(splits):
        raise UsageError(f"{str(folder)!r} holds no rows in any split; check what the build dropped")
    return DatasetDict({name: rows for name, rows in splits.items() if name not in empty})


def _describe_mismatch(folder: Path, columns: Sequence[str], view: str) -> str:
    identified = identify_view(columns)
    content = f"the view {identified!r}" if identified else f"columns {', '.join(columns)}"
    sibling = folder.parent / view
    remedy = f"give {str(sibling)!r}" if sibling.is_dir() else _explain(view)
    return f"{str(folder)!r} holds {content}, and this stage reads {view!r}; {remedy}"


def _explain(view: str) -> str:
    return f"make it with views: {{names: [{view}]}} in the pipeline and cmtmed build"
