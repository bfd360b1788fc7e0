"""``cmtmed report``: write an HTML page about a build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cmtmed.cli.console import VERIFY_HELP, output, print_json
from cmtmed.report.writer import write_report


def command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a build.")],
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="File to write; default: DIR/report.html.")
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", help="Number of dialogues to include for browsing.")
    ] = 300,
    no_text: Annotated[bool, typer.Option("--no-text", help="Include counts only: no dialogues and no ids.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help=VERIFY_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the path and size of the page as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Write a self-contained HTML page about a build. Unless --no-text is given, it contains dialogues."""
    path = write_report(out, page, sample=sample, text=not no_text, verify=verify)
    size = path.stat().st_size
    if as_json:
        print_json({"page": str(path), "bytes": size, "text": not no_text})
    elif not quiet:
        content = "no dialogues" if no_text else "dialogues: share it as carefully as the dataset"
        output.print(f"{path}: {size / 1e6:.1f} MB, contains {content}")
