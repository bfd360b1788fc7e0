"""Logging of kernel compilation.

numba compiles each kernel on its first call and caches the result beside the source, or in the user's cache directory
(``NUMBA_CACHE_DIR`` names another one). Compilation takes about twenty seconds, loading from the cache a fraction of a
second. The logger ``cmtmed.dedup`` announces the first compilation at level INFO and reports the time of each kernel at
level DEBUG.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import Final

from numba.core import event

_LOGGER: Final = logging.getLogger("cmtmed.dedup")


@dataclass
class CompileTotals(event.Listener):
    """Running totals of what numba has compiled since registration.

    Attributes:
        seconds: time spent on kernels of this package; nested compilations count towards the outermost.
        kernels: number of kernels compiled.
    """

    seconds: float = 0.0
    kernels: int = 0
    _depth: int = 0
    _started: float = 0.0
    _announced: bool = False

    def on_start(self, event: event.Event) -> None:
        """Start the clock."""
        if self._depth == 0:
            self._started = time.perf_counter()
            if not self._announced and _is_own_kernel(event):
                self._announced = True
                _LOGGER.info("compiling the kernels of deduplication, once on this machine; takes about 20 seconds")
        self._depth += 1

    def on_end(self, event: event.Event) -> None:
        """Stop the clock and log what was compiled."""
        self._depth -= 1
        if self._depth == 0 and _is_own_kernel(event):
            seconds = time.perf_counter() - self._started
            self.seconds += seconds
            self.kernels += 1
            _LOGGER.debug("compiled %s in %.1f s", event.data["dispatcher"].py_func.__name__, seconds)


def _is_own_kernel(event: event.Event) -> bool:
    return bool(event.data["dispatcher"].py_func.__module__.startswith("cmtmed."))


@cache
def log_compilation() -> CompileTotals:
    """Log every compilation of this process from now on and return the running totals."""
    totals = CompileTotals()
    event.register("numba:compile", totals)  # type: ignore[no-untyped-call]
    return totals
