"""The command line: one module per command."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

import typer

from cmtmed.cli.commands import CommandGroup
from cmtmed.cli.console import fail
from cmtmed.errors import CmtmedError, UsageError

app = typer.Typer(
    name="cmtmed",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # A traceback with local variables would show text of patients.
    pretty_exceptions_enable=False,
)


@app.callback()
def _explain() -> None:
    """Build clean, deduplicated, anonymized Arrow datasets from raw crawls of Chinese medical dialogues."""


INTERRUPTED: Final = 130
"""Exit code after Ctrl-C."""
_RESUME: Final = "running the same command again resumes where this one stopped"


class StoppedError(BaseException):
    """The process was asked to end by a signal; not an `Exception`, so that nothing on the way handles it."""

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)


def main() -> None:
    """Run the command line.

    Exit codes: 0 success, 1 the work failed, 2 invalid usage, 130 interrupted, 143 terminated, 129 hung up.
    """
    try:
        with _handle_signals():
            app()
    except UsageError as error:
        fail(error)
        sys.exit(2)
    except CmtmedError as error:
        fail(error)
        sys.exit(1)
    except StoppedError as stop:
        fail(f"stopped by {stop.signal.name}; {_RESUME}")
        sys.exit(128 + stop.signal)
    except SystemExit as stop:
        # Click turns Ctrl-C into this exit code.
        if stop.code == INTERRUPTED:
            fail(f"interrupted; {_RESUME}")
        raise


@contextmanager
def _handle_signals() -> Iterator[None]:
    """Let requests to end raise `StoppedError` while the block runs, so that whatever was started is ended too."""
    numbers: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        # A handler that somebody has set stays: nohup ignores SIGHUP.
        numbers = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in numbers:
            signal.signal(number, _stop)
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # The second request ends the process at once.
    signal.signal(number, signal.SIG_DFL)
    raise StoppedError(number)
