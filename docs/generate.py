"""Write everything that follows from the code: JSON Schema files, the tables of stages and of identifier types.

``python docs/generate.py`` writes them, ``python docs/generate.py --check`` only says which are out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cmtmed.anonymize import LABELS
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.anonymize.replace.actions import ACTIONS, possible
from cmtmed.builds import BuildReport, Manifest
from cmtmed.cli.stages import describe_stages
from cmtmed.pipeline import Pipeline
from cmtmed.schema import DIALOGUE, QUARANTINE, json_schema
from cmtmed.stages import STAGES, stage_class

ROOT = Path(__file__).resolve().parents[1]


def pipeline_schema() -> dict[str, Any]:
    """Describe a pipeline file, every stage with its options."""
    schema = Pipeline.model_json_schema()
    entries: list[dict[str, Any]] = [{"enum": list(STAGES)}]
    for name in STAGES:
        options = stage_class(name).model_json_schema()
        schema.setdefault("$defs", {}).update(options.pop("$defs", {}))
        entries.append({"type": "object", "properties": {name: options}, "required": [name], "maxProperties": 1})
    schema["properties"]["stages"] = {"type": "array", "items": {"anyOf": entries}}
    text = {"type": "string"}
    schema["properties"]["extends"] = {**text, "description": "A pipeline whose keys this one takes over."}
    schema["properties"]["options"] = {
        "type": "object",
        "description": "Options of stages that the extended pipeline names.",
        "properties": {name: {"type": "object"} for name in STAGES},
        "additionalProperties": False,
    }
    # With `extends` the stages come from the other file.
    schema["required"] = ["name"]
    schema["anyOf"] = [{"required": ["stages"]}, {"required": ["extends"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "cmtmed pipeline, version 1",
    }


def artifact_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a JSON file that the library writes, every field that it always writes required."""
    schema = model.model_json_schema(mode="serialization")
    for definition in (schema, *schema.get("$defs", {}).values()):
        for field in definition.get("properties", {}).values():
            field.pop("default", None)
            field.pop("title", None)
    # Builds of the first release list no files.
    schema["required"] = [name for name in schema["required"] if (model, name) != (Manifest, "files")]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def stage_table() -> str:
    """Render the stages as Markdown."""
    lines = [
        "# Stages",
        "",
        "Written by `docs/generate.py` from the classes in `cmtmed/stages/`; `cmtmed stages` prints the same.",
        "",
        "| Stage | What it does | Writes |",
        "|---|---|---|",
    ]
    stages = describe_stages()
    lines += [f"| [`{one['stage']}`](#{one['stage']}) | {one['summary']} | {_names(one['writes'])} |" for one in stages]
    for one in stages:
        lines += ["", f"## `{one['stage']}`", "", one["doc"].replace("``", "`"), ""]
        lines += [f"Reads {_names(one['reads'])}; writes {_names(one['writes'])}.", ""]
        if one["options"]:
            lines += ["| Option | Type | Default | |", "|---|---|---|---|"]
            lines += [
                f"| `{option['name']}` | `{option['type']}` | `{json.dumps(option['default'], ensure_ascii=False)}` "
                f"| {option['description']} |".replace("`Literal[", "`one of [")
                for option in one["options"]
            ]
    return "\n".join(lines) + "\n"


def identifier_table() -> str:
    """Render the identifier types with what each recognizer takes and leaves."""
    lines = [
        "# Identifier types",
        "",
        "Written by `docs/generate.py` from `cmtmed/anonymize/detect/recognizers/`; a test checks every example. ⟦ ⟧",
        "mark what is found; those under *left alone* are no identifiers of that type. All identifiers are made up.",
    ]
    for kind, recognizer in RECOGNIZERS.items():
        actions = ", ".join(f"`{action}`" for action in ACTIONS if action in possible(kind))
        about = (sys.modules[f"cmtmed.anonymize.detect.recognizers.{kind.lower()}"].__doc__ or "").partition(": ")[2]
        lines += ["", f"## {kind}", "", _sentence(about), ""]
        lines += [f"Tag `{LABELS[kind]}`; actions {actions}.", ""]
        lines += ["Found: " + " · ".join(_cell(example) for example in recognizer.examples), ""]
        lines += ["Left alone: " + " · ".join(_cell(example) for example in recognizer.lookalikes)]
    return "\n".join(lines) + "\n"


def memory_table() -> str:
    """Render how much memory the stages of training take."""
    from cmtmed.training.memory.table import render_table

    lines = [
        "# GPU memory",
        "",
        "Written by `docs/generate.py` from `cmtmed/training/memory/`, which is the computation. Model states follow",
        "Rajbhandari et al. 2020 (ZeRO, arXiv:1910.02054), checkpointing Korthikanti et al. 2022 (arXiv:2205.05198).",
        "Tests hold the counts of weights and adapters to the real 7B and 13B shapes, states to a real AdamW step, and",
        "the activations of a layer to what autograd saves. Nothing of it was measured on a GPU: add 10 % and 1 GiB",
        "for what the allocator wastes and the CUDA context.",
        "",
        render_table().strip(),
    ]
    return "\n".join(lines) + "\n"


def _sentence(about: str) -> str:
    text = " ".join(about.partition("\n\n")[0].split())
    return text[:1].upper() + text[1:]


def _cell(example: str) -> str:
    return f"`{example.replace(chr(10), ' ')}`"


def _names(columns: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def generated() -> dict[Path, str]:
    """Return every generated file with what it should hold."""

    def dump(schema: dict[str, Any]) -> str:
        return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"

    return {
        ROOT / "schemas" / "dialogue.v1.json": dump(json_schema(DIALOGUE, "cmtmed dialogue, version 1")),
        ROOT / "schemas" / "quarantine.v1.json": dump(json_schema(QUARANTINE, "cmtmed quarantined record, version 1")),
        ROOT / "schemas" / "pipeline.v1.json": dump(pipeline_schema()),
        ROOT / "schemas" / "manifest.v1.json": dump(artifact_schema(Manifest)),
        ROOT / "schemas" / "report.v1.json": dump(artifact_schema(BuildReport)),
        ROOT / "docs" / "stages.md": stage_table(),
        ROOT / "docs" / "identifiers.md": identifier_table(),
        ROOT / "docs" / "gpu-memory.md": memory_table(),
    }


def main() -> int:
    """Write or check."""
    stale = [path for path, text in generated().items() if not path.is_file() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date; run python docs/generate.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(generated()[path], "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
