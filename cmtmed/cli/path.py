"""``cmtmed path``: locate bundled files."""

from __future__ import annotations

from typing import Annotated

import typer

from cmtmed.resources import bundled


def command(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="File or folder, such as pipelines/cmtmedqa.yaml or trainers/sft.py.")
    ],
) -> None:
    """Print the path of a file that is bundled with the library."""
    typer.echo(bundled(name))
