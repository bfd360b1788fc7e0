"""Which dialogues of a corpus are duplicates, and which of them is kept.

Dialogues are duplicates for one of these reasons, checked in this order:

1. the same text, white space aside (`exact_duplicate`);
2. a Jaccard similarity at or above the threshold, canned sentences not counted (`near_duplicate`);
3. one is contained in the other: it was crawled before the other one ended (`contained`; the longer one is kept);
4. if requested, the same question with another answer (`same_question`).

Roles and the boundaries of turns play no role, so that neither swapped roles nor merged turns hide a duplicate.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

from cmtmed.dedup.canned import SentenceCounts, blank_canned, hash_questions
from cmtmed.dedup.cluster import cluster_texts
from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.containment import find_containers
from cmtmed.dedup.graph import label_components
from cmtmed.dedup.shingle import hash_texts
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.text_store import TextStore
from cmtmed.dedup.texts import Chunk, Positions, Texts, UInt64s

KeepRule = Literal["most_turns", "most_inquiries", "longest", "first"]
ReadBatches = Callable[[], Iterator[pl.DataFrame]]

EXACT: Final = "exact_duplicate"
NEAR: Final = "near_duplicate"
CONTAINED: Final = "contained"
QUESTION: Final = "same_question"

MIN_QUESTION_CHARS: Final = 8
"""Minimum characters of the first turn that counts as the patient's question: a greeting asks nothing."""

_MIN_SHINGLES: Final = 20
"""A text with fewer shingles is contained in another one by chance."""

_MAX_IN_MEMORY: Final = 200_000
"""Of more dialogues than this, texts and signatures are kept on disk."""


@dataclass(frozen=True)
class DuplicateRules:
    """Definition of duplicate dialogues.

    Attributes:
        config: parameters of near-duplicate detection.
        keep: which dialogue of a cluster is kept; each rule decides what the one before left open.
        containment: minimum share of a dialogue's shingles in a longer one; None does not look for it.
        canned_dialogues: minimum number of dialogues that hold a canned sentence …
        canned_share: … and minimum share of all dialogues; None counts every sentence.
        same_question: whether dialogues with the same question are duplicates.
        folder: where temporary files are written; the system's temporary directory by default.
    """

    config: MinHashConfig
    keep: tuple[KeepRule, ...] = ("most_turns", "most_inquiries", "longest", "first")
    containment: float | None = 0.9
    canned_dialogues: int = 20
    canned_share: float | None = 0.001
    same_question: bool = False
    folder: Path | None = None


def summarize_dialogues(messages: pl.Expr) -> list[pl.Expr]:
    """Return ``text`` (all turns, one per line), ``question`` and ``turns`` of dialogues.

    The question is the first patient turn with at least eight characters that are neither space nor punctuation.
    """
    content = pl.element().struct.field("content").fill_null("")
    patient_turns = pl.element().filter(pl.element().struct.field("role") == "user").struct.field("content")
    bare = pl.element().str.replace_all(r"[\s\p{P}]", "")
    long_enough = pl.element().filter(bare.str.len_chars() >= MIN_QUESTION_CHARS)
    return [
        messages.list.eval(content).list.join("\n").alias("text"),
        messages.list.eval(patient_turns).list.eval(long_enough).list.first().alias("question"),
        messages.list.len().alias("turns"),
    ]


