"""Inner loops over the graph of links: connected components, and clusters of radius two."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def unite(first, second, parent):
    """Union-find over pairs: afterwards every element points at the smallest of its component."""
    for pair in range(len(first)):
        x, y = first[pair], second[pair]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y
    for x in range(len(parent)):
        # Parents are smaller than their children, so the parent's own root is already known.
        parent[x] = parent[parent[x]]


@njit(cache=True, nogil=True)
def claim_balls(order, bounds, neighbours, center_of):
    """Let each unclaimed element, in this order, claim the unclaimed elements within two links of it.

    The neighbours of element e are ``neighbours[bounds[e]:bounds[e + 1]]``; ``center_of`` is -1 where unclaimed.
    """
    for center in order:
        if center_of[center] >= 0:
            continue
        center_of[center] = center
        for i in range(bounds[center], bounds[center + 1]):
            if center_of[neighbours[i]] < 0:
                center_of[neighbours[i]] = center
        for i in range(bounds[center], bounds[center + 1]):
            neighbour = neighbours[i]
            if center_of[neighbour] == center:
                for j in range(bounds[neighbour], bounds[neighbour + 1]):
                    if center_of[neighbours[j]] < 0:
                        center_of[neighbours[j]] = center
