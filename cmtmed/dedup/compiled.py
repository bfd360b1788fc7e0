"""Loading the compiled kernels, and saying what the first call on a machine costs.

numba compiles each kernel when it is first called and caches the result beside the source, or in the user's cache
directory (``NUMBA_CACHE_DIR`` names another one). Compilation takes some twenty seconds, loading from the cache a
fraction of one. The logger ``cmtmed.dedup`` says so at the first kernel, and at level DEBUG how long each one took.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numba.core import event

_LOGGER: Final = logging.getLogger("cmtmed.dedup")


@dataclass
class _Compilations(event.Listener):
    """Sums up what numba compiles while it is registered.

    Attributes:
        seconds: spent on kernels of this package; of nested compilations the outermost counts.
        kernels: how many were compiled.
    """

    seconds: float = 0.0
    kernels: int = 0
    _depth: int = 0
    _started: float = 0.0
    _told: bool = False

    def on_start(self, event: Any) -> None:
        """Start the clock."""
        if self._depth == 0:
            self._started = time.perf_counter()
            if not self._told and _is_ours(event):
                self._told = True
                _LOGGER.info("compiling the kernels of deduplication, once on this machine; it takes some 20 seconds")
        self._depth += 1

    def on_end(self, event: Any) -> None:
        """Stop the clock, and say what was compiled."""
        self._depth -= 1
        if self._depth == 0 and _is_ours(event):
            took = time.perf_counter() - self._started
            self.seconds += took
            self.kernels += 1
            _LOGGER.debug("compiled %s in %.1f s", event.data["dispatcher"].py_func.__name__, took)


def _is_ours(event: Any) -> bool:
    return bool(event.data["dispatcher"].py_func.__module__.startswith("cmtmed."))


@cache
def watch() -> _Compilations:
    """Log every compilation of this process from now on; return the running sums."""
    found = _Compilations()
    event.register("numba:compile", found)  # type: ignore[no-untyped-call]
    return found


@dataclass(frozen=True)
class Loaded:
    """What `load_kernels` did.

    Attributes:
        seconds: that it took in all.
        compiled: kernels that were compiled, 0 where the cache had them.
        compile_seconds: that compilation took.
    """

    seconds: float
    compiled: int
    compile_seconds: float


def load_kernels() -> Loaded:
    """Load the kernels that near-duplicates need, or compile them where no cache holds them yet.

    Optional: every function loads what it needs. Call it to know what the first call costs, or to load in a thread
    while data is being read.
    """
    from cmtmed.dedup.links import Method, join, longest_first
    from cmtmed.dedup.shingle import Chunk, Texts
    from cmtmed.dedup.sketches import Sketches

    started, seen = time.perf_counter(), watch()
    before = seen.kernels, seen.seconds
    # Two similar texts, laid out by hand: going through a list of Python strings would import pandas.
    raw = "头痛三天没有发烧呢吗头痛三天没有发烧呢".encode()
    texts = Texts([Chunk.over(np.frombuffer(raw, dtype=np.uint8), np.array([0, 30, len(raw)], dtype=np.int64))])
    method = Method(0.5)
    sketches = Sketches.of(texts, method)
    join(texts, sketches, method, longest_first(sketches))
    return Loaded(time.perf_counter() - started, seen.kernels - before[0], seen.seconds - before[1])
