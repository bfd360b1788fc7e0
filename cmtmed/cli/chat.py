"""``cmtmed chat``: talk with a trained model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cmtmed.artifacts import write_json
from cmtmed.cli.console import messages, print_text
from cmtmed.cli.train import require_training_libraries


def command(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Directory or Hub name of a model, or directory of a run.")
    ],
    system: Annotated[str, typer.Option("--system", metavar="TEXT", help="System message to start with.")] = "",
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", min=1, metavar="N", help="Maximum length of an answer in tokens.")
    ] = 512,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature", min=0, metavar="T", help="Sampling temperature; 0 always picks the likeliest token."
        ),
    ] = 0.7,
    top_p: Annotated[
        float, typer.Option("--top-p", min=0.01, max=1, metavar="P", help="Probability mass to sample from.")
    ] = 0.9,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Seed of the sampling; the same seed repeats the same answers."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Write the conversation to a JSON file on exit.")
    ] = None,
) -> None:
    """Chat with a trained model as its patient. Each line is a turn; /clear starts over, an empty line quits."""
    require_training_libraries()
    from cmtmed.training.model.chat import Chat
    from cmtmed.training.run.console import set_up_logging

    set_up_logging()
    chat = Chat(model, system=system, max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed)
    while True:
        messages.print("患者：", end="", style="bold")
        line = sys.stdin.readline().strip()
        if not line:
            break
        if line == "/clear":
            chat.clear()
            continue
        messages.print("医生：", end="", style="bold")
        for chunk in chat.say(line):
            print_text(chunk, end="")
            sys.stdout.flush()
        print_text("")
    if save is not None:
        write_json(save, {"messages": chat.messages}, private=True)
