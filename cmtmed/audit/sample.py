"""Which turns of a build a person is to read. The file of the sample holds no text.

Every turn has a key, a hash of seed, dialogue and position, and each stratum contributes the turns with the smallest
keys: the same build gives the same sample whatever the order of its rows, and a larger sample contains the smaller one.
Within a stratum the reading order is the order of keys, so whoever stops early has read a random part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.artifacts import write_text
from cmtmed.errors import DatasetError

SAMPLE_FILE: Final = "sample.jsonl"
_CANDIDATES: Final = {"key": pl.UInt64, "id": pl.String, "message": pl.UInt32, "stratum": pl.String}
_SORT_KEY: Final = ("key", "id", "message")


class Turn(NamedTuple):
    """Position of a turn: id of the dialogue, index of the message."""

    id: str
    message: int


@dataclass
class TurnSampler:
    """The candidates of each stratum while a build streams by.

    Attributes:
        size: maximum number of turns that a stratum may need.
        seed: another seed draws another sample.
    """

    size: int
    seed: int
    _candidates: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_CANDIDATES))

    def add(self, ids: pl.Series, message: pl.Series, stratum: pl.Series) -> None:
        """Offer turns, in columns of the same length."""
        turns = pl.DataFrame(
            [
                pl.Series("key", hash_turns(ids, message.to_numpy(), self.seed)),
                ids.rename("id"),
                message.rename("message").cast(pl.UInt32),
                stratum.rename("stratum"),
            ]
        )
        merged = pl.concat([self._candidates, turns]).sort(_SORT_KEY)
        self._candidates = (
            merged.group_by("stratum", maintain_order=True).head(self.size).select(self._candidates.columns)
        )

    def draw(self, counts: Mapping[str, int]) -> list[tuple[Turn, str]]:
        """Return the sample in reading order, each turn with its stratum.

        Args:
            counts: how many turns to take from each stratum.
        """
        rows = (
            self._candidates.with_columns(
                pl.col("stratum").replace_strict(counts, default=0, return_dtype=pl.Int64).alias("count"),
                pl.int_range(pl.len()).over("stratum", order_by=_SORT_KEY).alias("rank"),
            )
            .filter(pl.col("rank") < pl.col("count"))
            # All strata advance together, so that an early stop leaves something read of each.
            .sort((pl.col("rank") + 0.5) / pl.col("count"), *_SORT_KEY)
        )
        columns = rows.select("id", "message", "stratum")
        return [(Turn(id_, message), stratum) for id_, message, stratum in columns.iter_rows()]


def hash_turns(ids: pl.Series, message: npt.NDArray[Any], seed: int) -> npt.NDArray[np.uint64]:
    """Return a uniform 64-bit key for each turn.

    Args:
        ids: of the dialogues, one per turn.
        message: index of the message, one per turn.
        seed: another seed gives other keys.
    """
    unique_ids = ids.unique(maintain_order=True)
    prefix = f"{seed}/".encode()
    hashes = [
        int.from_bytes(hashlib.blake2b(prefix + id_.encode(), digest_size=8).digest(), "little") for id_ in unique_ids
    ]
    of_dialogue = ids.replace_strict(unique_ids, pl.Series(hashes, dtype=pl.UInt64), return_dtype=pl.UInt64).to_numpy()
    # SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
    with np.errstate(over="ignore"):
        mixed = of_dialogue + (message.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    keys: npt.NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return keys


def write_sample(path: Path, sample: Sequence[tuple[Turn, str]]) -> None:
    """Write the sample as JSON lines: id, message, detector."""
    lines = (
        json.dumps({"id": turn.id, "message": turn.message, "detector": stratum}, ensure_ascii=False)
        for turn, stratum in sample
    )
    write_text(path, "".join(line + "\n" for line in lines), private=True)


def read_sample(path: Path) -> list[tuple[Turn, str]]:
    """Read what `write_sample` wrote.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    try:
        sample = [(Turn(row["id"], row["message"]), row["detector"]) for row in iter_json_lines(path)]
        is_sound = all(
            isinstance(turn.id, str) and type(turn.message) is int and turn.message >= 0 and isinstance(detector, str)
            for turn, detector in sample
        )
    except (OSError, ValueError, KeyError, TypeError):
        is_sound = False
    if not is_sound:
        raise DatasetError(f"{str(path)!r} cannot be read; run cmtmed audit again")
    return sample


def iter_json_lines(path: Path) -> Iterator[Any]:
    """Yield the values of a file of JSON lines; blank lines are skipped.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is not JSON.
    """
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                try:
                    yield json.loads(line)
                except RecursionError as error:
                    raise ValueError("nested too deeply") from error
