"""Mixtures of data sources, each as often as its weight says."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmtmed.errors import UsageError
from cmtmed.training.run.fingerprint import fingerprint_path
from cmtmed.training.run.settings import DataSource

if TYPE_CHECKING:
    from datasets import Dataset


log = logging.getLogger("cmtmed.training")


def mix_sources(parts: Sequence[DataSource], load: Callable[[DataSource], Dataset], seed: int) -> Dataset:
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
        taken = select_rows(len(rows), part.weight, random.Random(f"{seed}/{part.path}"))
        if not taken:
            raise UsageError(f"{part.label}: weight {part.weight} of {len(rows)} rows takes none; give a larger one")
        log.info("data: %s, %d rows of %d an epoch", part.label, len(taken), len(rows))
        tables.append(rows if taken == list(range(len(rows))) else rows.select(taken))
    return concatenate_datasets(tables).shuffle(seed=seed)


def select_rows(rows: int, weight: float, draw: random.Random) -> list[int]:
    """Return which rows an epoch takes: all as often as the whole part of the weight says, and a drawn fraction.

    >>> select_rows(4, 1.5, random.Random(0))
    [0, 1, 2, 3, 1, 3]
    """
    whole, fraction = int(weight), weight - int(weight)
    again = sorted(draw.sample(range(rows), round(fraction * rows)))
    return [*(list(range(rows)) * whole), *again]


def describe_data(parts: Sequence[DataSource]) -> list[dict[str, Any]]:
    """Return what identifies the data of a run, for its fingerprint.

    Raises:
        UsageError: a path does not exist.
    """
    for part in parts:
        if not Path(part.path).exists():
            raise UsageError(f"data: {part.path!r} does not exist")
    return [{"weight": part.weight, "content": fingerprint_path(Path(part.path))} for part in parts]
