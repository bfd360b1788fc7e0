"""All pairs of near-duplicates among texts."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cmtmed.dedup.links import ALL, Links, Method, checked, find_links
from cmtmed.dedup.shingle import Positions
from cmtmed.dedup.sketches import Sketches

_COPIES: Final = 100
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
    the threshold is returned. Texts shorter than one n-gram are duplicates if they are equal. Empty texts are nobody's
    duplicates. Of more than a hundred copies of one text, the hundred first are paired with all.

    Args:
        texts: what to compare.
        threshold: least Jaccard similarity, above 0 and at most 1.
        ngram: code points per shingle.
        num_perm: values per MinHash signature.
        seed: of the signatures.
        threads: how many to use, all cores by default; the result does not depend on it.

    Returns:
        ``a``, ``b`` (UInt32, positions, a < b) and ``jaccard`` (Float64, exact), sorted by a and b.

    Raises:
        UsageError: a threshold or number out of range, or something that is no text.

    >>> near_duplicates(["头痛三天，没有发烧，怎么办", "头痛三天， 没有发烧，怎么办", "咳嗽"])["jaccard"].to_list()
    [1.0]
    """
    method = Method(threshold, ngram, num_perm, seed, threads=threads)
    laid = checked(texts)
    sketches = Sketches.of(laid, method)
    found = find_links(laid, sketches, method, run=ALL)
    copies = _copies(found.same, sketches.counts)
    return pl.concat([_crossed(copies, found), _within(copies)]).sort("a", "b")


def _copies(same: Positions, counts: Positions) -> pl.DataFrame:
    """Return ``first`` and ``row`` of every text that is not empty, with its rank among its copies."""
    table = pl.DataFrame({"first": same, "row": np.arange(len(same))}).filter(pl.Series(counts > 0))
    return table.with_columns(pl.int_range(pl.len()).over("first").alias("rank"))


def _crossed(copies: pl.DataFrame, found: Links) -> pl.DataFrame:
    """Give every copy of a text the similarities of the first one."""
    few = copies.filter(pl.col("rank") < _COPIES).select("first", "row")
    pairs = (
        pl.DataFrame({"left": found.left, "right": found.right, "jaccard": found.jaccard})
        .join(few, left_on="left", right_on="first")
        .join(few, left_on="right", right_on="first", suffix="_right")
    )
    return _ordered(pairs.select("row", "row_right", "jaccard"))


def _within(copies: pl.DataFrame) -> pl.DataFrame:
    """Pair the copies of one text."""
    several = copies.filter(pl.len().over("first") > 1)
    pairs = (
        several.filter(pl.col("rank") < _COPIES).join(several, on="first").filter(pl.col("rank") < pl.col("rank_right"))
    )
    return _ordered(pairs.select("row", "row_right", pl.lit(1.0).alias("jaccard")))


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    one, other = pl.col("row"), pl.col("row_right")
    return pairs.select(
        pl.min_horizontal(one, other).cast(pl.UInt32).alias("a"),
        pl.max_horizontal(one, other).cast(pl.UInt32).alias("b"),
        pl.col("jaccard").cast(pl.Float64),
    )
