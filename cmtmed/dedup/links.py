"""How near-duplicates are found: verified links between texts, and clusters of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmed.dedup.cluster import chains, components, guarded
from cmtmed.dedup.lsh import candidates, choose_bands
from cmtmed.dedup.shingle import Positions, Texts
from cmtmed.dedup.sketches import Sketches
from cmtmed.dedup.verify import jaccard, overlaps
from cmtmed.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_LOGGER: Final = logging.getLogger("cmtmed.dedup")

ALL: Final = 1000
"""So many texts with one band in common are all compared with one another when pairs are asked for."""

SOME: Final = 32
"""… and so many when clusters are: links need not be all there to hold a cluster together."""


@dataclass(frozen=True)
class Method:
    """How near-duplicates are found.

    Attributes:
        threshold: least Jaccard similarity, above 0 and at most 1.
        ngram: code points per shingle.
        num_perm: values per signature.
        seed: of the signatures.
        recall: least probability that a pair right at the threshold becomes a candidate.
        threads: how many to use, all cores by default; the result does not depend on it.

    Raises:
        UsageError: a number out of range.
    """

    threshold: float = 0.8
    ngram: int = 5
    num_perm: int = 128
    seed: int = 1
    recall: float = 0.998
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 < self.threshold <= 1:
            raise UsageError(f"threshold is {self.threshold}; give a Jaccard similarity above 0 and at most 1")
        if self.ngram < 1:
            raise UsageError(f"ngram is {self.ngram}; give 1 or more characters per shingle")
        if self.num_perm < 2:
            raise UsageError(f"num_perm is {self.num_perm}; give 2 or more, such as 128")
        if not 0 < self.recall < 1:
            raise UsageError(f"recall is {self.recall}; give a probability above 0 and below 1, such as 0.998")

    @property
    def bands(self) -> tuple[int, int]:
        """Number of bands, and values in each."""
        return choose_bands(self.threshold, self.num_perm, self.recall)


@dataclass(frozen=True)
class Links:
    """What was found among texts.

    Attributes:
        same: for each text the best one that is equal to it without white space, itself if there is none.
        left: one end of each verified pair of different texts.
        right: its other end.
        jaccard: their similarity.
    """

    same: Positions
    left: Positions
    right: Positions
    jaccard: npt.NDArray[np.float64]


def clusters_of(
    texts: list[str] | pl.Series | pa.ChunkedArray | Texts,
    threshold: float = 0.8,
    *,
    rank: npt.ArrayLike | None = None,
    ngram: int = 5,
    num_perm: int = 128,
    seed: int = 1,
    threads: int | None = None,
) -> Positions:
    """Join near-duplicates into clusters and say which text of each is kept.

    Every text that is not kept is within two verified steps of the one that is kept in its place, and no two of those
    kept are near-duplicates (see `cmtmed.dedup.cluster.guarded`).

    Args:
        texts: what to compare; Arrow arrays are not copied and may be memory-mapped.
        threshold: least Jaccard similarity of two texts that are joined.
        rank: of each text, all different; the least of a cluster is kept. By default the longest text is kept, and of
            equally long ones the one with the least hash: with either, what is kept does not depend on the order.
        ngram: code points per shingle.
        num_perm: values per MinHash signature.
        seed: of the signatures.
        threads: how many to use, all cores by default; the result does not depend on it.

    Returns:
        For each text the position of the one that is kept of its cluster, its own if it is kept itself.

    Raises:
        UsageError: a threshold or number out of range, or something that is no text.

    >>> clusters_of(["头痛三天，没有发烧，怎么办？", "咳嗽两周了", "头痛三天，没有发烧，怎么办"]).tolist()
    [0, 1, 0]
    """
    method = Method(threshold, ngram, num_perm, seed, threads=threads)
    laid = checked(texts)
    sketches = Sketches.of(laid, method)
    ranks = longest_first(sketches) if rank is None else np.asarray(rank, dtype=np.int64)
    label, _ = join(laid, sketches, method, ranks)
    return label


def longest_first(sketches: Sketches) -> Positions:
    """Rank texts by length; equally long ones by hash, equal ones by position."""
    order = np.lexsort((sketches.hashes, -sketches.counts))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def join(
    texts: Texts, sketches: Sketches, method: Method, rank: Positions, among: Positions | None = None
) -> tuple[Positions, Links]:
    """Return for each text the position of the one that is kept in its place, and the links that say so.

    Chains of links that the guard cut are logged to ``cmtmed.dedup``: how many, how long, into how many clusters.

    Args:
        texts: all texts.
        sketches: of the same texts, made by the same method.
        method: how.
        rank: of each text, all different; the least of a cluster is kept.
        among: positions to which the search is restricted; all others are kept.
    """
    found = find_links(texts, sketches, method, rank=rank, run=SOME, among=among)
    while True:
        best = guarded(found.left, found.right, rank)
        # Where links were not looked for in full, two that are kept may still be near-duplicates: look again.
        loose = _kept_of_split(found, best)
        more = find_links(texts, sketches, method, rank=rank, run=ALL, among=loose) if len(loose) else None
        if more is None or len(more.left) == 0:
            _report_chains(found, best)
            return best[found.same], found
        found = Links(
            found.same,
            np.concatenate([found.left, more.left]),
            np.concatenate([found.right, more.right]),
            np.concatenate([found.jaccard, more.jaccard]),
        )


def _kept_of_split(found: Links, best: Positions) -> Positions:
    """Return the kept elements of components of which more than one is kept."""
    component = components(found.left, found.right, len(best))
    kept = np.flatnonzero((best == np.arange(len(best))) & (found.same == np.arange(len(best))))
    _, group, count = np.unique(component[kept], return_inverse=True, return_counts=True)
    return kept[count[group] > 1]


def _report_chains(found: Links, best: Positions) -> None:
    cut = chains(found.left, found.right, best)
    if len(cut):
        _LOGGER.info(
            "%d groups of texts were held together by chains of links; the largest, %d texts, became %d clusters",
            len(cut),
            *cut[0],
        )


def find_links(
    texts: Texts,
    sketches: Sketches,
    method: Method,
    *,
    run: int,
    rank: Positions | None = None,
    among: Positions | None = None,
) -> Links:
    """Find verified pairs of different texts, and texts that are equal.

    Args:
        texts: all texts.
        sketches: of the same texts, made by the same method.
        method: how.
        run: so many texts with a band in common are all compared with one another.
        rank: which of several equal texts stands for them: the one with the least rank, by default the first.
        among: positions to which the search is restricted.
    """
    rows = np.arange(len(sketches.hashes)) if among is None else among
    ranks = np.arange(len(sketches.hashes)) if rank is None else rank
    hashes, counts = sketches.hashes[rows], sketches.counts[rows]
    # Hash and length together: two different texts that agree in both have a chance of less than 2**-64 a pair.
    order = np.lexsort((ranks[rows], counts, hashes))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (hashes[order[1:]] != hashes[order[:-1]]) | (counts[order[1:]] != counts[order[:-1]])
    best = rows[order[new]]
    same = np.arange(len(sketches.hashes))
    filled = counts[order] > 0
    same[rows[order][filled]] = best[np.cumsum(new) - 1][filled]
    members = best[sketches.counts[best] >= method.ngram]
    bands, _ = method.bands
    left, right = candidates(
        sketches.band, bands, sketches.low, members, threshold=method.threshold, run=run, threads=method.threads
    )
    common, sizes = overlaps(texts, left, right, ngram=method.ngram, threshold=method.threshold, threads=method.threads)
    value = jaccard(common, sizes)
    # As large as the threshold up to the last bit of a division.
    kept = value >= method.threshold - 1e-12
    return Links(same, left[kept], right[kept], value[kept])


def checked(texts: list[str] | pl.Series | pa.Array | pa.ChunkedArray | Texts) -> Texts:
    """Lay texts out.

    Raises:
        UsageError: something is no text, or holds half a surrogate pair.
    """
    if isinstance(texts, Texts):
        return texts
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            raise UsageError(f"texts have type {texts.type}; give an array of strings")
        return Texts.of(texts)
    if not isinstance(texts, list):
        if str(texts.dtype) != "String":
            raise UsageError(f"texts have type {texts.dtype}; give a series of type String")
        return Texts.of(texts)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(f"texts[{place}] is of type {type(text).__name__}; give a list of str")
    try:
        return Texts.of(pa.array(texts, type=pa.large_string()))
    except UnicodeEncodeError as error:
        raise UsageError(
            f"a text has half a surrogate pair at character {error.start}, which no encoding can hold; "
            "decode its source again, or drop it with text.encode('utf-8', 'ignore').decode()"
        ) from None