def find_duplicates(read_batches: ReadBatches, rules: DuplicateRules) -> pl.DataFrame:
    """Find the duplicates of a corpus.

    Args:
        read_batches: reads the corpus anew, batch by batch: ``id``, ``text``, ``question``, ``turns``, ``asks``. It is
            read three times and never held in memory.
        rules: the definition of duplicates.

    Returns:
        ``id``, ``cluster`` (the id of the dialogue that is kept) and ``drop_reason`` (null for the dialogue that is
        kept) of all dialogues that have a duplicate, in order of the corpus. What is kept does not depend on the order
        of rows, on batches or on threads; of copies, it is the one with the lowest id, numbers in order of their value.
    """
    corpus = _read_corpus(read_batches, rules.keep)
    n = len(corpus.rank)
    with tempfile.TemporaryDirectory(prefix="cmtmed-duplicates-", dir=rules.folder) as directory:
        folder = Path(directory) if n > _MAX_IN_MEMORY else None
        exact = _find_exact_copies(corpus)
        canned = _find_canned(read_batches, corpus, exact, rules)
        with TextStore(folder / "texts.utf8" if folder else None) as text_store:
            for _, chunk in _read_chunks(read_batches):
                text_store.add(blank_canned(chunk, canned))
            texts = text_store.texts()
            signatures = SignatureStore.from_texts(texts, rules.config, folder)
            # A copy, or a dialogue of nothing but canned sentences, is not compared any further.
            excluded = (exact != np.arange(n)) | (signatures.lengths < rules.config.ngram)
            subset = np.flatnonzero(~excluded)
            clusters, _ = cluster_texts(texts, signatures, rules.config, corpus.rank, subset)
            near_kept = clusters[exact]
            containers = _resolve_containers(texts, signatures, corpus.rank, near_kept, rules, folder)
    kept = _merge_same_question(containers, corpus) if rules.same_question else containers
    return _build_verdicts(corpus, near_kept, containers, kept)


@dataclass(frozen=True)
class _Corpus:
    ids: pl.Series
    hashes: UInt64s
    questions: pl.Series
    question_hashes: UInt64s
    rank: Positions


def _read_corpus(read_batches: ReadBatches, keep: tuple[KeepRule, ...]) -> _Corpus:
    """Read everything but the texts."""
    tables, question_hashes = [], []
    for batch in read_batches():
        tables.append(
            batch.select(
                "id",
                pl.col("turns").cast(pl.Int64),
                pl.col("asks").cast(pl.Int64),
                hash_texts(batch["text"]).alias("hash"),
                pl.col("text").str.replace_all(r"\s", "").str.len_chars().cast(pl.Int64).alias("chars"),
                pl.when(pl.col("question").is_not_null()).then(hash_texts(batch["question"])).alias("question"),
            )
        )
        question_hashes.append(hash_questions(batch["question"]))
    rows = pl.concat(tables)
    return _Corpus(
        rows["id"],
        rows["hash"].to_numpy(),
        rows["question"],
        np.concatenate(question_hashes),
        _rank_dialogues(rows, keep),
    )


def _rank_dialogues(rows: pl.DataFrame, keep: tuple[KeepRule, ...]) -> Positions:
    """Rank dialogues by the rules, and finally by id: c/9 before c/10, whatever their order in the corpus."""
    sort_keys = {
        "most_turns": [-pl.col("turns")],
        "most_inquiries": [-pl.col("asks")],
        "longest": [-pl.col("chars")],
        "first": [
            pl.col("id").str.replace(r"\d+$", ""),
            pl.col("id").str.extract(r"(\d{1,18})$").cast(pl.Int64).fill_null(-1),
            pl.col("id"),
        ],
    }
    order = rows.select(pl.arg_sort_by([key for rule in keep for key in sort_keys[rule]])).to_series().to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _read_chunks(read_batches: ReadBatches) -> Iterator[tuple[int, Chunk]]:
    """Yield the texts of each batch with the position of its first."""
    first = 0
    for batch in read_batches():
        texts = Texts.from_column(batch["text"])
        yield first, texts.gather(np.arange(len(texts)))
        first += batch.height


def _find_exact_copies(corpus: _Corpus) -> Positions:
    """Return for each dialogue the best of those with the same text."""
    order = np.lexsort((corpus.rank, corpus.hashes))
    starts_group = np.ones(len(order), dtype=bool)
    starts_group[1:] = corpus.hashes[order[1:]] != corpus.hashes[order[:-1]]
    best = np.empty(len(order), dtype=np.int64)
    best[order] = order[np.flatnonzero(starts_group)[np.cumsum(starts_group) - 1]] if len(order) else order
    return best


