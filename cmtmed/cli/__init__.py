"""The command line: one module per command."""

from __future__ import annotations

import sys
from typing import Final

import typer

from cmtmed.cli import audit, build, chat, compare, duplicates, explain, inspect, path, publish, report, stages, train
from cmtmed.cli.console import fail
from cmtmed.errors import CmtmedError, UsageError

app = typer.Typer(
    name="cmtmed",
    help="Build clean, deduplicated, anonymized Arrow datasets from raw crawls of Chinese medical dialogues.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # A traceback with local variables would show text of patients.
    pretty_exceptions_enable=False,
)
app.command("inspect")(inspect.command)
app.command("build")(build.command)
app.command("audit")(audit.command)
app.command("duplicates")(duplicates.command)
app.command("report")(report.command)
app.command("compare")(compare.command)
app.command("explain")(explain.command)
app.command("publish")(publish.command)
app.command("stages")(stages.command)
app.command("path")(path.command)
app.add_typer(train.app)
app.command("chat")(chat.command)


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
