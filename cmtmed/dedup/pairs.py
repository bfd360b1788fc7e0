"""From texts to verified pairs of near-duplicates, and to clusters."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.dedup.cluster import components
from cmtmed.dedup.lsh import candidates, choose_bands, promising
from cmtmed.dedup.minhash import UInt32s, signatures
from cmtmed.dedup.shingle import Texts, UInt64s, in_threads, text_hashes
from cmtmed.dedup.verify import jaccard
from cmtmed.errors import UsageError

RECALL: Final = 0.998
"""Least probability that a pair right at the threshold becomes a candidate."""

_COPIES: Final = 100
"""Of more copies of one text than this, all pairs with the first ones are returned, not all pairs."""

Positions = npt.NDArray[np.int64]


def near_duplicates(
    texts: list[str] | pl.Series, threshold: float = 0.8, *, ngram: int = 5, num_perm: int = 128, seed: int = 1
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

    Returns:
        ``a``, ``b`` (UInt32, positions, a < b) and ``jaccard`` (Float64, exact), sorted by a and b.

    Raises:
        UsageError: a threshold or number out of range, or something that is no text.

    >>> near_duplicates(["头痛三天，没有发烧，怎么办", "头痛三天， 没有发烧，怎么办", "咳嗽"])["jaccard"].to_list()
    [1.0]
    """
    series = _checked(texts, threshold, ngram, num_perm)
    laid = Texts.of(series)
    first, hashes, counts = _equal_texts(laid, series)
    rows = np.flatnonzero((first == np.arange(len(first))) & (counts >= ngram))
    made = signatures(series.gather(rows), ngram=ngram, num_perm=num_perm, seed=seed)
    left, right, value = _verified(laid, rows, made, hashes[rows], threshold, ngram)
    copies = _copies(first, counts)
    table = [_crossed(copies, left, right, value), _within(copies)]
    return pl.concat(table).sort("a", "b")


def clusters_of(texts: pl.Series, threshold: float, *, signatures: UInt32s, ngram: int = 5) -> npt.NDArray[np.int64]:
    """Join near-duplicates into clusters.

    Args:
        texts: String.
        threshold: least Jaccard similarity of two texts that are joined.
        signatures: of the same texts with the same ``ngram``, shape (texts, num_perm).
        ngram: code points per shingle.

    Returns:
        For each text the smallest position in its cluster, its own if it is alone. Which texts stand together does not
        depend on their order.
    """
    laid = Texts.of(texts)
    first, hashes, counts = _equal_texts(laid, texts)
    rows = np.flatnonzero((first == np.arange(len(first))) & (counts >= ngram))
    left, right, _ = _verified(laid, rows, signatures[rows], hashes[rows], threshold, ngram)
    copies = np.flatnonzero(first != np.arange(len(first)))
    return components(np.concatenate([left, copies]), np.concatenate([right, first[copies]]), len(first))


def _checked(texts: list[str] | pl.Series, threshold: float, ngram: int, num_perm: int) -> pl.Series:
    if not 0 < threshold <= 1:
        raise UsageError(f"threshold is {threshold}; give a Jaccard similarity above 0 and at most 1")
    if ngram < 1:
        raise UsageError(f"ngram is {ngram}; give 1 or more characters per shingle")
    if num_perm < 2:
        raise UsageError(f"num_perm is {num_perm}; give 2 or more, such as 128")
    if isinstance(texts, pl.Series):
        if texts.dtype != pl.String:
            raise UsageError(f"texts have type {texts.dtype}; give a series of type String")
        return texts
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(f"texts[{place}] is of type {type(text).__name__}; give a list of str")
    return pl.Series("texts", texts, dtype=pl.String)


def _equal_texts(laid: Texts, texts: pl.Series) -> tuple[Positions, UInt64s, Positions]:
    """Return for each text the first one equal to it, a hash of it, and its length, all without white space."""
    from cmtmed.dedup.kernels import count_codes

    hashes = text_hashes(texts).to_numpy()
    counts = np.empty(len(laid), dtype=np.int64)
    in_threads(lambda start, end: count_codes(laid.data, laid.offsets, start, end, counts), laid.blocks(2**22))
    # Hash and length together: two different texts that agree in both have a chance of less than 2**-64 a pair.
    table = pl.DataFrame({"hash": hashes, "count": counts, "row": np.arange(len(counts))})
    copied = pl.col("row").first().over("hash", "count")
    first = table.select(pl.when(pl.col("count") > 0).then(copied).otherwise("row"))
    return first.to_series().to_numpy(), hashes, counts


def _verified(
    laid: Texts, rows: Positions, made: UInt32s, hashes: UInt64s, threshold: float, ngram: int
) -> tuple[Positions, Positions, npt.NDArray[np.float64]]:
    """Return pairs of positions at or above the threshold, with their similarity."""
    bands, width = choose_bands(threshold, made.shape[1], RECALL)
    left, right = candidates(made, hashes, bands, width)
    worth = promising(made, left, right, threshold)
    left, right = rows[left[worth]], rows[right[worth]]
    value = jaccard(laid, left, right, ngram=ngram, threshold=threshold)
    # As large as the threshold up to the last bit of a division.
    kept = value >= threshold - 1e-12
    return left[kept], right[kept], value[kept]


def _copies(first: Positions, counts: Positions) -> pl.DataFrame:
    """Return ``first`` and ``row`` of every text that is not empty, with its rank among its copies."""
    table = pl.DataFrame({"first": first, "row": np.arange(len(first))}).filter(pl.Series(counts > 0))
    return table.with_columns(pl.int_range(pl.len()).over("first").alias("rank"))


def _crossed(copies: pl.DataFrame, left: Positions, right: Positions, value: npt.NDArray[np.float64]) -> pl.DataFrame:
    """Give every copy of a text the similarities of the first one."""
    few = copies.filter(pl.col("rank") < _COPIES).select("first", "row")
    pairs = (
        pl.DataFrame({"left": left, "right": right, "jaccard": value})
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
