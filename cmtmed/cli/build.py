"""``cmtmed build``: build datasets from a crawl."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cmtmed.builds import BuildReport
from cmtmed.cli.console import fail, messages, output, print_json, progress_bar, show_logs
from cmtmed.engine.build import ENGINES, build

_MAX_REASONS = 3


def command(
    pipeline: Annotated[
        str, typer.Argument(metavar="PIPELINE", help="Name of a bundled pipeline, or path of a YAML file.")
    ],
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help="Files, directories or glob patterns of the crawl.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output directory.")],
    strict: Annotated[bool, typer.Option("--strict", help="Fail at the first record that cannot be read.")] = False,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help=f"Engine to run the pipeline: {', '.join(ENGINES)}.")
    ] = "local",
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Maximum number of worker processes; default: one per core."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Read only the first N records, for a trial.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", help="Read only N records, drawn from all files.")
    ] = None,
    no_sync: Annotated[
        bool, typer.Option("--no-sync", help="Do not wait for the disk: faster, but a power cut may damage the build.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Build Arrow datasets from a raw crawl."""
    verbose = not quiet and not as_json
    with show_logs(enabled=verbose), progress_bar(enabled=messages.is_terminal and verbose) as progress:
        report = build(
            pipeline,
            list(inputs),
            out,
            engine=engine,
            strict=strict,
            workers=workers,
            progress=progress,
            limit=limit,
            sample=sample,
            sync=not no_sync,
        )
    if as_json:
        print_json(report.to_dict())
    elif not quiet:
        show(report)
    if not report.counts["kept"]:
        fail(explain_emptiness(report))
        raise typer.Exit(1)


def explain_emptiness(report: BuildReport) -> str:
    """Say why a build keeps no dialogue: the reasons under which most records were lost, and where to look."""
    if not report.counts["read"]:
        return "nothing was kept: the input holds no record; look at the files with cmtmed inspect"
    losses = Counter(report.drops) + Counter(report.quarantine)
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in losses.most_common(_MAX_REASONS))
    tables = [name for name, counts in (("dropped", report.drops), ("quarantine", report.quarantine)) if counts]
    folders = " and ".join(str(report.out / name) for name in tables)
    return f"nothing was kept of {report.counts['read']:,} records: {reasons}; look at {folders}"


def show(report: BuildReport) -> None:
    """Print the report of a build, stage by stage."""
    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    for name in ("rows", "edited", "dropped", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("drop reasons")
    for stage in report.stages:
        reasons = [f"{reason} {count}" for reason, count in stage.dropped.most_common(_MAX_REASONS)]
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
    if report.characters:
        counts_by_outcome = report.characters
        output.print(
            f"characters read {counts_by_outcome['read']:,} = kept {counts_by_outcome['kept']:,} "
            f"+ dropped {counts_by_outcome['dropped']:,} + left out {counts_by_outcome['left_out']:,}"
        )
    for reason, count in sorted(report.quarantine.items()):
        output.print(f"  quarantined: {reason} {count:,}")
    identifiers, inquiries = report.after.identifiers.total(), report.after.inquiries.total()
    output.print(f"identifiers redacted {identifiers:,}   doctors' questions {inquiries:,}")
    for name, rows in report.rows.items():
        splits = ", ".join(f"{split} {count:,}" for split, count in rows.items()) or "no rows"
        output.print(f"  {report.out / name}: {splits}")
    for warning in report.warnings:
        messages.print(f"cmtmed: warning: {warning.message}", style="yellow")
