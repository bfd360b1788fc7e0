"""Threads for the compiled kernels, which release the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def run_in_threads(
    work: Callable[[int, int], object], ranges: Sequence[tuple[int, int]], threads: int | None = None
) -> None:
    """Call ``work(start, end)`` for all ranges, side by side.

    What is written for one range must not depend on any other, so that the result does not depend on the number of
    threads.
    """
    count = threads or count_threads()
    if count == 1 or len(ranges) <= 1:
        for start, end in ranges:
            work(start, end)
        return
    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(work, start, end) for start, end in ranges]:
            future.result()


def count_threads() -> int:
    """Return ``NUMBA_NUM_THREADS`` if it is set, else the number of cores that this process may use."""
    setting = os.environ.get("NUMBA_NUM_THREADS", "")
    if setting.isdigit() and int(setting) > 0:
        return int(setting)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
