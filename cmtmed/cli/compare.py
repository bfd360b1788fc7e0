"""``cmtmed compare``: compare two builds or published versions."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cmtmed.builds.comparison import ROWS, Comparison
from cmtmed.cli.console import VERIFY_HELP, output, print_json
from cmtmed.hub.versions import compare


def command(
    old: Annotated[
        str, typer.Argument(metavar="A", help="Older build or version: a directory, or ORG/NAME@TAG on the Hub.")
    ],
    new: Annotated[str, typer.Argument(metavar="B", help="Newer build or version.")],
    verify: Annotated[bool, typer.Option("--verify", help=VERIFY_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Show what changed between two builds or versions. Counts dialogues added, removed or edited, by stage."""
    comparison = compare(old, new, verify=verify)
    if as_json:
        print_json(comparison.to_dict())
    else:
        show(comparison)


def show(comparison: Comparison) -> None:
    """Print a comparison."""
    for name, (old_options, new_options) in comparison.stages.items():
        if old_options is None or new_options is None:
            output.print(
                f"{name}: only in {comparison.builds[0] if new_options is None else comparison.builds[1]}", markup=False
            )
            continue
        for key in sorted({*old_options, *new_options}):
            if old_options.get(key) != new_options.get(key):
                output.print(f"{name}.{key}: {old_options.get(key)} -> {new_options.get(key)}")
    for name, (old_version, new_version) in comparison.versions.items():
        output.print(f"{name}: {old_version} -> {new_version}")
    output.print()
    table = Table(box=None, pad_edge=False)
    table.add_column("dialogues")
    table.add_column("", justify="right")
    table.add_column("by")
    why = {"dropped": comparison.dropped, "regained": comparison.regained, "edited": comparison.edited}
    for name, meaning in ROWS.items():
        reasons = [f"{reason or 'the same stages'} {count}" for reason, count in why.get(name, {}).items()]
        if comparison.rows[name]:
            table.add_row(meaning, f"{comparison.rows[name]:,}", ", ".join(sorted(reasons)))
    output.print(table)
    output.print()
    totals = Table(box=None, pad_edge=False)
    totals.add_column("")
    for build in comparison.builds:
        totals.add_column(build, justify="right")
    before, after = ({**dict(comparison.counts[side]), **comparison.statistics[side]} for side in (0, 1))
    for name in before:
        totals.add_row(name, f"{before[name]:,}", f"{after[name]:,}")
    output.print(totals)
