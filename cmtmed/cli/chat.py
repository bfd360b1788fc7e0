"""``cmtmed chat``: talk with a trained model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cmtmed.cli.console import messages
from cmtmed.cli.train import needed


def command(
    model: Annotated[str, typer.Argument(metavar="DIR", help="A model's directory or name, or a run.")],
    system: Annotated[str, typer.Option("--system", help="A system turn to begin with.")] = "",
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1, help="Longest answer.")] = 512,
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0: the likeliest token.")] = 0.7,
    top_p: Annotated[float, typer.Option("--top-p", min=0.01, max=1, help="Mass that is drawn from.")] = 0.9,
    seed: Annotated[int | None, typer.Option("--seed", help="Repeats the same answers.")] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write the conversation to a JSON file at the end.")
    ] = None,
) -> None:
    """Talk with a model as its patient: a line is a turn, /clear forgets, an empty line or the end of input quits."""
    needed()
    from cmtmed.training.model.chat import Chat
    from cmtmed.training.run.console import set_up_logging

    set_up_logging()
    chat = Chat(model, system=system, max_new_tokens=max_new_tokens, temperature=temperature, top_p=top_p, seed=seed)
    while True:
        messages.print("患者：", end="", style="bold", markup=False)
        line = sys.stdin.readline().strip()
        if not line:
            break
        if line == "/clear":
            chat.clear()
            continue
        messages.print("医生：", end="", style="bold", markup=False)
        for chunk in chat.say(line):
            typer.echo(chunk, nl=False)
            sys.stdout.flush()
        typer.echo()
    if save is not None:
        import json

        save.write_text(json.dumps({"messages": chat.messages}, ensure_ascii=False) + "\n", encoding="utf-8")
