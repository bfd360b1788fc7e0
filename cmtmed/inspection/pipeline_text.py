"""Pipeline files as a person would write them: the sources key by key, each with a comment that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import yaml

from cmtmed.inspection.inspection import GroupFinding

_ORDER: Final = (
    "match", "license", "having", "format", "compression", "encoding", "delimiter", "header", "columns",
    "shape", "group_by", "order_by", "only", "answers", "fields", "roles", "first_speaker",
    "ignore_speakers", "ignore_fields", "transcript", "blocks", "html",
)  # fmt: skip
_MAX_LINE: Final = 100


def write_pipeline(groups: Sequence[GroupFinding], name: str) -> str:
    """Return the text of a pipeline file with the proposed sources."""
    lines = [
        "# Proposed by `cmtmed inspect`. Read the comments, fill in the licence, then:",
        "# cmtmed build THIS_FILE INPUT… --out DIR",
        f"name: {_to_flow(name)}",
        "extends: cmtmedqa",
        "sources:",
    ]
    for group in groups:
        lines += [*_list_lines(group), ""]
    return "\n".join(lines).rstrip() + "\n"


def _list_lines(group: GroupFinding) -> list[str]:
    source = group.source.model_dump(mode="json", exclude_defaults=True)
    files = f"{len(group.files)} files" if len(group.files) > 1 else "1 file"
    lines = [
        f"  # {files}; of {group.records} records looked at, {group.completeness:.0%} are dialogues of both sides.",
        *(f"  # CHECK: {_to_comment(doubt)}" for doubt in group.doubts),
        f"  - name: {_to_flow(source['name'])}",
        f"    match: {_to_flow(source.get('match', '*'))}",
    ]
    if "license" not in source:
        lines.append("    # license: CC-BY-4.0    # who may use these texts, and how")
    for key in (name for name in _ORDER if name in source and name != "match"):
        value = source[key]
        comment = group.facts.get(key, "")
        text = _to_flow(value)
        if isinstance(value, Mapping) and len(text) > _MAX_LINE:
            lines.append(_add_comment(f"    {key}:", comment))
            lines += [f"      {_to_flow(name)}: {_to_flow(item)}" for name, item in value.items()]
        else:
            lines.append(_add_comment(f"    {key}: {text}", comment))
    lines += [
        f"    # not read: {_to_comment(name)}, {characters:,} characters in the sample"
        for name, characters in group.ignored.items()
    ]
    return lines


def _add_comment(line: str, comment: str) -> str:
    return f"{line}    # {_to_comment(comment)}" if comment else line


def _to_comment(text: str) -> str:
    return " ".join(text.split())


def _to_flow(value: object) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10**6, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()
