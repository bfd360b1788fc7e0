"""Which dialogues of a corpus are duplicates, and which of them is kept.

Five things make two dialogues one, looked for in this order:

1. the same text, white space aside (`exact_duplicate`);
2. a Jaccard similarity at or above the threshold, canned sentences not counted (`near_duplicate`);
3. one lies within the other: it was crawled before the other one ended (`contained`; the longer one is kept);
4. if asked for, the same question with another answer (`same_question`).

Roles and the cuts between turns play no part, so that neither swapped roles nor merged turns hide a duplicate.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

from cmtmed.dedup.canned import SentenceCounts, question_places, without_canned
from cmtmed.dedup.cluster import components
from cmtmed.dedup.contain import containers
from cmtmed.dedup.links import Method, join
from cmtmed.dedup.shingle import Chunk, Positions, Texts, UInt64s, text_hashes
from cmtmed.dedup.sketches import Sketches
from cmtmed.dedup.spool import Spool

Rule = Literal["most_turns", "most_inquiries", "longest", "first"]
Batches = Callable[[], Iterator[pl.DataFrame]]

EXACT: Final = "exact_duplicate"
NEAR: Final = "near_duplicate"
CONTAINED: Final = "contained"
QUESTION: Final = "same_question"

LEAST_QUESTION: Final = 8
"""Characters of the first turn that counts as the patient's question: a greeting asks nothing."""

_LEAST_SHINGLES: Final = 20
"""A text with fewer shingles lies within another one by chance."""

_IN_MEMORY: Final = 200_000
"""Of more dialogues than this, texts and sketches stand on disk."""


@dataclass(frozen=True)
class Rules:
    """What makes dialogues duplicates.

    Attributes:
        method: of finding near-duplicates.
        keep: which dialogue of a cluster is kept; each rule decides what the one before left open.
        containment: least share of a dialogue's shingles in a longer one; None does not look for it.
        canned_dialogues: a canned sentence stands in at least so many dialogues …
        canned_share: … and in at least this share of all; None counts every sentence.
        same_question: whether dialogues with the same question are one.
        folder: where temporary files stand; the system's place for them by default.
    """

    method: Method
    keep: tuple[Rule, ...] = ("most_turns", "most_inquiries", "longest", "first")
    containment: float | None = 0.9
    canned_dialogues: int = 20
    canned_share: float | None = 0.001
    same_question: bool = False
    folder: Path | None = None


def summary(messages: pl.Expr) -> list[pl.Expr]:
    """Return ``text`` (all turns, a line each), ``question`` and ``turns`` of dialogues.

    The question is the first patient turn with at least eight characters that are neither space nor punctuation.
    """
    content = pl.element().struct.field("content").fill_null("")
    asked = pl.element().filter(pl.element().struct.field("role") == "user").struct.field("content")
    bare = pl.element().str.replace_all(r"[\s\p{P}]", "")
    long_enough = pl.element().filter(bare.str.len_chars() >= LEAST_QUESTION)
    return [
        messages.list.eval(content).list.join("\n").alias("text"),
        messages.list.eval(asked).list.eval(long_enough).list.first().alias("question"),
        messages.list.len().alias("turns"),
    ]


def duplicates(batches: Batches, rules: Rules) -> pl.DataFrame:
    """Find the duplicates of a corpus.

    Args:
        batches: returns the corpus anew, batch by batch: ``id``, ``text``, ``question``, ``turns``, ``asks``. It is
            read three times and never held.
        rules: what makes dialogues duplicates.

    Returns:
        ``id``, ``cluster`` (the id of the dialogue that is kept) and ``drop_reason`` (null for the one that is kept)
        of all dialogues that have a duplicate, in order of the corpus. What is kept does not depend on the order of
        rows, on batches or on threads; of copies, that with the least id, numbers in order of their value.
    """
    corpus = _read(batches, rules.keep)
    n = len(corpus.rank)
    with tempfile.TemporaryDirectory(prefix="cmtmed-duplicates-", dir=rules.folder) as told:
        folder = Path(told) if n > _IN_MEMORY else None
        exact = _equal(corpus)
        canned = _canned(batches, corpus, exact, rules)
        with Spool(folder / "texts.utf8" if folder else None) as spool:
            for _, batch in _chunks(batches):
                spool.add(without_canned(batch, canned))
            texts = spool.texts()
            sketches = Sketches.of(texts, rules.method, folder)
            # A copy, or a dialogue of nothing but canned sentences, is compared no further.
            alone = (exact != np.arange(n)) | (sketches.counts < rules.method.ngram)
            near, _ = join(texts, sketches, rules.method, corpus.rank, among=np.flatnonzero(~alone))
            near = near[exact]
            home = _contained(texts, sketches, corpus.rank, near, rules, folder)
    label = _same_question(home, corpus) if rules.same_question else home
    return _verdicts(corpus, near, home, label)


@dataclass(frozen=True)
class _Corpus:
    ids: pl.Series
    hashes: UInt64s
    questions: pl.Series
    places: UInt64s
    rank: Positions


