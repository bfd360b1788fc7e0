"""Texts with planted near-duplicates, and an exhaustive search for all near-duplicate pairs.

Real turns of ``../shared/data`` are recombined into dialogues of about 850 characters. A bit more than a third of the
rows are altered copies of others: some characters replaced, one passage exchanged, text appended, or the end cut off,
so that the similarities spread over .5 to 1. `find_all_pairs` finds all pairs of a corpus, planted or accidental,
without MinHash.
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


def read_turns() -> list[str]:
    """Return the distinct turns of the real data, sorted."""
    collected: list[str] = []
    for item in json.loads((DATA / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8")):
        for pair in [*item.get("history", ()), (item.get("instruction"), item.get("output"))]:
            collected += [turn for turn in pair if turn]
    for item in json.loads((DATA / "zhongjing" / "huatuo26M_test.json").read_text(encoding="utf-8")):
        for passage in (item["instruction"], item["output"]):
            collected += passage if isinstance(passage, list) else [passage]
    with (DATA / "toyhom" / "internal_medicine.gb18030.csv").open(encoding="gb18030", newline="") as file:
        for row in csv.DictReader(file):
            collected += [row["ask"], row["answer"]]
    return sorted({turn for turn in collected if turn and len(turn) > 3})


def make_texts(count: int, seed: int = 0) -> list[str]:
    """Return ``count`` texts, including altered copies, in random order."""
    draw = random.Random(seed)
    pool = read_turns()
    copies = int(count * COPIES)
    corpus = []
    for _ in range(count - copies):
        text = ""
        # The last turn overshoots by more than half a turn, because long turns are more likely to cross the limit.
        while len(text) < LENGTH - 85:
            text += draw.choice(pool)
        corpus.append(text)
    originals = len(corpus)
    for _ in range(copies):
        corpus.append(alter_text(corpus[draw.randrange(originals)], draw.uniform(0.5, 1.0), pool, draw))
    draw.shuffle(corpus)
    return corpus


def alter_text(text: str, similarity: float, pool: list[str], draw: random.Random) -> str:
    """Return a copy whose 5-grams have about the given Jaccard similarity to those of the text."""
    size = len(text)
    lost = (1 - similarity) / (1 + similarity)  # share of 5-grams that only one of the two texts has
    method = draw.choice(("replace", "exchange", "append", "cut"))
    if method == "cut":
        return text[: round(size * similarity)]
    other = ""
    while len(other) < size:
        other += draw.choice(pool)
    if method == "append":
        return text + other[: round(size * (1 / similarity - 1))]
    if method == "exchange":
        start = draw.randrange(round(size * (1 - lost)) + 1)
        return text[:start] + other[: round(size * lost)] + text[start + round(size * lost) :]
    characters = list(text)
    for position in draw.sample(range(size), min(size, round(size * lost / 5))):
        characters[position] = draw.choice(COMMON)
    return "".join(characters)


def write_texts(path: Path, count: int, seed: int = 0) -> None:
    """Write the texts as a Parquet file with columns ``id`` and ``text``."""
    corpus = make_texts(count, seed)
    pl.DataFrame({"id": [f"t{number}" for number in range(count)], "text": corpus}).write_parquet(
        path, row_group_size=10_000
    )


def find_all_pairs(rows: list[str], min_jaccard: float = 0.5, ngram: int = 5) -> pl.DataFrame:
    """Find all pairs of texts with a Jaccard similarity of at least ``min_jaccard``, by an exhaustive scan.

    Without hashing or sampling: two sets of similarity s share at least one of the rarest ``n - ceil(s * n) + 1``
    elements of each set (prefix filtering: Chaudhuri, Ganti, Kaushik 2006; Bayardo, Ma, Srikant 2007), so an inverted
    index over these prefixes finds every pair, and the similarity of each is then computed exactly.

    Returns:
        ``a``, ``b`` (positions, a < b) and ``jaccard``, sorted.
    """
    grams, starts = _number_ngrams(rows, ngram)
    first, second, value = _scan(grams, starts, min_jaccard)
    return pl.DataFrame({"a": first, "b": second, "jaccard": value}).sort("a", "b")


def _number_ngrams(rows: list[str], ngram: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the n-gram sets of all texts, one after another, each sorted from rare to frequent, and their starts."""
    sets, bounds = [], [0]
    for row in rows:
        codes = np.frombuffer("".join(row.split()).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        if len(codes) < ngram:
            ngrams = np.zeros(0, dtype=np.uint64)
        elif ngram * 21 <= 105:
            # Five code points of 21 bits need 105 bits; an odd multiplier folds them into 64 without known collisions.
            ngrams = np.zeros(len(codes) - ngram + 1, dtype=np.uint64)
            for position in range(ngram):
                ngrams = ngrams * np.uint64(0x2545F4914F6CDD1D) + codes[position : len(codes) - ngram + 1 + position]
            ngrams = np.unique(ngrams)
        else:
            raise ValueError(f"ngram is {ngram}; at most 5")
        sets.append(ngrams)
        bounds.append(bounds[-1] + len(ngrams))
    flat = np.concatenate(sets)
    _, number, count = np.unique(flat, return_inverse=True, return_counts=True)
    rank = np.empty(len(count), dtype=np.int32)
    rank[np.argsort(count, kind="stable")] = np.arange(len(count), dtype=np.int32)
    ranked = rank[number]
    starts = np.asarray(bounds, dtype=np.int64)
    _sort_within(ranked, starts)
    return ranked, starts


@njit(parallel=True)
def _sort_within(ranked: Any, starts: Any) -> None:
    for row in prange(len(starts) - 1):
        ranked[starts[row] : starts[row + 1]].sort()


@njit
def _scan(grams: Any, starts: Any, min_jaccard: float) -> Any:
    rows = len(starts) - 1
    highest = 0
    for i in range(len(grams)):
        highest = max(highest, grams[i] + 1)
    # Build the posting lists of the prefixes.
    ends = np.zeros(highest + 1, dtype=np.int64)
    prefix = np.zeros(rows, dtype=np.int64)
    for row in range(rows):
        size = starts[row + 1] - starts[row]
        prefix[row] = size - int(np.ceil(min_jaccard * size - 1e-9)) + 1 if size else 0
        for i in range(starts[row], starts[row] + prefix[row]):
            ends[grams[i] + 1] += 1
    ends = np.cumsum(ends)
    fill = ends[:-1].copy()
    posting = np.empty(ends[-1], dtype=np.int32)
    for row in range(rows):
        for i in range(starts[row], starts[row] + prefix[row]):
            posting[fill[grams[i]]] = row
            fill[grams[i]] += 1
    last_row = np.full(rows, -1, dtype=np.int32)
    first, second, value = [np.int64(0)], [np.int64(0)], [0.0]
    for row in range(rows):
        size = starts[row + 1] - starts[row]
        for i in range(starts[row], starts[row] + prefix[row]):
            for j in range(ends[grams[i]], ends[grams[i] + 1]):
                other = posting[j]
                if other >= row:
                    break
                if last_row[other] == row:
                    continue
                last_row[other] = row
                other_size = starts[other + 1] - starts[other]
                if min(size, other_size) < min_jaccard * max(size, other_size) - 1e-9:
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
                similarity = common / (size + other_size - common)
                if similarity >= min_jaccard - 1e-12:
                    first.append(other)
                    second.append(row)
                    value.append(similarity)
    return np.array(first[1:]), np.array(second[1:]), np.array(value[1:])
