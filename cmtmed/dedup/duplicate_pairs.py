"""All pairs of near-duplicates among texts."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cmtmed.dedup.config import MinHashConfig
from cmtmed.dedup.signature_store import SignatureStore
from cmtmed.dedup.texts import Positions, to_texts
from cmtmed.dedup.verified_pairs import VerifiedPairs, find_pairs

_MAX_RUN: Final = 1000
"""Up to this many texts that share a band are all compared with one another."""

_MAX_COPIES: Final = 100
"""Of more copies of one text than this, all pairs with the first ones are returned, not all pairs."""


def near_duplicates(
    texts: list[str] | pl.Series,
    threshold: float = 0.8,
    *,
    ngram: int = 5,
    num_perm: int = 128,
    seed: int = 1,
    threads: int | None = None,
) -> pl.DataFrame:
    """Find all pairs of texts whose sets of character n-grams, white space removed, are similar.

    MinHash with a recall of 0.998 at the threshold proposes pairs; each is then compared exactly, so that no pair below
    the threshold is returned. Texts shorter than one n-gram are duplicates if they are equal. Empty texts have no
    duplicates. Of more than a hundred copies of one text, the first hundred are paired with all.

    Args:
        texts: the texts to compare.
        threshold: minimum Jaccard similarity, above 0 and at most 1.
        ngram: code points per shingle.
        num_perm: values per MinHash signature.
        seed: seed of the signatures.
        threads: number of threads, all cores by default; the result does not depend on it.

    Returns:
        ``a``, ``b`` (UInt32, positions, a < b) and ``jaccard`` (Float64, exact), sorted by a and b.

    Raises:
        UsageError: a threshold or number is out of range, or an item is not a string.

    >>> near_duplicates(["头痛三天，没有发烧，怎么办", "头痛三天， 没有发烧，怎么办", "咳嗽"])["jaccard"].to_list()
    [1.0]
    """
    config = MinHashConfig(threshold, ngram, num_perm, seed, threads=threads)
    buffers = to_texts(texts)
    store = SignatureStore.from_texts(buffers, config)
    pairs = find_pairs(buffers, store, config, max_run=_MAX_RUN)
    copies = _rank_copies(pairs.representative, store.lengths)
    return pl.concat([_pair_across_groups(copies, pairs), _pair_copies(copies)]).sort("a", "b")


def _rank_copies(representative: Positions, lengths: Positions) -> pl.DataFrame:
    """Return ``first`` and ``row`` of every text that is not empty, with its ``rank`` among its copies."""
    columns = {"first": representative, "row": np.arange(len(representative))}
    table = pl.DataFrame(columns).filter(pl.Series(lengths > 0))
    return table.with_columns(pl.int_range(pl.len()).over("first").alias("rank"))


def _pair_across_groups(copies: pl.DataFrame, pairs: VerifiedPairs) -> pl.DataFrame:
    """Give every copy of a text the similarities of the first one."""
    limited = copies.filter(pl.col("rank") < _MAX_COPIES).select("first", "row")
    rows = (
        pl.DataFrame({"left": pairs.first, "right": pairs.second, "jaccard": pairs.jaccard})
        .join(limited, left_on="left", right_on="first")
        .join(limited, left_on="right", right_on="first", suffix="_right")
    )
    return _order_pairs(rows.select("row", "row_right", "jaccard"))


def _pair_copies(copies: pl.DataFrame) -> pl.DataFrame:
    """Pair the copies of one text."""
    repeated = copies.filter(pl.len().over("first") > 1)
    rows = (
        repeated.filter(pl.col("rank") < _MAX_COPIES)
        .join(repeated, on="first")
        .filter(pl.col("rank") < pl.col("rank_right"))
    )
    return _order_pairs(rows.select("row", "row_right", pl.lit(1.0).alias("jaccard")))


def _order_pairs(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.min_horizontal("row", "row_right").cast(pl.UInt32).alias("a"),
        pl.max_horizontal("row", "row_right").cast(pl.UInt32).alias("b"),
        pl.col("jaccard").cast(pl.Float64),
    )
