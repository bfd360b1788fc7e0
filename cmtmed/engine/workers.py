"""Run tasks in worker processes.

loky starts workers without re-importing the caller's main module, so that a user's script needs no
``if __name__ == "__main__"`` guard, and it detects a worker that the system killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cmtmed.errors import BuildError


def run_tasks(tasks: Sequence[Callable[[], None]], workers: int) -> Iterator[None]:
    """Run all tasks and yield once for each as it completes, in any order.

    Args:
        tasks: picklable callables without arguments.
        workers: maximum number of processes; with one, the tasks run in this process.

    Raises:
        BuildError: a worker was killed, usually because the system ran out of memory.
    """
    if workers == 1 or len(tasks) <= 1:
        for task in tasks:
            task()
            yield
        return
    from concurrent.futures import as_completed

    from loky import ProcessPoolExecutor
    from loky.process_executor import TerminatedWorkerError

    # One thread each: shards already run in parallel.
    threads = {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    pool = ProcessPoolExecutor(max_workers=min(workers, len(tasks)), env=threads)
    try:
        for future in as_completed([pool.submit(task) for task in tasks]):
            future.result()
            yield
    except TerminatedWorkerError:
        raise BuildError(
            "a worker process was killed, usually because the system ran out of memory; use fewer --workers "
            "(running the same command again resumes where this one stopped)"
        ) from None
    finally:
        pool.shutdown(wait=True, kill_workers=True)
