"""``cmtmed audit``: what was redacted, what may be left, and the reading that tells."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cmtmed.cli.console import messages, output, progress_bar
from cmtmed.engine.audit import FOLDER, SIZE, STATEMENT, Audit, Shown, audit, judge, sampled
from cmtmed.engine.sample import Verdict
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Estimate how many identifiers remain in a build, and write its privacy statement."""
    if review and (as_json or quiet):
        raise UsageError("--review asks questions; leave --json and --quiet out")

    def run(given: Path | None = None) -> Audit:
        with progress_bar(enabled=messages.is_terminal and not quiet and not as_json) as progress:
            return audit(out, size=size, seed=seed, dropped=dropped, verdicts=given, progress=progress)

    done = run(verdicts)
    if review:
        _review(done)
        done = run()
    if as_json:
        typer.echo(json.dumps(done.content, ensure_ascii=False))
    elif not quiet:
        show_audit(done)
    if show is not None and not as_json and not quiet:
        for place, shown in enumerate(sampled(done, show), start=1):
            _print(shown, f"{place}.")


def show_audit(done: Audit) -> None:
    """Print an audit: suspects by detector, what was read, what is supposed to be left. No text."""
    content = done.content
    counts, residual = content["counts"], done.residual
    table = Table(box=None, pad_edge=False)
    table.add_column("suspected as")
    for name in ("turns", "drawn", "read", "leaks"):
        table.add_column(name, justify="right")
    for one in content["strata"]:
        if one["turns"]:
            table.add_row(one["detector"], *(f"{one[name]:,}" for name in ("turns", "drawn", "read", "leaks")))
    replaced = sum(sum(actions.values()) for actions in content["identifiers"].values())
    output.print(f"{counts['dialogues']:,} dialogues, {counts['turns']:,} turns; {replaced:,} identifiers replaced")
    if not content["redaction"]["stage"]:
        output.print("The pipeline has no stage redact_identifiers: nothing was replaced.", style="red")
    if content["redaction"]["kept"]:
        output.print(f"left on purpose: {', '.join(content['redaction']['kept'])}")
    output.print()
    output.print(table)
    output.print()
    for name, unit in (("per_thousand_turns", "turns"), ("per_thousand_dialogues", "dialogues")):
        figures = residual[name]
        if residual["status"] == "unread":
            told = f"{figures['high']:.1f} suspected, {figures['estimate']:.1f} expected from experience elsewhere"
        else:
            told = (
                f"{figures['estimate']:.1f} still identify somebody "
                f"({residual['confidence']:.0%} interval {figures['low']:.1f} to {figures['high']:.1f})"
            )
        output.print(f"turns per 1,000 {unit}: {told}")
    if residual["status"] == "unread":
        output.print(f"Nobody has read the sample, so this is no bound; cmtmed audit {done.out} --review")
    elif residual["status"] == "partial":
        output.print("Of some kinds nothing was read yet: they may leak in none or in all turns.")
    output.print(f"{done.out / FOLDER / STATEMENT}: the statement for the dataset card")


def _review(audited: Audit) -> None:
    waiting = sampled(audited, unread=True)
    for place, shown in enumerate(waiting, start=1):
        _print(shown, f"{place} of {len(waiting)}")
        answer = _answer()
        if answer == "q":
            break
        if answer in _ANSWERS:
            judge(audited, shown.turn, _ANSWERS[answer])
    else:
        output.print("\nThe sample is read.\n")


def _answer() -> str:
    """Ask until the answer is one; a key on a terminal, a line otherwise, and the end of input quits."""
    while True:
        output.print(_QUESTION, end="")
        if sys.stdin.isatty():
            told = typer.getchar()
            output.print(escape(told) if told.isprintable() else "")
        else:
            told = sys.stdin.readline() or "q"
        if told.strip().lower()[:1] in {"y", "n", "s", "q"}:
            return told.strip().lower()[:1]


def _print(shown: Shown, head: str) -> None:
    speaker = _SPEAKERS.get(shown.role, shown.role)
    output.print(
        f"\n[bold]{head}[/bold]  {escape(shown.turn.id)}, message {shown.turn.message}, {speaker}, {shown.detector}"
    )
    output.print(_marked(shown))


def _marked(shown: Shown) -> Text:
    """Return the turn with suspected places in reverse on a terminal, in brackets elsewhere.

    Not as markup: a patient may have written what looks like it.
    """
    told, at = Text(), 0
    for start, end in shown.places:
        begin = max(start, at)
        if begin < end:
            told.append(shown.text[at:begin])
            place = shown.text[begin:end]
            told.append(place if output.is_terminal else f"⟦{place}⟧", style="reverse")
            at = end
    return told.append(shown.text[at:])
