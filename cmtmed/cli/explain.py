"""``cmtmed explain``: show every decision about one dialogue."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.text import Text

from cmtmed.builds.explanation import Explanation, explain
from cmtmed.cli.console import VERIFY_HELP, output
from cmtmed.schema import DialogueRow, TraceEntry
from cmtmed.text.visible import escape_invisible

_SPEAKERS = {"user": "patient", "assistant": "doctor", "system": "system"}


def command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a build.")],
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the dialogue.")],
    verify: Annotated[bool, typer.Option("--verify", help=VERIFY_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the explanation as JSON.")] = False,
) -> None:
    """Show one dialogue and what each stage did to it. It may be kept or dropped; its text is printed."""
    explanation = explain(out, id, verify=verify)
    if as_json:
        typer.echo(explanation.to_json())
    else:
        show(explanation)


def show(explanation: Explanation) -> None:
    """Print an explanation: verdict, trace, then the turns with redactions and questions marked."""
    row = explanation.dialogue
    output.print(f"[bold]{escape(row['id'])}[/bold]  {escape(explanation.verdict())}")
    origin = {name: row[name] for name in ("source", "license", "department", "subdepartment")}
    for name, value in origin.items():
        if value:
            output.print(f"  {name}: {escape(value)}")
    for entry in row["trace"]:
        output.print(f"  {_describe_entry(entry)}")
    for index, message in enumerate(row["messages"]):
        speaker = _SPEAKERS.get(message["role"], message["role"])
        output.print(Text.assemble("\n", (speaker, "bold"), "  ", _mark_spans(row, index)))
    questions = explanation.questions()
    if questions:
        output.print("\n[bold]questions[/bold]")
    for question in questions:
        text = row["messages"][question.message]["content"] or ""
        sentence = escape(text[question.start : question.end])
        why = (
            f"asks for {question.slot}, by {question.cue}" if question.asks else f"{question.cue}, but {question.frame}"
        )
        output.print(f"  {question.message}: {sentence}  [dim]‹{why}›[/dim]")


def _describe_entry(entry: TraceEntry) -> str:
    """Return a trace entry in words: what was done, why, and what it took out of the dialogue."""
    characters = entry["characters"]
    if entry["action"] == "left_out":
        verb = "left out" if characters >= 0 else "repeated"
        return f"{entry['stage']}: {verb} {abs(characters):,} characters ({escape(entry['reason'])})"
    balance = f", {-characters:+,} characters" if characters else ""
    return f"{entry['stage']}: {entry['action']} ({escape(entry['reason'])}{balance})"


def _mark_spans(row: DialogueRow, index: int) -> Text:
    """Return a turn with its redactions in reverse, and its questions underlined and followed by their slot.

    Built passage by passage rather than from markup, because a patient may have written something that looks like it.
    """
    text = row["messages"][index]["content"] or ""
    spans = [(span, "reverse", "") for span in row["identifiers"]] + [
        (span, "underline", f" ‹asks: {span['slot']}›") for span in row["inquiries"]
    ]
    styles = [
        (span["start"], min(span["end"], len(text)), style, note)
        for span, style, note in spans
        if span["message"] == index and span["start"] < min(span["end"], len(text))
    ]
    bounds = sorted({0, len(text), *(bound for start, end, _, _ in styles for bound in (start, end))})
    marked = Text()
    for start, end in itertools.pairwise(bounds):
        style = " ".join(style for first, last, style, _ in styles if first <= start and end <= last)
        marked.append(escape_invisible(text[start:end]), style)
        for _, last, _, note in styles:
            if last == end:
                marked.append(escape_invisible(note), "dim")
    return marked
