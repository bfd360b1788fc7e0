"""Console output shared by all commands: results, messages, logs and progress bars."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from cmtmed.engine.progress import Progress

# Results go to standard output and everything else to standard error, so that results can be piped.
output = Console(highlight=False, soft_wrap=True, emoji=False)
messages = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


class _ConsoleHandler(logging.Handler):
    """Prints the library's log records: counts and times, never text of a dialogue."""

    def emit(self, record: logging.LogRecord) -> None:
        messages.print(f"cmtmed: {record.getMessage()}", style="dim", markup=False)


@contextmanager
def show_logs(*, enabled: bool) -> Iterator[None]:
    """Print the library's log records while the block runs."""
    # Without any handler, Python itself would print warnings.
    handler = _ConsoleHandler(logging.INFO) if enabled else logging.NullHandler()
    logger = logging.getLogger("cmtmed")
    level = logger.level
    logger.addHandler(handler)
    if enabled:
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def fail(reason: object) -> None:
    """Print why the command failed, in one line."""
    messages.print(f"cmtmed: {' '.join(str(reason).splitlines())}", style="red", markup=False)


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Progress | None]:
    """Show one progress bar per phase while the block runs; yield the callback, or None if disabled."""
    if not enabled:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True) as bars:
        tasks = {}

        def show(phase: str, completed: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total)
            bars.update(tasks[phase], completed=completed, total=total)

        yield show