def _find_canned(read_batches: ReadBatches, corpus: _Corpus, exact: Positions, rules: DuplicateRules) -> UInt64s:
    """Return the hashes of canned sentences, each text counted once."""
    if rules.canned_share is None:
        return np.zeros(0, dtype=np.uint64)
    is_distinct = exact == np.arange(len(exact))
    counts = SentenceCounts(int(is_distinct.sum()))
    for first, chunk in _read_chunks(read_batches):
        rows = np.flatnonzero(is_distinct[first : first + len(chunk)])
        counts.add(
            Texts([chunk]).gather(rows),
            corpus.hashes[first + rows],
            corpus.question_hashes[first + rows],
        )
    return counts.select_canned(rules.canned_dialogues, rules.canned_share)


def _resolve_containers(
    texts: Texts,
    signatures: SignatureStore,
    rank: Positions,
    near_kept: Positions,
    rules: DuplicateRules,
    folder: Path | None,
) -> Positions:
    """Return for each dialogue the one kept in its place once contained dialogues are dropped."""
    if rules.containment is None:
        return near_kept
    kept = np.flatnonzero(near_kept == np.arange(len(near_kept)))
    contained, containers, share = find_containers(
        texts,
        kept,
        signatures.lengths,
        rank,
        threshold=rules.containment,
        min_shingles=_MIN_SHINGLES,
        ngram=rules.config.ngram,
        threads=rules.config.threads,
        folder=folder,
    )
    # Into the one that contains most of it. Each container is longer, so that following them ends.
    best = np.lexsort((rank[containers], -share, contained))
    contained, containers = contained[best], containers[best]
    is_first = np.ones(len(contained), dtype=bool)
    is_first[1:] = contained[1:] != contained[:-1]
    parent = np.arange(len(near_kept))
    parent[contained[is_first]] = containers[is_first]
    while not (parent[parent] == parent).all():
        parent = parent[parent]
    resolved: Positions = parent[near_kept]
    return resolved


def _merge_same_question(containers: Positions, corpus: _Corpus) -> Positions:
    """Join clusters whose dialogues ask the same question; the best of all is kept."""
    rows = pl.DataFrame({"question": corpus.questions, "container": containers}).drop_nulls()
    links = rows.select("container", pl.col("container").first().over("question").alias("other")).unique()
    component = label_components(links["container"].to_numpy(), links["other"].to_numpy(), len(containers))[containers]
    table = pl.DataFrame({"component": component, "container": containers, "rank": corpus.rank[containers]})
    best = pl.col("container").sort_by("rank").first().over("component")
    return table.select(best).to_series().to_numpy()


def _build_verdicts(corpus: _Corpus, near_kept: Positions, containers: Positions, kept: Positions) -> pl.DataFrame:
    reason = (
        pl.when(pl.col("kept") == pl.col("row"))
        .then(pl.lit(None, dtype=pl.String))
        .when(pl.col("hash") == pl.col("kept_hash"))
        .then(pl.lit(EXACT))
        .when(pl.col("container") != pl.col("kept"))
        .then(pl.lit(QUESTION))
        .when(pl.col("near") != pl.col("container"))
        .then(pl.lit(CONTAINED))
        .otherwise(pl.lit(NEAR))
    )
    table = pl.DataFrame(
        {
            "id": corpus.ids,
            "row": np.arange(len(kept)),
            "near": near_kept,
            "container": containers,
            "kept": kept,
            "hash": corpus.hashes,
            "kept_hash": corpus.hashes[kept],
        }
    ).filter(pl.len().over("kept") > 1)
    return table.select("id", corpus.ids.gather(table["kept"]).alias("cluster"), reason.alias("drop_reason"))
