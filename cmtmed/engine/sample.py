"""Which turns of a build a person is to read, and what the person said of them. No file here holds text.

Every turn has a key, a hash of seed, dialogue and place, and each stratum gives those with the least keys: the same
sample for the same build, in any order of rows, and a larger sample contains the smaller one. Within a stratum the
order of reading is the order of keys, so that whoever stops early has read a random part.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.errors import DatasetError, UsageError, did_you_mean

FILE: Final = "sample.jsonl"
VERDICTS: Final = "verdicts.jsonl"
Verdict = Literal["leak", "fine"]
JUDGED: Final = ("leak", "fine")


class Turn(NamedTuple):
    """Where a turn stands: id of the dialogue, index of the message."""

    id: str
    message: int


@dataclass
class Draw:
    """The candidates of each stratum while a build streams by.

    Attributes:
        size: no stratum needs more than so many.
        seed: another seed draws another sample.
    """

    size: int
    seed: int
    _best: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(
            schema={"key": pl.UInt64, "id": pl.String, "message": pl.UInt32, "stratum": pl.String}
        )
    )

    def add(self, ids: pl.Series, message: pl.Series, stratum: pl.Series) -> None:
        """Offer turns, all columns of the same length."""
        told = pl.DataFrame(
            [
                pl.Series("key", keys(ids, message.to_numpy(), self.seed)),
                ids.rename("id"),
                message.rename("message").cast(pl.UInt32),
                stratum.rename("stratum"),
            ]
        )
        both = pl.concat([self._best, told]).sort("key", "id", "message")
        self._best = both.group_by("stratum", maintain_order=True).head(self.size).select(self._best.columns)

    def taken(self, numbers: Mapping[str, int]) -> list[tuple[Turn, str]]:
        """Return the sample in reading order, each turn with its stratum.

        Args:
            numbers: how many turns to take of each stratum.
        """
        rows = (
            self._best.with_columns(
                pl.col("stratum").replace_strict(numbers, default=0, return_dtype=pl.Int64).alias("number"),
                pl.int_range(pl.len()).over("stratum", order_by=["key", "id", "message"]).alias("rank"),
            )
            .filter(pl.col("rank") < pl.col("number"))
            # All strata progress alike, so that an early stop leaves something read of each.
            .sort((pl.col("rank") + 0.5) / pl.col("number"), "key", "id", "message")
        )
        return [(Turn(id_, message), stratum) for id_, message, stratum in rows.select(_KEYS).iter_rows()]


_KEYS: Final = ("id", "message", "stratum")


def keys(ids: pl.Series, message: npt.NDArray[Any], seed: int) -> npt.NDArray[np.uint64]:
    """Return a uniform 64-bit key for each turn."""
    unique = ids.unique(maintain_order=True)
    start = f"{seed}/".encode()
    hashed = [
        int.from_bytes(hashlib.blake2b(start + name.encode(), digest_size=8).digest(), "little") for name in unique
    ]
    of_dialogue = ids.replace_strict(unique, pl.Series(hashed, dtype=pl.UInt64), return_dtype=pl.UInt64).to_numpy()
    # SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
    with np.errstate(over="ignore"):
        mixed = of_dialogue + (message.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: npt.NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return result


def write_sample(path: Path, sample: Sequence[tuple[Turn, str]]) -> None:
    """Write the sample as JSON lines: id, message, detector."""
    lines = (
        json.dumps({"id": turn.id, "message": turn.message, "detector": stratum}, ensure_ascii=False)
        for turn, stratum in sample
    )
    partial = path.with_suffix(".partial")
    partial.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    partial.replace(path)


def read_sample(path: Path) -> list[tuple[Turn, str]]:
    """Read what `write_sample` wrote.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    try:
        return [(Turn(row["id"], row["message"]), row["detector"]) for row in _rows(path)]
    except (OSError, ValueError, KeyError, TypeError):
        raise DatasetError(f"{str(path)!r} cannot be read; run cmtmed audit again") from None


def append_verdict(path: Path, turn: Turn, verdict: Verdict, data: str) -> None:
    """Write down one verdict at once, so that an interrupted reading goes on where it stopped.

    Args:
        path: the file of verdicts.
        turn: what was read.
        verdict: ``leak`` or ``fine``.
        data: digest of the dialogue files that were read.
    """
    row = {"id": turn.id, "message": turn.message, "verdict": verdict, "data": data}
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_verdicts(path: Path, data: str) -> dict[Turn, Verdict]:
    """Read the verdicts on the present data; the last one on a turn counts, those on other data do not.

    Raises:
        UsageError: the file is missing or a line of it is no verdict; the message gives the line.
    """
    found: dict[Turn, Verdict] = {}
    number = 1
    try:
        for row in _rows(path):
            turn, verdict = Turn(str(row["id"]), int(row["message"])), row["verdict"]
            if verdict not in JUDGED:
                raise UsageError(
                    f"{str(path)!r}, line {number}: no verdict is called {str(verdict)[:20]!r}; "
                    f"{did_you_mean(str(verdict), JUDGED)}"
                )
            if row.get("data", data) == data:
                found[turn] = verdict
            number += 1
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read ({type(error).__name__}); give a file of verdicts") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            f"{str(path)!r}, line {number}: not of the form "
            '{"id": …, "message": …, "verdict": "leak" or "fine"}; mend the line'
        ) from None
    return found


def check_known(path: Path, verdicts: Iterable[Turn], sample: Iterable[tuple[Turn, str]]) -> None:
    """Refuse verdicts on turns that were not drawn: what somebody chose to read is no random sample.

    Raises:
        UsageError: the message gives how many, and the first.
    """
    known = {turn for turn, _ in sample}
    strange = [turn for turn in verdicts if turn not in known]
    if strange:
        raise UsageError(
            f"{str(path)!r}: {len(strange)} verdicts are on turns that are not in the sample, the first on message "
            f"{strange[0].message} of {strange[0].id!r}; judge the turns of audit/{FILE}"
        )


def tally(sample: Iterable[tuple[Turn, str]], verdicts: Mapping[Turn, Verdict]) -> tuple[Counter[str], Counter[str]]:
    """Count turns read, and turns that leak, by stratum."""
    read: Counter[str] = Counter()
    leaks: Counter[str] = Counter()
    for turn, stratum in sample:
        if turn in verdicts:
            read[stratum] += 1
            leaks[stratum] += verdicts[turn] == "leak"
    return read, leaks


def _rows(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)
