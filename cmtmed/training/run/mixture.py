"""Mixtures of data sources, each taken as often as its weight says."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cmtmed.errors import UsageError
from cmtmed.training.run.fingerprint import fingerprint_path
from cmtmed.training.run.settings import DataSource

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("cmtmed.training")

_Source = TypeVar("_Source", bound=DataSource)


def mix_sources(sources: Sequence[_Source], load: Callable[[_Source], Dataset], seed: int) -> Dataset:
    """Concatenate sources, each as often as its weight says, and shuffle.

    Args:
        sources: the sources.
        load: opens one; all must come with the same columns.
        seed: decides which rows a fraction takes, and the order.

    Returns:
        One table; its length is what an epoch goes through.

    Raises:
        UsageError: there is no source, or a weight is so small that nothing of a source is taken.
    """
    from datasets import concatenate_datasets

    if not sources:
        raise UsageError("no data: give one source or more, as in data.0.path=out")
    tables = []
    for source in sources:
        rows = load(source)
        indices = select_rows(len(rows), source.weight, random.Random(f"{seed}/{source.path}"))
        if not indices:
            raise UsageError(
                f"{source.label}: weight {source.weight} of {len(rows)} rows selects none; choose a larger one"
            )
        log.info("data: %s, %d rows per epoch (it has %d)", source.label, len(indices), len(rows))
        tables.append(rows if indices == list(range(len(rows))) else rows.select(indices))
    return concatenate_datasets(tables).shuffle(seed=seed)


def select_rows(rows: int, weight: float, generator: random.Random) -> list[int]:
    """Return which rows an epoch takes: all as often as the whole part of the weight says, and a random fraction.

    >>> select_rows(4, 1.5, random.Random(0))
    [0, 1, 2, 3, 1, 3]
    """
    times, fraction = int(weight), weight - int(weight)
    sample = sorted(generator.sample(range(rows), round(fraction * rows)))
    return [*(list(range(rows)) * times), *sample]


def describe_data(sources: Sequence[DataSource]) -> list[dict[str, float | str]]:
    """Return what identifies the data of a run, for its fingerprint.

    Raises:
        UsageError: a path does not exist.
    """
    for source in sources:
        if not Path(source.path).exists():
            raise UsageError(f"data: {source.path!r} does not exist")
    return [{"weight": source.weight, "content": fingerprint_path(Path(source.path))} for source in sources]
