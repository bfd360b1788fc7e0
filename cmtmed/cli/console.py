"""What all commands share: where output goes and how progress looks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from cmtmed.engine.progress import Progress

# Results go to standard output and everything else to standard error, so that output can be piped.
output = Console(highlight=False, soft_wrap=True, emoji=False)
messages = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


class _Notes(logging.Handler):
    """Prints what the library logs: counts and times, never text of a dialogue."""

    def emit(self, record: logging.LogRecord) -> None:
        messages.print(f"cmtmed: {record.getMessage()}", style="dim", markup=False)


@contextmanager
def notes(*, enabled: bool) -> Iterator[None]:
    """Show what the library has to say about its work while the block runs."""
    logger, handler = logging.getLogger("cmtmed"), _Notes(logging.INFO)
    level = logger.level
    if enabled:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def fail(reason: object) -> None:
    """Say why the command failed."""
    messages.print(f"cmtmed: {reason}", style="red", markup=False)


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Progress | None]:
    """Show one bar per phase of a build while the block runs."""
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
