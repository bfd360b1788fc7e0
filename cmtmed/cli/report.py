"""``cmtmed report``: one HTML page about a build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cmtmed.cli.console import output
from cmtmed.report.writer import write_report


def command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a build.")],
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="The file to write; DIR/report.html by default.")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", metavar="N", help="Dialogues to browse.")] = 300,
    no_text: Annotated[bool, typer.Option("--no-text", help="Counts only: no dialogue, no id.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print path and size as JSON.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,  # noqa: FBT002
) -> None:
    """Write one self-contained HTML page about a build. Without --no-text it holds dialogues."""
    path = write_report(out, page, sample=sample, text=not no_text)
    size = path.stat().st_size
    if as_json:
        typer.echo(json.dumps({"page": str(path), "bytes": size, "text": not no_text}, ensure_ascii=False))
    elif not quiet:
        holds = "no dialogue" if no_text else "dialogues: pass it on as carefully as the dataset"
        output.print(f"{path}: {size / 1e6:.1f} MB, holds {holds}", markup=False)
