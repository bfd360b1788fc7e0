"""Run tasks in worker processes.

loky starts workers without importing the caller's main module again, so that a user's script needs no
``if __name__ == "__main__"`` guard, and notices a worker that the system killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cmtmed.errors import BuildError


def run_tasks(work: Sequence[Callable[[], None]], workers: int) -> Iterator[None]:
    """Run every task, yielding once for each as it is done, in any order.

    Args:
        work: picklable callables without arguments.
        workers: processes at most; one means that the tasks run in this process.

    Raises:
        BuildError: a worker was killed from outside, most often for memory.
    """
    if workers == 1 or len(work) <= 1:
        for task in work:
            task()
            yield
        return
    from concurrent.futures import as_completed

    from loky import ProcessPoolExecutor
    from loky.process_executor import TerminatedWorkerError

    # One thread each: the shards are the parallelism.
    threads = {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    pool = ProcessPoolExecutor(max_workers=min(workers, len(work)), env=threads)
    try:
        for future in as_completed([pool.submit(task) for task in work]):
            future.result()
            yield
    except TerminatedWorkerError:
        raise BuildError(
            "a worker process was killed, most often because memory ran out; give fewer --workers "
            "(the same command goes on where this one stopped)"
        ) from None
    finally:
        pool.shutdown(wait=True, kill_workers=True)
