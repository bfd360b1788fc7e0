"""``cmtmed compare``: what changed between two builds or published versions."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from cmtmed.cli.console import output
from cmtmed.engine.comparison import ROWS, Comparison
from cmtmed.hub.versions import compare


def command(
    old: Annotated[str, typer.Argument(metavar="A", help="Directory of a build, or ORG/NAME@TAG on the Hub.")],
    new: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Say which dialogues came, went or read differently between two builds or versions, and by which stage."""
    told = compare(old, new)
    if as_json:
        typer.echo(json.dumps(told.to_dict(), ensure_ascii=False))
    else:
        show(told)


def show(told: Comparison) -> None:
    """Print a comparison."""
    for name, (one, other) in told.stages.items():
        if one is None or other is None:
            output.print(f"{name}: only in {told.builds[0] if other is None else told.builds[1]}", markup=False)
            continue
        for key in sorted({*one, *other}):
            if one.get(key) != other.get(key):
                output.print(f"{name}.{key}: {one.get(key)} -> {other.get(key)}", markup=False)
    for name, (version, other_version) in told.versions.items():
        output.print(f"{name}: {version} -> {other_version}", markup=False)
    output.print()
    table = Table(box=None, pad_edge=False)
    table.add_column("dialogues")
    table.add_column("", justify="right")
    table.add_column("by")
    why = {"dropped": told.dropped, "regained": told.regained, "edited": told.edited}
    for name, meaning in ROWS.items():
        reasons = [f"{reason or 'the same stages'} {count}" for reason, count in why.get(name, {}).items()]
        if told.rows[name]:
            table.add_row(meaning, f"{told.rows[name]:,}", ", ".join(sorted(reasons)))
    output.print(table)
    output.print()
    sides = Table(box=None, pad_edge=False)
    sides.add_column("")
    for build in told.builds:
        sides.add_column(build, justify="right")
    for both in (told.counts, told.statistics):
        for name in both[0]:
            sides.add_row(name, f"{both[0][name]:,}", f"{both[1][name]:,}")
    output.print(sides)
