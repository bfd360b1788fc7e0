"""The commands by name, each imported when it is called.

A command line is typed to do one thing. The modules of the others, with their rules and their libraries, take longer to
import than a small build takes to run.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from cmtmed.errors import UsageError

if TYPE_CHECKING:
    from typer._click.core import Command, Context

NAMES: Final = (
    "inspect",
    "build",
    "audit",
    "duplicates",
    "report",
    "compare",
    "explain",
    "publish",
    "stages",
    "path",
    "train",
    "chat",
)
"""The commands in the order of the help; each is a module of this package."""


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the signature is Click's
        """Return the names of the commands, in the order of the help."""
        return list(NAMES)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - the signature is Click's
        """Import the module of a command and return the command; None if there is none of that name."""
        return load_command(cmd_name) if cmd_name in NAMES else None

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Find the command that the arguments begin with.

        Raises:
            UsageError: there is none of that name; the message names the nearest.
        """
        if args and args[0] not in NAMES and not args[0].startswith("-"):
            nearest = get_close_matches(args[0], NAMES, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"available: {', '.join(NAMES)}"
            raise UsageError(f"unknown command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


def load_command(name: str) -> Command:
    """Return a command: the function ``command`` of its module, or the group ``app`` where it has subcommands."""
    module = import_module(f"cmtmed.cli.{name}")
    app: typer.Typer | None = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name)(module.command)
    return get_command(app)
