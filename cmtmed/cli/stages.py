"""``cmtmed stages``: list the stages of the library."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, TypedDict

import typer

from cmtmed.cli.console import assemble_text, output
from cmtmed.stages import STAGES, stage_class


class OptionDescription(TypedDict):
    """An option of a stage: its type as Python source, its default, and what it does."""

    name: str
    type: str
    default: object
    description: str | None


class StageDescription(TypedDict):
    """A stage of the library, described from its class."""

    stage: str
    summary: str
    doc: str
    reads: list[str]
    writes: list[str]
    options: list[OptionDescription]


def describe_stages() -> list[StageDescription]:
    """Describe every bundled stage as plain JSON values, from its class alone."""
    return [_describe_stage(name) for name in STAGES]


def _describe_stage(name: str) -> StageDescription:
    stage_type = stage_class(name)
    return {
        "stage": name,
        "summary": inspect.cleandoc(stage_type.__doc__ or "").split("\n\n")[0].replace("\n", " "),
        "doc": inspect.cleandoc(stage_type.__doc__ or ""),
        "reads": list(stage_type.reads),
        "writes": list(stage_type.writes),
        "options": [
            {
                "name": option,
                "type": _format_type(field.annotation),
                "default": field.get_default(call_default_factory=True),
                "description": field.description,
            }
            for option, field in stage_type.model_fields.items()
        ],
    }


def _format_type(annotation: object) -> str:
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return name.replace("typing.", "")


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the stages as JSON.")] = False,
) -> None:
    """List the bundled stages. Shows the columns that each reads and writes, and its options."""
    if as_json:
        typer.echo(json.dumps(describe_stages(), ensure_ascii=False))
        return
    for stage in describe_stages():
        output.print(assemble_text((stage["stage"], "bold"), f": {stage['summary']}"))
        output.print(f"    reads {', '.join(stage['reads'])}; writes {', '.join(stage['writes'])}")
        for option in stage["options"]:
            output.print(f"    {option['name']} = {option['default']!r}: {option['description']}")
