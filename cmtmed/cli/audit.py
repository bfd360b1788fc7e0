"""``cmtmed audit``: what was redacted, what may be left, and the reading of a sample."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from cmtmed.audit.audit import SIZE, Audit, audit_build
from cmtmed.audit.content import FOLDER, STATEMENT_FILE, Method
from cmtmed.audit.review import SampledTurn, read_sampled_turns, record_verdict
from cmtmed.audit.verdicts import Verdict
from cmtmed.cli.console import VERIFY_HELP, assemble_text, messages, output, print_json, progress_bar
from cmtmed.errors import UsageError

_SPEAKERS: Final = {"user": "patient", "assistant": "doctor", "system": "system"}
_ANSWERS: Final[dict[str, Verdict]] = {"y": "leak", "n": "fine"}
_QUESTION: Final = "Does this still identify somebody? y yes, n no, s skip, q quit: "


def command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a build.")],
    size: Annotated[
        int, typer.Option("--size", min=1, metavar="N", help="Number of turns to sample for review.")
    ] = SIZE,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the sample.")] = 0,
    dropped: Annotated[bool, typer.Option("--dropped", help="Audit the dropped dialogues as well.")] = False,
    show: Annotated[
        int | None,
        typer.Option("--show", min=1, metavar="N", help="Print N turns of the sample, including their text."),
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Review the sample turn by turn and record a verdict on each.")
    ] = False,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", metavar="FILE", help="Import verdicts from a JSON Lines file.")
    ] = None,
    reader: Annotated[
        str, typer.Option("--reader", metavar="NAME", help="Your name, for the privacy statement, with --review.")
    ] = "",
    verify: Annotated[bool, typer.Option("--verify", help=VERIFY_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Estimate how many identifiers remain in a build. Also writes its privacy statement."""
    if review and (as_json or quiet):
        raise UsageError("--review asks questions; leave out --json and --quiet")
    if reader and not review:
        raise UsageError("--reader names who reads with --review; pass both, or leave it out")

    def run_audit(verdicts_file: Path | None = None) -> Audit:
        with progress_bar(enabled=messages.is_terminal and not quiet and not as_json) as progress:
            return audit_build(
                out, size=size, seed=seed, dropped=dropped, verdicts=verdicts_file, verify=verify, progress=progress
            )

    audit = run_audit(verdicts)
    if review:
        _review_sample(audit, reader)
        audit = run_audit()
    if as_json:
        print_json(audit.content)
    elif not quiet:
        print_audit(audit)
    if show is not None and not as_json and not quiet:
        for number, turn in enumerate(read_sampled_turns(audit, show), start=1):
            _print_turn(turn, f"{number}.")


def print_audit(audit: Audit) -> None:
    """Print an audit: suspected turns by detector, what was read, and the estimate of what is left. No text."""
    content = audit.content
    counts, residual = content["counts"], audit.residual
    table = Table(box=None, pad_edge=False)
    table.add_column("suspected as")
    for name in ("turns", "drawn", "read", "leaks"):
        table.add_column(name, justify="right")
    for stratum in content["strata"]:
        if stratum["turns"]:
            figures = (stratum["turns"], stratum["drawn"], stratum["read"], stratum["leaks"])
            table.add_row(stratum["detector"], *(f"{figure:,}" for figure in figures))
    replaced = sum(sum(actions.values()) for actions in content["identifiers"].values())
    output.print(f"{counts['dialogues']:,} dialogues, {counts['turns']:,} turns; {replaced:,} identifiers replaced")
    if not content["redaction"]["stage"]:
        output.print("The pipeline has no stage redact_identifiers: nothing was replaced.", style="red")
    if content["redaction"]["kept"]:
        output.print(f"left on purpose: {', '.join(content['redaction']['kept'])}")
    output.print()
    output.print(table)
    output.print()
    for unit, rates in (("turns", residual["per_thousand_turns"]), ("dialogues", residual["per_thousand_dialogues"])):
        if residual["status"] == "unread":
            estimate = (
                f"{rates['high']:.1f} suspected; {rates['estimate']:.1f} expected to identify somebody, "
                "judging by other corpora"
            )
        else:
            estimate = (
                f"{rates['estimate']:.1f} still identify somebody "
                f"({residual['confidence']:.0%} interval {rates['low']:.1f} to {rates['high']:.1f})"
            )
        output.print(f"turns per 1,000 {unit}: {estimate}")
    if residual["status"] == "unread":
        output.print(
            "Nobody has read the sample yet: these figures are not an upper bound; "
            f"run cmtmed audit {audit.out} --review"
        )
    elif residual["status"] == "partial":
        output.print("In some strata nothing has been read yet: anything from none to all of their turns may leak.")
    splits = content["splits"]
    output.print(
        f"first questions in two splits: {splits['crossing']:,} of {splits['questions']:,}",
        style="red" if splits["crossing"] else None,
    )
    output.print(f"{audit.out / FOLDER / STATEMENT_FILE}: the privacy statement for the dataset card")


def _review_sample(audit: Audit, reader: str) -> None:
    """Ask for a verdict on every unread turn of the sample, until the reader quits."""
    # Answers from a pipe may come from anything, so they count as a file.
    method: Method = "terminal" if sys.stdin.isatty() else "file"
    unread = read_sampled_turns(audit, unread=True)
    for number, turn in enumerate(unread, start=1):
        _print_turn(turn, f"{number} of {len(unread)}")
        answer = _ask_verdict()
        if answer == "q":
            break
        if answer in _ANSWERS:
            record_verdict(audit, turn.turn, _ANSWERS[answer], method=method, reader=reader)
    else:
        output.print("\nThe whole sample has been read.\n")


def _ask_verdict() -> str:
    """Ask until the answer is y, n, s or q: a key on a terminal, otherwise a line; the end of input quits."""
    while True:
        output.print(_QUESTION, end="")
        if sys.stdin.isatty():
            answer = typer.getchar()
            output.print(answer if answer.isprintable() else "")
        else:
            answer = sys.stdin.readline() or "q"
        if answer.strip().lower()[:1] in {"y", "n", "s", "q"}:
            return answer.strip().lower()[:1]


def _print_turn(turn: SampledTurn, heading: str) -> None:
    speaker = _SPEAKERS.get(turn.role, turn.role)
    position = f"  {turn.turn.id}, message {turn.turn.message}, {speaker}, {turn.detector}"
    output.print(assemble_text("\n", (heading, "bold"), position))
    output.print(_highlight_spans(turn))


def _highlight_spans(turn: SampledTurn) -> Text:
    """Return the text of a turn with the suspected spans in reverse on a terminal, in brackets elsewhere."""
    passages: list[str | tuple[str, str]] = []
    position = 0
    for span_start, end in turn.spans:
        start = max(span_start, position)
        if start < end:
            suspect = turn.text[start:end]
            passages += [turn.text[position:start], (suspect if output.is_terminal else f"⟦{suspect}⟧", "reverse")]
            position = end
    return assemble_text(*passages, turn.text[position:])
