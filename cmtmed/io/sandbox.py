"""A process of its own for files on which a native library may crash.

Arrow, Parquet and the workbooks of Excel are read by libraries that trust the offsets in a file: a damaged file can end
the process without a word, or ask for all memory. So a child process meets the file first. It checks columns and hands
over the rows of workbooks; if it dies, the file is damaged, and the build goes on. One child serves all files of a
thread, and ends with it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal

Kind = Literal["parquet", "arrow", "workbook"]
"""What a file is checked as."""
Cells = list[list[str]]
"""Rows of a sheet; rows without any text have no cells."""
_ROWS: Final = 1024
_CPU_SECONDS: Final = 600
"""Processor time between two messages after which a child is taken to hang."""
_LEAST_MEMORY: Final = 2**31


class DamagedFileError(Exception):
    """The library cannot read the file, or ended on it."""


def check_columns(path: Path, *, parquet: bool) -> None:
    """Read all columns of a Parquet or Arrow file in the child and validate every offset and string.

    Raises:
        DamagedFileError: the file is damaged.
    """
    for _ in _get_child().request("parquet" if parquet else "arrow", path):
        pass


def read_sheets(path: Path) -> Iterator[tuple[int, int, Cells]]:
    """Yield the rows of a workbook's sheets, some at a time: number of the sheet, number of the first row, cells.

    Raises:
        DamagedFileError: the file is damaged.
    """
    for message in _get_child().request("workbook", path):
        if isinstance(message, tuple):
            yield message


class _Child:
    """A child process that serves one request after another."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None

    def request(self, kind: Kind, path: Path) -> Iterator[object]:
        """Send a request and yield the messages that answer it.

        Raises:
            DamagedFileError: the child reports damage, or dies.
        """
        is_finished = False
        try:
            process = self._start()
            if process.stdin is None or process.stdout is None:
                raise DamagedFileError
            process.stdin.write(pickle.dumps((kind, str(path.absolute()))))
            process.stdin.flush()
            while (message := pickle.load(process.stdout)) is not None:  # noqa: S301 (our own process)
                if message is False:
                    is_finished = True
                    raise DamagedFileError
                yield message
            is_finished = True
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise DamagedFileError from error
        finally:
            if not is_finished:
                self._stop()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cmtmed.io.sandbox"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # what was written has no reader any more

    def __del__(self) -> None:
        if self._process is not None and self.owner == os.getpid():
            self._stop()


_local = threading.local()


def _get_child() -> _Child:
    """Return the thread's child; a forked process has none of its own yet."""
    child = getattr(_local, "child", None)
    if child is None or child.owner != os.getpid():
        child = _local.child = _Child()
    return child


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more; runs in the child."""
    while True:
        try:
            kind, path = pickle.load(requests)  # noqa: S301 (from our own parent)
        except EOFError:
            return
        try:
            for message in (
                _iter_workbook(path) if kind == "workbook" else _iter_columns(path, parquet=kind == "parquet")
            ):
                _limit_time()
                pickle.dump(message, answers)
                answers.flush()
            outcome = None
        except BrokenPipeError:
            return
        except BaseException:  # noqa: BLE001 (Rust's panics are no exceptions of Python's usual kind)
            outcome = False
        pickle.dump(outcome, answers)
        answers.flush()


def _iter_columns(path: str, *, parquet: bool) -> Iterator[object]:
    from cmtmed.io.column_batches import iter_batches

    for batch in iter_batches(Path(path), parquet=parquet):
        batch.validate(full=True)
        yield batch.num_rows


def _iter_workbook(path: str) -> Iterator[object]:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(path)
    for number, name in enumerate(workbook.sheet_names):
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for start in range(0, len(rows), _ROWS):
            cells = [[_to_cell(value) for value in row] for row in rows[start : start + _ROWS]]
            yield number, start + 1, [row if any(row) else [] for row in cells]


def _to_cell(value: object) -> str:
    # A spreadsheet knows no integers: 7 is stored as 7.0.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _limit_time() -> None:
    """Let the system end this process if the next message takes too long."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + _CPU_SECONDS, hard))


def _limit_resources() -> None:
    """Bound memory by half of the machine's, leave interrupts to the parent, and dump no core."""
    import resource
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit, size in ((resource.RLIMIT_DATA, max(_LEAST_MEMORY, memory // 2)), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY or size < hard:
            resource.setrlimit(limit, (size, hard))
    _limit_time()


if __name__ == "__main__":
    _limit_resources()
    serve(sys.stdin.buffer, sys.stdout.buffer)
