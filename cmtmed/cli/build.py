"""``cmtmed build``: run a pipeline over a crawl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cmtmed.builds import BuildReport
from cmtmed.cli.console import messages, notes, output, progress_bar
from cmtmed.engine.build import ENGINES, build

_SHOWN_REASONS = 3


def command(
    pipeline: Annotated[str, typer.Argument(help="A bundled pipeline's name, or the path of a YAML file.")],
    inputs: Annotated[list[str], typer.Argument(help="Files, directories or glob patterns.")],
    out: Annotated[Path, typer.Option("--out", help="Directory of the result.")],
    strict: Annotated[bool, typer.Option("--strict", help="Fail at the first unreadable record.")] = False,  # noqa: FBT002
    engine: Annotated[str, typer.Option("--engine", help=f"What runs the pipeline: {', '.join(ENGINES)}.")] = "local",
    workers: Annotated[int | None, typer.Option("--workers", help="Processes; one per core by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,  # noqa: FBT002
) -> None:
    """Turn a raw crawl into Arrow datasets."""
    verbose = not quiet and not as_json
    with notes(enabled=verbose), progress_bar(enabled=messages.is_terminal and verbose) as progress:
        report = build(pipeline, list(inputs), out, engine=engine, strict=strict, workers=workers, progress=progress)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False))
    elif not quiet:
        show(report)


def show(report: BuildReport) -> None:
    """Print what a build did, stage by stage."""
    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    for name in ("rows", "edited", "dropped", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("why")
    for stage in report.stages:
        reasons = [f"{reason} {count}" for reason, count in stage.dropped.most_common(_SHOWN_REASONS)]
        table.add_row(
            stage.stage,
            f"{stage.rows:,}",
            f"{stage.edited:,}",
            f"{stage.dropped.total():,}",
            f"{stage.seconds:.2f}",
            ", ".join(reasons),
        )
    output.print(table)
    counts = report.counts
    output.print(
        f"\nread {counts['read']:,} = kept {counts['kept']:,} + dropped {counts['dropped']:,} "
        f"+ quarantined {counts['quarantined']:,}   ({report.seconds['total']:.1f} s)"
    )
    for reason, count in sorted(report.quarantine.items()):
        output.print(f"  quarantined: {reason} {count:,}")
    identifiers, inquiries = report.after.identifiers.total(), report.after.inquiries.total()
    output.print(f"redacted identifiers {identifiers:,}   doctors' questions {inquiries:,}")
    for name, rows in report.rows.items():
        splits = ", ".join(f"{split} {count:,}" for split, count in rows.items()) or "no rows"
        output.print(f"  {report.out / name}: {splits}")
