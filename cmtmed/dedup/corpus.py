"""Summaries of the dialogues of a corpus: what deduplication compares besides shingles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from cmtmed.dedup.canned import hash_questions
from cmtmed.dedup.shingle import hash_and_measure, hash_texts
from cmtmed.dedup.texts import Chunk, Positions, Texts, UInt64s

KeepRule = Literal["most_turns", "most_inquiries", "longest", "first"]
"""What decides which dialogue of a cluster is kept."""
ReadBatches = Callable[[], Iterator[pl.DataFrame]]
"""Reads a corpus from the start, batch by batch: ``id``, ``text``, ``question``, ``turns`` and ``asks``."""

MIN_QUESTION_CHARS: Final = 8
"""Minimum characters of the first turn that counts as the patient's question: a greeting asks nothing."""


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


@dataclass(frozen=True)
class Corpus:
    """A corpus without its texts.

    Attributes:
        ids: ids of the dialogues, in corpus order.
        hashes: hash of each text, white space aside.
        questions: hash of each question, white space aside; null if a dialogue has none.
        question_hashes: hashes of excerpts of each question, from `hash_questions`.
        lengths: characters of each text, white space aside.
        rank: rank of each dialogue by the keep rules; of a cluster, the dialogue with the lowest rank is kept.
    """

    ids: pl.Series
    hashes: UInt64s
    questions: pl.Series
    question_hashes: UInt64s
    lengths: Positions
    rank: Positions


def read_corpus(read_batches: ReadBatches, keep: tuple[KeepRule, ...]) -> Corpus:
    """Read a corpus once, and keep everything but the texts."""
    tables, question_hashes = [], []
    for batch in read_batches():
        hashes, lengths = hash_and_measure(batch["text"])
        tables.append(
            batch.select(
                "id",
                pl.col("turns").cast(pl.Int64),
                pl.col("asks").cast(pl.Int64),
                hashes.alias("hash"),
                lengths.alias("chars"),
                pl.when(pl.col("question").is_not_null()).then(hash_texts(batch["question"])).alias("question"),
            )
        )
        question_hashes.append(hash_questions(batch["question"]))
    rows = pl.concat(tables)
    return Corpus(
        rows["id"],
        rows["hash"].to_numpy(),
        rows["question"],
        np.concatenate(question_hashes),
        rows["chars"].to_numpy(),
        _rank_dialogues(rows, keep),
    )


def _rank_dialogues(rows: pl.DataFrame, keep: tuple[KeepRule, ...]) -> Positions:
    """Rank dialogues by the rules, with ids in numeric order: c/9 before c/10, whatever their order in the corpus."""
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


def read_chunks(read_batches: ReadBatches) -> Iterator[tuple[int, Chunk]]:
    """Yield the texts of each batch and the position of the first one in the corpus."""
    first = 0
    for batch in read_batches():
        texts = Texts.from_column(batch["text"])
        yield first, texts.gather(np.arange(len(texts)))
        first += batch.height


def find_exact_copies(corpus: Corpus) -> Positions:
    """Return, for each dialogue, the position of the best one with the same text."""
    order = np.lexsort((corpus.rank, corpus.hashes))
    starts_group = np.ones(len(order), dtype=bool)
    starts_group[1:] = corpus.hashes[order[1:]] != corpus.hashes[order[:-1]]
    best = np.empty(len(order), dtype=np.int64)
    best[order] = order[np.flatnonzero(starts_group)[np.cumsum(starts_group) - 1]] if len(order) else order
    return best
