"""The command line: one module per command."""

from __future__ import annotations

import sys
from typing import Final

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


def main() -> None:
    """Run the command line. Exit codes: 0 success, 1 the work failed, 2 invalid usage, 130 interrupted."""
    try:
        app()
    except UsageError as error:
        fail(error)
        sys.exit(2)
    except CmtmedError as error:
        fail(error)
        sys.exit(1)
    except SystemExit as stop:
        # Click turns Ctrl-C into this exit code.
        if stop.code == INTERRUPTED:
            fail("interrupted; running the same command again resumes where this one stopped")
        raise
