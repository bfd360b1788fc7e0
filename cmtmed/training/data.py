"""The Arrow tables that trainers read: opened, told apart by their columns, and mixed."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.fingerprint import fingerprint_of_path
from cmtmed.training.settings import Part

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

log = logging.getLogger("cmtmed.training")

COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "pretrain": frozenset(("id", "text")),
    "sft": frozenset(("id", "messages", "weights")),
    "prompts": frozenset(("id", "message", "prompt")),
}
"""What tells a view: the columns that it has."""


def kind_of(columns: Sequence[str]) -> str | None:
    """Return which view has exactly these columns, None if none has.

    >>> kind_of(["id", "text"])
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
        found = kind_of(columns)
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


def mixture(parts: Sequence[Part], load: Callable[[Part], Dataset], seed: int) -> Dataset:
    """Put sources together, each as often as its weight says, and shuffle.

    Args:
        parts: the sources.
        load: opens one; all must come with the same columns.
        seed: decides which rows a fraction takes, and the order.

    Returns:
        One table; its length is what an epoch goes through.

    Raises:
        UsageError: there is no source, or a weight is so small that nothing of a source is taken.
    """
    from datasets import concatenate_datasets

    if not parts:
        raise UsageError("no data: give one source or more, as in data.0.path=out")
    tables = []
    for part in parts:
        rows = load(part)
        taken = chosen(len(rows), part.weight, random.Random(f"{seed}/{part.path}"))  # noqa: S311 (no secret)
        if not taken:
            raise UsageError(f"{part.label}: weight {part.weight} of {len(rows)} rows takes none; give a larger one")
        log.info("data: %s, %d rows of %d an epoch", part.label, len(taken), len(rows))
        tables.append(rows if taken == list(range(len(rows))) else rows.select(taken))
    return concatenate_datasets(tables).shuffle(seed=seed)


def chosen(rows: int, weight: float, draw: random.Random) -> list[int]:
    """Return which rows an epoch takes: all as often as the whole part of the weight says, and a drawn fraction.

    >>> chosen(4, 1.5, random.Random(0))
    [0, 1, 2, 3, 1, 3]
    """
    whole, fraction = int(weight), weight - int(weight)
    again = sorted(draw.sample(range(rows), round(fraction * rows)))
    return [*(list(range(rows)) * whole), *again]


def described(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return what identifies the data of a run, for its fingerprint.

    Raises:
        UsageError: a path does not exist.
    """
    for part in parts:
        if not Path(part.path).exists():
            raise UsageError(f"data: {part.path!r} does not exist")
    return [{"weight": part.weight, "content": fingerprint_of_path(Path(part.path))} for part in parts]


def _make(wanted: str) -> str:
    return f"make it with views: {{names: [{wanted}]}} in the pipeline and cmtmed build"
