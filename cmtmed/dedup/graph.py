"""Graph algorithms over links between texts: components, and clusters of bounded radius."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cmtmed.dedup.texts import Positions


def label_components(first: npt.ArrayLike, second: npt.ArrayLike, count: int) -> Positions:
    """Return for each of ``count`` elements the smallest element of its component (union-find).

    >>> label_components([1, 2], [2, 4], 5).tolist()
    [0, 1, 1, 3, 1]
    """
    from cmtmed.dedup.kernels.graph import unite

    parent = np.arange(count, dtype=np.int64)
    unite(np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64), parent)
    return parent


def pick_representatives(first: npt.ArrayLike, second: npt.ArrayLike, rank: npt.ArrayLike) -> Positions:
    """Return for each element the best element of its cluster; a cluster extends two links from its best element.

    Everything that links connect is one component, and most components are clusters as they are. But links chain: a
    resembles b, b resembles c, …, and in the end a component holds texts that have nothing in common. So the best
    element of a component claims what is at most two links away, the best of the rest does the same, and so on. Two
    links at Jaccard similarity j guarantee at least ``2 * j - 1``, because the Jaccard distance is a metric; and no two
    of the elements that are kept are linked.

    Args:
        first: one end of each link.
        second: the other end.
        rank: rank of each element, all different; the lowest is the best.

    >>> pick_representatives([0, 1, 2, 3], [1, 2, 3, 4], rank=[0, 1, 2, 3, 4]).tolist()
    [0, 0, 0, 3, 3]
    """
    from cmtmed.dedup.kernels.graph import claim_balls

    sources, targets = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    ranks = np.asarray(rank, dtype=np.int64)
    best = np.arange(len(ranks), dtype=np.int64)
    ends = np.concatenate([sources, targets])
    by_end = np.argsort(ends, kind="stable")
    linked, starts = np.unique(ends[by_end], return_index=True)
    # Neighbours of the elements that have any, element after element, by their position in `linked`.
    neighbours = np.searchsorted(linked, np.concatenate([targets, sources])[by_end])
    bounds = np.concatenate([starts, [len(neighbours)]]).astype(np.int64)
    center_of = np.full(len(linked), -1, dtype=np.int64)
    claim_balls(np.argsort(ranks[linked], kind="stable"), bounds, neighbours, center_of)
    best[linked] = linked[center_of]
    return best


def find_split_components(first: npt.ArrayLike, second: npt.ArrayLike, best: Positions) -> npt.NDArray[np.int64]:
    """Return the components that `pick_representatives` split: number of elements and clusters, shape (components, 2).

    The largest come first.

    >>> find_split_components([0, 1, 2, 3], [1, 2, 3, 4], np.array([0, 0, 0, 3, 3])).tolist()
    [[5, 2]]
    """
    component = label_components(first, second, len(best))
    _, group, size = np.unique(component, return_inverse=True, return_counts=True)
    clusters = np.bincount(group[best == np.arange(len(best))], minlength=len(size))
    split = np.stack([size, clusters], axis=1)[clusters > 1]
    return split[np.lexsort((-split[:, 1], -split[:, 0]))]


def follow_parents(parent: Positions, rank: Positions) -> Positions:
    """Return for each element where following the parents ends; of a cycle, that is its best element.

    Args:
        parent: the parent of each element, itself if it has none.
        rank: rank of each element, all different; the lowest is the best.

    >>> follow_parents(np.array([1, 2, 2, 4, 3]), np.array([0, 1, 2, 4, 3])).tolist()
    [2, 2, 2, 4, 4]
    """
    roots = parent.copy()
    ends = parent
    for _ in range(len(parent).bit_length()):
        ends = ends[ends]
    on_cycle = np.unique(ends[parent[ends] != ends])
    for element in on_cycle[np.argsort(rank[on_cycle])]:
        successor = roots[element]
        while successor != element and roots[successor] != successor:
            successor = roots[successor]
        if successor == element:
            roots[element] = element
    while not (roots[roots] == roots).all():
        roots = roots[roots]
    return roots
