"""``cmtmed explain``: show every decision about one dialogue."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated

import typer

from cmtmed.builds.explanation import Explanation, explain
from cmtmed.cli.console import VERIFY_HELP, assemble_text, output
from cmtmed.schema import DialogueRow, TraceEntry

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
    output.print(assemble_text((row["id"], "bold"), f"  {explanation.verdict()}"))
    origin = {name: row[name] for name in ("source", "license", "department", "subdepartment")}
    for name, value in origin.items():
        if value:
            output.print(f"  {name}: {value}")
    for entry in row["trace"]:
        output.print(f"  {_describe_entry(entry)}")
    for index, message in enumerate(row["messages"]):
        speaker = _SPEAKERS.get(message["role"], message["role"])
        output.print(assemble_text("\n", (speaker, "bold"), "  ", *_mark_spans(row, index)))
    questions = explanation.questions()
    if questions:
        output.print(assemble_text("\n", ("questions", "bold")))
    for question in questions:
        text = row["messages"][question.message]["content"] or ""
        sentence = text[question.start : question.end]
        why = (
            f"asks for {question.slot}, by {question.cue}" if question.asks else f"{question.cue}, but {question.frame}"
        )
        output.print(assemble_text(f"  {question.message}: {sentence}  ", (f"‹{why}›", "dim")))


def _describe_entry(entry: TraceEntry) -> str:
    """Return a trace entry in words: what was done, why, and what it took out of the dialogue."""
    characters = entry["characters"]
    if entry["action"] == "left_out":
        verb = "left out" if characters >= 0 else "repeated"
        return f"{entry['stage']}: {verb} {abs(characters):,} characters ({entry['reason']})"
    balance = f", {-characters:+,} characters" if characters else ""
    return f"{entry['stage']}: {entry['action']} ({entry['reason']}{balance})"


def _mark_spans(row: DialogueRow, index: int) -> list[str | tuple[str, str]]:
    """Return a turn as passages: redactions in reverse, questions underlined and followed by their slot."""
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
    passages: list[str | tuple[str, str]] = []
    for start, end in itertools.pairwise(bounds):
        style = " ".join(style for first, last, style, _ in styles if first <= start and end <= last)
        passages.append((text[start:end], style))
        passages += [(note, "dim") for _, last, _, note in styles if last == end]
    return passages