def _read(batches: Batches, keep: tuple[Rule, ...]) -> _Corpus:
    """Read everything but the texts."""
    parts, places = [], []
    for batch in batches():
        parts.append(
            batch.select(
                "id",
                pl.col("turns").cast(pl.Int64),
                pl.col("asks").cast(pl.Int64),
                text_hashes(batch["text"]).alias("hash"),
                pl.col("text").str.replace_all(r"\s", "").str.len_chars().cast(pl.Int64).alias("chars"),
                pl.when(pl.col("question").is_not_null()).then(text_hashes(batch["question"])).alias("question"),
            )
        )
        places.append(question_places(batch["question"]))
    rows = pl.concat(parts)
    return _Corpus(
        rows["id"],
        rows["hash"].to_numpy(),
        rows["question"],
        np.concatenate(places),
        _ranked(rows, keep),
    )


def _ranked(rows: pl.DataFrame, keep: tuple[Rule, ...]) -> Positions:
    """Rank dialogues by the rules, and by id in the end: c/9 before c/10, wherever they stand."""
    by = {
        "most_turns": [-pl.col("turns")],
        "most_inquiries": [-pl.col("asks")],
        "longest": [-pl.col("chars")],
        "first": [
            pl.col("id").str.replace(r"\d+$", ""),
            pl.col("id").str.extract(r"(\d{1,18})$").cast(pl.Int64).fill_null(-1),
            pl.col("id"),
        ],
    }
    order = rows.select(pl.arg_sort_by([key for rule in keep for key in by[rule]])).to_series().to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _chunks(batches: Batches) -> Iterator[tuple[int, Chunk]]:
    """Yield the texts of each batch, and the position of its first."""
    first = 0
    for batch in batches():
        laid = Texts.of(batch["text"])
        yield first, laid.gather(np.arange(len(laid)))
        first += batch.height


def _equal(corpus: _Corpus) -> Positions:
    """Return for each dialogue the best of those with the same text."""
    order = np.lexsort((corpus.rank, corpus.hashes))
    new = np.ones(len(order), dtype=bool)
    new[1:] = corpus.hashes[order[1:]] != corpus.hashes[order[:-1]]
    best = np.empty(len(order), dtype=np.int64)
    best[order] = order[np.flatnonzero(new)[np.cumsum(new) - 1]] if len(order) else order
    return best


def _canned(batches: Batches, corpus: _Corpus, exact: Positions, rules: Rules) -> UInt64s:
    if rules.canned_share is None:
        return np.zeros(0, dtype=np.uint64)
    first_ones = exact == np.arange(len(exact))
    counts = SentenceCounts(int(first_ones.sum()))
    for first, chunk in _chunks(batches):
        rows = np.flatnonzero(first_ones[first : first + len(chunk)])
        counts.add(
            Texts([chunk]).gather(rows),
            corpus.hashes[first + rows],
            corpus.places[first + rows],
        )
    return counts.canned(rules.canned_dialogues, rules.canned_share)


def _contained(
    texts: Texts, sketches: Sketches, rank: Positions, near: Positions, rules: Rules, folder: Path | None
) -> Positions:
    """Return for each dialogue the one that is kept in its place once those that lie within others are gone."""
    if rules.containment is None:
        return near
    kept = np.flatnonzero(near == np.arange(len(near)))
    left, right, share = containers(
        texts,
        kept,
        sketches.counts,
        rank,
        threshold=rules.containment,
        least=_LEAST_SHINGLES,
        ngram=rules.method.ngram,
        threads=rules.method.threads,
        folder=folder,
    )
    # Into the one that contains most of it. Each lies within a longer one, so that the way ends.
    best = np.lexsort((rank[right], -share, left))
    left, right = left[best], right[best]
    first = np.ones(len(left), dtype=bool)
    first[1:] = left[1:] != left[:-1]
    parent = np.arange(len(near))
    parent[left[first]] = right[first]
    while not (parent[parent] == parent).all():
        parent = parent[parent]
    home: Positions = parent[near]
    return home


def _same_question(home: Positions, corpus: _Corpus) -> Positions:
    """Join clusters whose dialogues ask the same question; the best of all is kept."""
    asked = pl.DataFrame({"question": corpus.questions, "home": home}).drop_nulls()
    links = asked.select("home", pl.col("home").first().over("question").alias("other")).unique()
    merged = components(links["home"].to_numpy(), links["other"].to_numpy(), len(home))[home]
    table = pl.DataFrame({"merged": merged, "home": home, "rank": corpus.rank[home]})
    best = pl.col("home").sort_by("rank").first().over("merged")
    return table.select(best).to_series().to_numpy()


def _verdicts(corpus: _Corpus, near: Positions, home: Positions, label: Positions) -> pl.DataFrame:
    row = np.arange(len(label))
    reason = (
        pl.when(pl.col("label") == pl.col("row"))
        .then(pl.lit(None, dtype=pl.String))
        .when(pl.col("hash") == pl.col("kept_hash"))
        .then(pl.lit(EXACT))
        .when(pl.col("home") != pl.col("label"))
        .then(pl.lit(QUESTION))
        .when(pl.col("near") != pl.col("home"))
        .then(pl.lit(CONTAINED))
        .otherwise(pl.lit(NEAR))
    )
    table = pl.DataFrame(
        {
            "id": corpus.ids,
            "row": row,
            "near": near,
            "home": home,
            "label": label,
            "hash": corpus.hashes,
            "kept_hash": corpus.hashes[label],
        }
    ).filter(pl.len().over("label") > 1)
    return table.select("id", corpus.ids.gather(table["label"]).alias("cluster"), reason.alias("drop_reason"))
