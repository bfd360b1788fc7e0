"""Run tasks in worker processes.

Workers are clean interpreters that do not import the caller's main module, so that a user's script needs no
``if __name__ == "__main__"`` guard. They end with the process that started them, however that one ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Pipe, wait
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn, Self

import cloudpickle

from cmtmed.engine.worker import RemoteTraceback
from cmtmed.errors import BuildError

Task = Callable[[], None]
"""A picklable callable without arguments."""

_BOOTSTRAP: Final = """
import sys
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
try:
    sys.path[:] = connection.recv()
except (EOFError, OSError):
    sys.exit(1)
from cmtmed.engine.worker import serve_tasks
serve_tasks(connection, int(sys.argv[2]), sys.argv[3])
"""
# One thread each: shards already run in parallel.
_THREADS: Final = {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_GROUP_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


class WorkerDeathError(BuildError):
    """A worker process ended in the middle of a task."""


class WorkerPool:
    """Worker processes that are started when the first tasks come and run until the pool is closed.

    Args:
        workers: maximum number of processes; with one, the tasks run in this process.
        temporary: directory for the workers' temporary files.
    """

    def __init__(self, workers: int, temporary: Path) -> None:
        self._workers, self._temporary = workers, temporary
        self._processes: list[_Worker] = []

    def run(self, tasks: Sequence[Task]) -> Iterator[None]:
        """Run all tasks and yield once for each as it completes, in any order.

        Raises:
            WorkerDeathError: a worker was killed, usually because the system ran out of memory.
        """
        if self._workers == 1 or len(tasks) <= 1:
            for task in tasks:
                task()
                yield
            return
        for _ in range(len(self._processes), min(self._workers, len(tasks))):
            self._processes.append(_Worker(self._temporary))
        pending = deque(tasks)
        busy: list[_Worker] = []

        def assign_task(worker: _Worker) -> None:
            if pending:
                worker.send_task(pending.popleft())
                busy.append(worker)

        for worker in self._processes:
            assign_task(worker)
        while busy:
            ready = wait([worker.connection for worker in busy])
            for worker in [worker for worker in busy if worker.connection in ready]:
                busy.remove(worker)
                worker.receive_answer()
                assign_task(worker)
                yield

    def close(self) -> None:
        """End all workers, in the middle of their tasks if need be: their files count once a marker exists."""
        for worker in self._processes:
            worker.kill()
        self._processes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One worker process and the connection to it."""

    def __init__(self, temporary: Path) -> None:
        self.connection, remote = Pipe()
        flags = [f"-W{option}" for option in sys.warnoptions] + (["-I"] if sys.flags.isolated else [])
        arguments = [str(remote.fileno()), str(os.getpid()), str(temporary)]
        with remote, _block_group_signals():
            self._process = subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
                [sys.executable, *flags, "-c", _BOOTSTRAP, *arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=[remote.fileno()],
                env={**os.environ, **_THREADS},
            )
        self.connection.send(sys.path)

    def send_task(self, task: Task) -> None:
        try:
            self.connection.send_bytes(cloudpickle.dumps(task))
        except OSError:
            self._report_death()

    def receive_answer(self) -> None:
        try:
            failure = cloudpickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self._report_death()
        if failure is not None:
            error, lines = failure
            raise error from RemoteTraceback(f'\n"""\n{lines}"""')

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        # Not before: the worker would complain that nobody is there.
        self.connection.close()

    def _report_death(self) -> NoReturn:
        code = self._process.wait()
        cause = "was killed, usually because the system ran out of memory; use fewer --workers"
        if code not in {-signal.SIGKILL, -signal.SIGTERM}:
            name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            cause = f"ended unexpectedly ({name})"
        raise WorkerDeathError(
            f"a worker process {cause} (running the same command again resumes where this one stopped)"
        ) from None


@contextmanager
def _block_group_signals() -> Iterator[None]:
    """Keep signals to the process group from a child until it ignores them; it inherits what is blocked here."""
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, _GROUP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)
