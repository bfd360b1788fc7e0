"""``cmtmed path``: where a bundled file stands."""

from __future__ import annotations

from typing import Annotated

import typer

from cmtmed.resources import bundled


def command(
    name: Annotated[str, typer.Argument(help="Such as pipelines/cmtmedqa.yaml or trainers/sft.py.")],
) -> None:
    """Print the path of a file that travels with the library."""
    typer.echo(bundled(name))
