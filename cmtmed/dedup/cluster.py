"""From links to clusters, and the guard that keeps chains of links from becoming one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.shingle import Positions


def components(left: npt.ArrayLike, right: npt.ArrayLike, count: int) -> Positions:
    """Return for each of ``count`` elements the smallest element that links lead to (union-find).

    >>> components([1, 2], [2, 4], 5).tolist()
    [0, 1, 1, 3, 1]
    """
    from cmtmed.dedup.kernels_pairs import unite

    parent = np.arange(count, dtype=np.int64)
    unite(np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64), parent)
    return parent


def guarded(left: npt.ArrayLike, right: npt.ArrayLike, rank: npt.ArrayLike) -> Positions:
    """Return for each element the best element of its cluster, where a cluster reaches two links from its best.

    Everything that links connect is one component, and most components are clusters as they stand. But links chain:
    a resembles b, b resembles c, …, and in the end a component holds texts that have nothing in common. So the best
    element of a component takes what is at most two links away, the best of the rest does the same, and so on. Two
    links at Jaccard similarity j bind at least ``2 * j - 1``, because the Jaccard distance is a metric; and no two of
    the elements that are kept are linked.

    Args:
        left: one end of each link.
        right: its other end.
        rank: of each element, all different; the least is the best.

    >>> guarded([0, 1, 2, 3], [1, 2, 3, 4], rank=[0, 1, 2, 3, 4]).tolist()
    [0, 0, 0, 3, 3]
    """
    from cmtmed.dedup.kernels_pairs import take_balls

    one, other = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    ranks = np.asarray(rank, dtype=np.int64)
    best = np.arange(len(ranks), dtype=np.int64)
    ends = np.concatenate([one, other])
    by_end = np.argsort(ends, kind="stable")
    linked, starts = np.unique(ends[by_end], return_index=True)
    # Links of the elements that have any, element after element, by their place in `linked`.
    to = np.searchsorted(linked, np.concatenate([other, one])[by_end])
    bounds = np.concatenate([starts, [len(to)]]).astype(np.int64)
    taken = np.full(len(linked), -1, dtype=np.int64)
    take_balls(np.argsort(ranks[linked], kind="stable"), bounds, to, taken)
    best[linked] = linked[taken]
    return best


def chains(left: npt.ArrayLike, right: npt.ArrayLike, best: Positions) -> npt.NDArray[np.int64]:
    """Return the components that `guarded` cut: number of elements and of clusters, shape (components, 2).

    The largest come first.

    >>> chains([0, 1, 2, 3], [1, 2, 3, 4], np.array([0, 0, 0, 3, 3])).tolist()
    [[5, 2]]
    """
    component = components(left, right, len(best))
    _, group, size = np.unique(component, return_inverse=True, return_counts=True)
    clusters = np.bincount(group[best == np.arange(len(best))], minlength=len(size))
    cut = np.stack([size, clusters], axis=1)[clusters > 1]
    return cut[np.lexsort((-cut[:, 1], -cut[:, 0]))]
