"""``cmtmed explain``: every decision about one dialogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cmtmed.builds.explanation import Explanation, explain
from cmtmed.cli.console import output

_SPEAKERS = {"user": "patient", "assistant": "doctor", "system": "system"}


def command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a build.")],
    id: Annotated[str, typer.Argument(metavar="ID", help="The dialogue's id.")],  # noqa: A002
    as_json: Annotated[bool, typer.Option("--json", help="Print the explanation as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Show one dialogue, kept or dropped, and what each stage did to it. Prints the dialogue's text."""
    explanation = explain(out, id)
    if as_json:
        typer.echo(explanation.to_json())
    else:
        show(explanation)


def show(explanation: Explanation) -> None:
    """Print an explanation: verdict, trace, then the turns with redactions and questions marked."""
    row = explanation.dialogue
    output.print(f"[bold]{escape(row['id'])}[/bold]  {escape(explanation.verdict())}")
    for name in ("source", "license", "department", "subdepartment"):
        if row[name]:
            output.print(f"  {name}: {escape(row[name])}")
    for entry in row["trace"]:
        output.print(f"  {entry['stage']}: {entry['action']} ({escape(entry['reason'])})")
    for index, message in enumerate(row["messages"]):
        speaker = _SPEAKERS.get(message["role"], message["role"])
        output.print(f"\n[bold]{speaker}[/bold]  {_marked(row, index)}")
    questions = explanation.questions()
    if questions:
        output.print("\n[bold]questions[/bold]")
    for question in questions:
        sentence = escape(row["messages"][question.message]["content"][question.start : question.end])
        why = (
            f"asks for {question.slot}, by {question.cue}" if question.asks else f"{question.cue}, but {question.frame}"
        )
        output.print(f"  {question.message}: {sentence}  [dim]‹{why}›[/dim]")


def _marked(row: dict[str, Any], index: int) -> str:
    """Return a turn as rich markup: redactions reversed, questions underlined and followed by their slot."""
    text = row["messages"][index]["content"] or ""
    opens: dict[int, str] = {}
    closes: dict[int, str] = {}
    for span in row["inquiries"]:
        if span["message"] == index:
            opens[span["start"]] = opens.get(span["start"], "") + "[underline]"
            closes[span["end"]] = f"[/underline][dim] ‹asks: {span['slot']}›[/dim]"
    for span in row["identifiers"]:
        if span["message"] == index:
            opens[span["start"]] = opens.get(span["start"], "") + "[reverse]"
            closes[span["end"]] = "[/reverse]" + closes.get(span["end"], "")
    marked = [
        closes.get(offset, "") + opens.get(offset, "") + (escape(text[offset]) if text[offset] != "[" else "\\[")
        for offset in range(len(text))
    ]
    return "".join(marked) + closes.get(len(text), "")
