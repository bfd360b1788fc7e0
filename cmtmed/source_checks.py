"""Checks of declared sources for options that contradict one another or could never have an effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.source import Fields, Source

_TABLES: Final = frozenset({"auto", "csv", "tsv", "xlsx"})
_TEXTS: Final = frozenset({"transcript", "blocks", "html"})
_WHOLE_DIALOGUES: Final = frozenset({"single_turn", "history", "prefixed"})
_TURN_FIELDS: Final = ("role", "content")
_SHAPE_FIELDS: Final = {
    "single_turn": ("history", "messages", "role", "content"),
    "prefixed": ("question", "answer", "history", "messages", "role", "content"),
    "alternating": ("role", "content"),
}
"""Fields that cannot occur in records of a shape."""


def check_sources(sources: Sequence[Source]) -> None:
    """Check each source, and that every source can be reached.

    Raises:
        PipelineError: options contradict one another, or could never have an effect.
    """
    if not sources:
        raise PipelineError("sources: got an empty list; write at least '- name: crawl'")
    for number, source in enumerate(sources):
        for path, problem in _find_problems(source):
            raise PipelineError(f"sources[{number}].{path}: {problem}")
        earlier = next((other for other in sources[:number] if _takes_all(other, source)), None)
        if earlier is not None:
            raise PipelineError(
                f"sources[{number}].match: got {source.match!r}: source {earlier.name!r} takes all these files; move "
                f"{source.name!r} before it, or tell the records of {earlier.name!r} by their fields (having)"
            )


def _takes_all(earlier: Source, source: Source) -> bool:
    return not earlier.having and earlier.match in {source.match, "*"}


def _find_problems(source: Source) -> Iterator[tuple[str, str]]:
    yield from _check_match(source.match)
    yield from _check_table(source)
    yield from _check_layout(source)
    yield from _check_fields(source)
    yield from _check_speakers(source)


def _check_match(pattern: str) -> Iterator[tuple[str, str]]:
    value = f"got {pattern!r}"
    if not pattern.strip():
        yield "match", f"{value}: expected a glob such as *.csv"
    elif pattern.startswith("./"):
        yield "match", f"{value}: remove the ./, because a path is compared with the end of the files' paths"
    elif "\\" in pattern:
        yield "match", f"{value}: folders are separated by / on all systems"
    elif pattern.endswith("/"):
        yield "match", f"{value}: names a folder; write {pattern + '*'!r} for the files in it"
    elif "[" in pattern.replace("[]", "") and "]" not in pattern[pattern.index("[") :]:
        yield "match", f"{value}: the bracket [ is never closed; write [[] for the character itself"
    elif "{" in pattern and "," in pattern:
        yield "match", f"{value}: braces are no part of a glob; declare a source for each of the names"


def _check_table(source: Source) -> Iterator[tuple[str, str]]:
    for option in ("delimiter", "header", "columns"):
        is_table = source.format in _TABLES or (option == "columns" and source.format == "parquet")
        if option in source.model_fields_set and not is_table:
            yield option, f"has no effect on format {source.format!r}; remove it, or set format: csv"
    if source.delimiter in {'"', "\n", "\r"}:
        yield "delimiter", f"got {source.delimiter!r}: quotes and line breaks divide no cells; use , ; | or a tab"
    yield from _check_unique(source.columns, "columns")
    if source.encoding != "auto" and source.format in {"xlsx", "parquet", "arrow"}:
        yield "encoding", f"has no effect on format {source.format!r}; remove it"


def _check_layout(source: Source) -> Iterator[tuple[str, str]]:
    if "blocks" in source.model_fields_set and source.format != "blocks":
        yield "blocks", f"needs format: blocks, but the format is {source.format!r}"
    if "html" in source.model_fields_set:
        if source.format not in {"auto", "html"}:
            yield "html", f"needs format: html, but the format is {source.format!r}"
        inside_turn = sorted({"role", "text"} & source.html.model_fields_set)
        if not source.html.turn and inside_turn:
            yield f"html.{inside_turn[0]}", "is looked for inside a turn; set html.turn, the selector of a turn"
    yield from _check_unique(source.blocks.lines, "blocks.lines")
    groups = source.group_by not in {"auto", "none"}
    if groups and source.format in _TEXTS:
        yield (
            "group_by",
            (f"got {source.group_by!r}: format {source.format!r} has no records of one turn; remove group_by"),
        )
    if groups and source.shape in _WHOLE_DIALOGUES:
        yield "group_by", f"got {source.group_by!r}: with shape {source.shape!r} each record is a dialogue; remove one"
    if source.order_by is not None and source.group_by == "none":
        yield "order_by", f"got {source.order_by!r}: needs group_by, the field that the turns of a dialogue share"


def _check_fields(source: Source) -> Iterator[tuple[str, str]]:
    fields = source.fields
    names: dict[str, str] = {}
    for field in Fields.model_fields:
        yield from _check_unique(list_names(getattr(fields, field)), f"fields.{field}")
        for name in list_names(getattr(fields, field)):
            path = f"fields.{field}"
            if not name.strip():
                yield path, f"got {name!r}: expected the name of a field"
            if name in names and not (field in _TURN_FIELDS) ^ (names[name] in _TURN_FIELDS):
                yield path, f"got {name!r}, which is already fields.{names[name]}; a field has one meaning"
            names[name] = field
            if source.format == "blocks" and name not in source.blocks.lines:
                yield path, f"got {name!r}: no line of a block; {did_you_mean(name, source.blocks.lines)}"
            if source.columns and field not in _TURN_FIELDS and name.partition(".")[0] not in source.columns:
                yield path, f"got {name!r}: not in columns; {did_you_mean(name, source.columns)}"
    for field in _SHAPE_FIELDS.get(source.shape, ()):
        if getattr(fields, field) is not None:
            yield f"fields.{field}", f"has no place in shape {source.shape!r}; remove it, or leave the shape to auto"
    read = {name: field for name, field in names.items() if name in source.ignore_fields}
    for name, field in read.items():
        yield "ignore_fields", f"got {name!r}, which is fields.{field}; remove it from one of the two"


def _check_speakers(source: Source) -> Iterator[tuple[str, str]]:
    roles: dict[str, str] = {}
    for role, names in source.roles.items():
        for name in names:
            if not name.strip():
                yield f"roles.{role}", f"got {name!r}: expected the name of a speaker"
            other = roles.setdefault(name.strip().lower(), role)
            if other != role:
                yield f"roles.{role}", f"got {name!r}, which is also in roles.{other}; remove one"
    for name in source.ignore_speakers:
        if not name.strip():
            yield "ignore_speakers", f"got {name!r}: expected the name of a speaker"
        if name.strip().lower() in roles:
            yield "ignore_speakers", f"got {name!r}, which is also in roles.{roles[name.strip().lower()]}; remove one"


def _check_unique(names: Sequence[str], path: str) -> Iterator[tuple[str, str]]:
    for name, count in Counter(names).items():
        if count > 1:
            yield path, f"got {name!r} {count} times; remove all but one"


def list_names(declared: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names that a declared field has: none, one or several."""
    if declared is None:
        return ()
    return (declared,) if isinstance(declared, str) else declared
