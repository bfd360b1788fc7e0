"""Find the duplicate dialogues of a corpus, and which one of each cluster is kept.

Dialogues are duplicates for one of these reasons, checked in this order:

1. the same text, white space aside (`exact_duplicate`);
2. a Jaccard similarity at or above the threshold, canned sentences not counted (`near_duplicate`);
3. one is contained in the other: it was crawled before the other one ended (`contained`; the longer one is kept);
4. if requested, the same question with another answer (`same_question`).

Roles and the boundaries of turns play no role, so that neither swapped roles nor merged turns hide a duplicate.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from cmtmed.dedup.canned import SentenceCounts, blank_canned
from cmtmed.dedup.cluster import cluster_texts
from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.containment import find_containers
from cmtmed.dedup.corpus import Corpus, KeepRule, ReadBatches, find_exact_copies, read_chunks, read_corpus
from cmtmed.dedup.graph import follow_parents, label_components
from cmtmed.dedup.prefixes import PrefixSearch
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.text_store import TextStore
from cmtmed.dedup.texts import Positions, Texts, UInt64s

EXACT: Final = "exact_duplicate"
NEAR: Final = "near_duplicate"
CONTAINED: Final = "contained"
QUESTION: Final = "same_question"

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
    corpus = read_corpus(read_batches, rules.keep)
    n = len(corpus.rank)
    with tempfile.TemporaryDirectory(prefix="cmtmed-duplicates-", dir=rules.folder) as directory:
        folder = Path(directory) if n > _MAX_IN_MEMORY else None
        exact = find_exact_copies(corpus)
        canned = _find_canned(read_batches, corpus, exact, rules)
        with TextStore(folder / "texts.utf8" if folder else None) as text_store:
            prefixes = PrefixSearch(corpus.hashes, corpus.lengths, np.unique(exact), rules.config.threads)
            for first, chunk in read_chunks(read_batches):
                if rules.containment is not None:
                    prefixes.add(first, chunk)
                text_store.add(blank_canned(chunk, canned))
            texts = text_store.texts()
            signatures = SignatureStore.from_texts(texts, rules.config, folder)
            # A copy, or a dialogue of nothing but canned sentences, is not compared any further.
            excluded = (exact != np.arange(n)) | (signatures.lengths < rules.config.ngram)
            subset = np.flatnonzero(~excluded)
            clusters, _ = cluster_texts(texts, signatures, rules.config, corpus.rank, subset)
            near_kept = clusters[exact]
            links = _map_to_kept(prefixes.pairs(), near_kept)
            containers = _resolve_containers(texts, signatures, corpus.rank, near_kept, links, rules, folder)
    kept = _merge_same_question(containers, corpus) if rules.same_question else containers
    return _build_verdicts(corpus, near_kept, containers, kept)


def _find_canned(read_batches: ReadBatches, corpus: Corpus, exact: Positions, rules: DuplicateRules) -> UInt64s:
    """Return the hashes of canned sentences, each text counted once."""
    if rules.canned_share is None:
        return np.zeros(0, dtype=np.uint64)
    is_distinct = exact == np.arange(len(exact))
    counts = SentenceCounts(int(is_distinct.sum()))
    for first, chunk in read_chunks(read_batches):
        rows = np.flatnonzero(is_distinct[first : first + len(chunk)])
        counts.add(
            Texts([chunk]).gather(rows),
            corpus.hashes[first + rows],
            corpus.question_hashes[first + rows],
        )
    return counts.select_canned(rules.canned_dialogues, rules.canned_share)


def _map_to_kept(pairs: tuple[Positions, Positions], near_kept: Positions) -> tuple[Positions, Positions]:
    """Return the pairs of kept prefixes and the dialogues that are kept in place of the longer ones."""
    prefixes, longer = pairs[0], near_kept[pairs[1]]
    kept = (near_kept[prefixes] == prefixes) & (longer != prefixes)
    return prefixes[kept], longer[kept]


def _resolve_containers(
    texts: Texts,
    signatures: SignatureStore,
    rank: Positions,
    near_kept: Positions,
    prefixes: tuple[Positions, Positions],
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
    contained, containers = np.concatenate([contained, prefixes[0]]), np.concatenate([containers, prefixes[1]])
    share = np.concatenate([share, np.ones(len(prefixes[0]))])
    # Into the one that contains most of it.
    best = np.lexsort((rank[containers], -share, contained))
    contained, containers = contained[best], containers[best]
    is_first = np.ones(len(contained), dtype=bool)
    is_first[1:] = contained[1:] != contained[:-1]
    parent = np.arange(len(near_kept))
    parent[contained[is_first]] = containers[is_first]
    resolved: Positions = follow_parents(parent, rank)[near_kept]
    return resolved


def _merge_same_question(containers: Positions, corpus: Corpus) -> Positions:
    """Join clusters whose dialogues ask the same question; the best of all is kept."""
    rows = pl.DataFrame({"question": corpus.questions, "container": containers}).drop_nulls()
    links = rows.select("container", pl.col("container").first().over("question").alias("other")).unique()
    component = label_components(links["container"].to_numpy(), links["other"].to_numpy(), len(containers))[containers]
    table = pl.DataFrame({"component": component, "container": containers, "rank": corpus.rank[containers]})
    best = pl.col("container").sort_by("rank").first().over("component")
    return table.select(best).to_series().to_numpy()


def _build_verdicts(corpus: Corpus, near_kept: Positions, containers: Positions, kept: Positions) -> pl.DataFrame:
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
