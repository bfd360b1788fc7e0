"""What compilation costs: it is watched and told.

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
