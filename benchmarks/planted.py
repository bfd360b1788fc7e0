"""Make texts with planted near-duplicates, and find every pair that is really there.

Real turns of ``../shared/data`` are recombined into dialogues of about 850 characters. A bit more than a third of the
rows are altered copies of others: characters replaced here and there, one passage exchanged, something appended,
the end cut off, so that the similarities spread over .5 to 1. `every_pair` then finds all pairs of a corpus,
planted or accidental, without MinHash.
"""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit, prange

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
LENGTH = 850
COPIES = 0.35
COMMON = "的了是我有一不在人这大来上个到说要就会可也你对生能子那得着下自之年过发后作里用道行所然家种"


def turns() -> list[str]:
    """Return the distinct turns of the real data, sorted."""
    found: list[str] = []
    for item in json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8")):
        for pair in [*item.get("history", ()), (item.get("instruction"), item.get("output"))]:
            found += [turn for turn in pair if turn]
    for item in json.loads((DATA / "zhongjing" / "huatuo26M_test.json").read_text(encoding="utf-8")):
        for told in (item["instruction"], item["output"]):
            found += told if isinstance(told, list) else [told]
    with (DATA / "toyhom" / "internal_medicine.gb18030.csv").open(encoding="gb18030", newline="") as file:
        for row in csv.DictReader(file):
            found += [row["ask"], row["answer"]]
    return sorted({turn for turn in found if turn and len(turn) > 3})


def texts(count: int, seed: int = 0) -> list[str]:
    """Return ``count`` texts, altered copies among them, in random order."""
    draw = random.Random(seed)
    pool = turns()
    copies = int(count * COPIES)
    made = []
    for _ in range(count - copies):
        text = ""
        while (
            len(text) < LENGTH - 85
        ):  # the last turn overshoots by more than half a turn: long turns are met more often
            text += draw.choice(pool)
        made.append(text)
    originals = len(made)
    for _ in range(copies):
        made.append(altered(made[draw.randrange(originals)], draw.uniform(0.5, 1.0), pool, draw))
    draw.shuffle(made)
    return made


def altered(text: str, similarity: float, pool: list[str], draw: random.Random) -> str:
    """Return a copy whose 5-grams have about the given Jaccard similarity to those of the text."""
    size = len(text)
    lost = (1 - similarity) / (1 + similarity)  # the share of 5-grams that either side alone has
    way = draw.choice(("replace", "exchange", "append", "cut"))
    if way == "cut":
        return text[: round(size * similarity)]
    other = ""
    while len(other) < size:
        other += draw.choice(pool)
    if way == "append":
        return text + other[: round(size * (1 / similarity - 1))]
    if way == "exchange":
        start = draw.randrange(round(size * (1 - lost)) + 1)
        return text[:start] + other[: round(size * lost)] + text[start + round(size * lost) :]
    signs = list(text)
    for place in draw.sample(range(size), min(size, round(size * lost / 5))):
        signs[place] = draw.choice(COMMON)
    return "".join(signs)


def write(path: Path, count: int, seed: int = 0) -> None:
    """Write the texts as a Parquet file with columns ``id`` and ``text``."""
    made = texts(count, seed)
    pl.DataFrame({"id": [f"t{number}" for number in range(count)], "text": made}).write_parquet(
        path, row_group_size=10_000
    )


def every_pair(rows: list[str], least: float = 0.5, ngram: int = 5) -> pl.DataFrame:
    """Find all pairs of texts with Jaccard similarity of at least ``least``, by an exhaustive scan.

    No hashing of sets, no sampling: two sets with similarity s share one of the rarest ``n - ceil(s * n) + 1``
    elements of either (prefix filtering: Chaudhuri, Ganti, Kaushik 2006; Bayardo, Ma, Srikant 2007), so that an
    inverted index over those prefixes meets every pair; each is then counted in full.

    Returns:
        ``a``, ``b`` (positions, a < b) and ``jaccard``, sorted.
    """
    grams, starts = _numbered(rows, ngram)
    left, right, value = _scan(grams, starts, least)
    return pl.DataFrame({"a": left, "b": right, "jaccard": value}).sort("a", "b")


def _numbered(rows: list[str], ngram: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return each text's set of n-grams as numbers in ascending frequency: all texts' one after another, sorted."""
    sets, bounds = [], [0]
    for row in rows:
        codes = np.frombuffer("".join(row.split()).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        if len(codes) < ngram:
            found = np.zeros(0, dtype=np.uint64)
        elif ngram * 21 <= 105:
            # Five code points of 21 bits need 105; two odd multipliers fold them into 64 without a known collision.
            found = np.zeros(len(codes) - ngram + 1, dtype=np.uint64)
            for place in range(ngram):
                found = found * np.uint64(0x2545F4914F6CDD1D) + codes[place : len(codes) - ngram + 1 + place]
            found = np.unique(found)
        else:
            raise ValueError(f"ngram is {ngram}; at most 5")
        sets.append(found)
        bounds.append(bounds[-1] + len(found))
    flat = np.concatenate(sets)
    _, number, count = np.unique(flat, return_inverse=True, return_counts=True)
    rank = np.empty(len(count), dtype=np.int32)
    rank[np.argsort(count, kind="stable")] = np.arange(len(count), dtype=np.int32)
    ranked = rank[number]
    places = np.asarray(bounds, dtype=np.int64)
    _sort_within(ranked, places)
    return ranked, places


@njit(parallel=True)
def _sort_within(ranked: Any, places: Any) -> None:
    for row in prange(len(places) - 1):
        ranked[places[row] : places[row + 1]].sort()


@njit
def _scan(grams: Any, starts: Any, least: float) -> Any:
    rows = len(starts) - 1
    highest = 0
    for at in range(len(grams)):
        highest = max(highest, grams[at] + 1)
    # Posting lists of the prefixes.
    held = np.zeros(highest + 1, dtype=np.int64)
    prefix = np.zeros(rows, dtype=np.int64)
    for row in range(rows):
        size = starts[row + 1] - starts[row]
        prefix[row] = size - int(np.ceil(least * size - 1e-9)) + 1 if size else 0
        for at in range(starts[row], starts[row] + prefix[row]):
            held[grams[at] + 1] += 1
    held = np.cumsum(held)
    fill = held[:-1].copy()
    posting = np.empty(held[-1], dtype=np.int32)
    for row in range(rows):
        for at in range(starts[row], starts[row] + prefix[row]):
            posting[fill[grams[at]]] = row
            fill[grams[at]] += 1
    met = np.full(rows, -1, dtype=np.int32)
    left, right, value = [np.int64(0)], [np.int64(0)], [0.0]
    for row in range(rows):
        size = starts[row + 1] - starts[row]
        for at in range(starts[row], starts[row] + prefix[row]):
            for place in range(held[grams[at]], held[grams[at] + 1]):
                other = posting[place]
                if other >= row:
                    break
                if met[other] == row:
                    continue
                met[other] = row
                more = starts[other + 1] - starts[other]
                if min(size, more) < least * max(size, more) - 1e-9:
                    continue
                x, y, common = starts[row], starts[other], 0
                while x < starts[row + 1] and y < starts[other + 1]:
                    if grams[x] == grams[y]:
                        common += 1
                        x += 1
                        y += 1
                    elif grams[x] < grams[y]:
                        x += 1
                    else:
                        y += 1
                similarity = common / (size + more - common)
                if similarity >= least - 1e-12:
                    left.append(other)
                    right.append(row)
                    value.append(similarity)
    return np.array(left[1:]), np.array(right[1:]), np.array(value[1:])
