"""Connected components of links."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def components(left: npt.ArrayLike, right: npt.ArrayLike, count: int) -> npt.NDArray[np.int64]:
    """Return for each of ``count`` elements the smallest element that links lead to (union-find).

    >>> components([1, 2], [2, 4], 5).tolist()
    [0, 1, 1, 3, 1]
    """
    from cmtmed.dedup.kernels import unite

    parent = np.arange(count, dtype=np.int64)
    unite(np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64), parent)
    return parent
