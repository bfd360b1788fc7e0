"""A worker process: receive tasks from the build's process and run them, until that process is gone.

The build's process talks to each worker over a socket of its own. There is no shared memory, no semaphore and no
resource tracker, so a process that is killed leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final, NoReturn

import cloudpickle

_SECONDS_BETWEEN_CHECKS: Final = 1.0
_PR_SET_PDEATHSIG: Final = 1


class RemoteTraceback(Exception):  # noqa: N818 - it is no error of its own, but the cause shown above one
    """The traceback of an exception that a task raised in a worker."""


def serve_tasks(connection: Connection, parent: int, temporary: str) -> None:
    """Run the tasks that arrive, one by one; answer each with None, or with the exception and its traceback.

    Args:
        connection: where the tasks come from, as pickled callables without arguments.
        parent: id of the process at its other end; the worker ends with it.
        temporary: directory for the temporary files of the tasks.
    """
    _follow_parent(parent)
    tempfile.tempdir = temporary
    # The tasks' temporary files hold text as it was crawled.
    os.umask(0o077)
    while True:
        try:
            message = connection.recv_bytes()
        except (EOFError, OSError):
            return
        connection.send_bytes(_run_task(message))


def _run_task(message: bytes) -> bytes:
    try:
        task: Callable[[], None] = cloudpickle.loads(message)
        task()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the build's process has to know
        lines = "".join(traceback.format_exception(error))
        try:
            answer: bytes = cloudpickle.dumps((error, lines))
            cloudpickle.loads(answer)
        except Exception:  # noqa: BLE001 - exceptions may hold anything, such as an open file
            # Its message may quote a dialogue; the traceback names the line.
            answer = cloudpickle.dumps((RuntimeError(f"{type(error).__name__} in a worker process"), lines))
        return answer
    return cloudpickle.dumps(None)  # type: ignore[no-any-return]


def _follow_parent(parent: int) -> None:
    """End this process when its parent ends, even when that one is killed; leave stopping to the parent otherwise."""
    # Ctrl-C and a service manager signal the whole group; the parent ends its workers in good order.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have gone before the system was asked, and not every system can be asked.
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def _watch_parent(parent: int) -> NoReturn:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_CHECKS)
    os._exit(1)
