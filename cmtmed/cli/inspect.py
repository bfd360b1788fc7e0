"""``cmtmed inspect``: look at a crawl and propose a pipeline that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cmtmed.cli.console import assemble_text, output, print_json
from cmtmed.errors import OutputError
from cmtmed.inspection import GroupFinding, Inspection, inspect

_SPEAKERS = {"user": "patient", "assistant": "doctor", "system": "system"}
_MAX_FILES = 3


def command(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files, directories or glob patterns of the crawl.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the proposed pipeline to this YAML file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    examples: Annotated[bool, typer.Option(help="Show three dialogues of every source, including their text.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON, without text of dialogues.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Look at the files of a crawl, say what they hold, and propose a pipeline that reads them."""
    if out is not None and out.exists() and not force:
        raise OutputError(f"{str(out)!r} exists; pass --force to overwrite it, or another name")
    inspection = inspect(paths, name=out.stem if out is not None else "my_crawl")
    if out is not None:
        try:
            out.write_text(inspection.pipeline, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{str(out)!r} cannot be written: {error.strerror}") from None
    if as_json:
        print_json(inspection.to_dict())
    elif not quiet:
        show(inspection, examples=examples)
        if out is not None:
            output.print(f"\n{out!s}: the proposed pipeline; try it: cmtmed build {out!s} {' '.join(paths)} --out out/")


def show(inspection: Inspection, *, examples: bool = True) -> None:
    """Print what was found, group by group, then the proposed pipeline."""
    for group in inspection.groups:
        _show_group(group)
        if examples:
            _show_examples(group)
        output.print()
    output.print(assemble_text(("proposed pipeline", "bold")))
    output.print(inspection.pipeline)


def _show_group(group: GroupFinding) -> None:
    files = ", ".join(group.files[:_MAX_FILES]) + (
        f" and {len(group.files) - _MAX_FILES} more" if len(group.files) > _MAX_FILES else ""
    )
    output.print(assemble_text((group.source.name, "bold"), f"  {files}  ({group.bytes:,} bytes)"))
    for fact, text in group.facts.items():
        output.print(f"  {fact}: {text}")
    output.print(
        f"  records looked at {group.records:,}, dialogues {group.dialogues:,}; both sides speak in "
        f"{group.completeness:.0%}, the doctor sounds like one in {group.voice:.0%}"
    )
    if group.fields:
        _show_fields(group)
    for speaker in group.speakers:
        output.print(
            f"  speaker {speaker.name}: {speaker.turns:,} turns, {_SPEAKERS.get(speaker.role, speaker.role)} "
            f"{speaker.by}, voice {speaker.voice:+.1f}"
        )
    for phrase, share in group.phrases.items():
        count = round(share * group.dialogues)
        output.print(f"  in {count:,} of {group.dialogues:,} dialogues ({share:.0%}): {phrase}")
    for reason, characters in group.left_out.items():
        output.print(f"  left out: {reason} {characters:,} characters")
    for name, characters in group.ignored.items():
        output.print(f"  not read: {name} {characters:,} characters")
    for doubt in group.doubts:
        output.print(f"  check: {doubt}", style="yellow")


def _show_fields(group: GroupFinding) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 2))
    table.add_column("field")
    table.add_column("holds")
    for name in ("filled", "length", "longest", "voice"):
        table.add_column(name, justify="right")
    table.add_column("read as")
    for field in group.fields:
        table.add_row(
            field.name, field.content, f"{field.fill:.0%}", f"{field.mean_length:.0f}", f"{field.max_length:,}",
            f"{field.voice:+.1f}" if field.content == "text" else "", field.read_as,
        )  # fmt: skip
    output.print(table)


def _show_examples(group: GroupFinding) -> None:
    for number, example in enumerate(group.examples, start=1):
        output.print(assemble_text("\n  ", (f"example {number}", "bold"), f", {example.position}, raw:"))
        output.print(f"  {example.raw}", style="dim")
        output.print("  read:")
        for role, text in example.turns:
            output.print(assemble_text("    ", (_SPEAKERS.get(role, role), "bold"), f"  {text}"))
