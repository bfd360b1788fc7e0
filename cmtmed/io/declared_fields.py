"""Checks that the fields which the sources declare occur in the crawl.

A misspelt name costs every record the text under the right one, so a name that no record has is an error before the
crawl is read. Usually the first record has all names, and nothing else is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.io.containers import iter_members
from cmtmed.io.declared_layout import LONGEST_NAME, MAX_NAMES, SAMPLE_RECORDS, check_selectors, check_separator
from cmtmed.io.read import iter_records
from cmtmed.io.record_flattening import flatten
from cmtmed.io.record_values import count_leaves, parse_nested
from cmtmed.io.records import Record, Value
from cmtmed.io.shapes import RecordParser
from cmtmed.source import Fields, Source
from cmtmed.source_checks import list_names

SAMPLE_CHARACTERS: Final = 8_000_000
"""Characters of a file that are looked at for a name that may be rare."""
_TURN_FIELDS: Final = frozenset({"role", "content"})
_NEEDED: Final = frozenset({"question", "answer", "messages", "text", "role", "content"})
"""Fields without which no record is a dialogue: if the first records lack them, all others need not be searched."""
_DEPTH: Final = 4


@dataclass
class _Names:
    """The names that records of a source have, and those that are still missing.

    Attributes:
        missing: declared name and its key path in the source.
        fields: number of records by name of a field.
        turn_fields: likewise, of the fields of turns.
        records: number of records.
        is_whole: whether all records were looked at.
    """

    missing: dict[tuple[str, bool], str]
    fields: Counter[str] = field(default_factory=Counter)
    turn_fields: Counter[str] = field(default_factory=Counter)
    records: int = 0
    is_whole: bool = True

    def add(self, value: Value) -> None:
        """Take note of the names of a record."""
        self.records += 1
        names, turn_names = list_record_names(value)
        self.fields.update(names)
        self.turn_fields.update(turn_names)
        for name, is_of_turns in list(self.missing):
            if name in (turn_names if is_of_turns else names):
                del self.missing[name, is_of_turns]


def check_declared(files: Sequence[Path], sources: Sequence[Source], pipeline: str) -> None:
    """Check that every declared field, selector and separator occurs in the crawl.

    Args:
        files: the files of the crawl.
        sources: the pipeline's sources.
        pipeline: its name, for messages.

    Raises:
        PipelineError: a name occurs in no record; the message gives the names that do.
    """
    for number, source in enumerate(sources):
        matching = [file for file in files if source.matches(file)]
        location = f"pipeline {pipeline!r}: sources[{number}]"
        if matching:
            _check_fields(matching, sources, source, location)
            # Pages and transcripts are read by the first source that matches them.
            own = [file for file in matching if _choose_first(file, sources) is source]
            check_selectors(own, source, location)
            check_separator(own, source, location)


def _choose_first(file: Path, sources: Sequence[Source]) -> Source:
    return next(source for source in sources if source.matches(file))


def list_declared(source: Source) -> dict[tuple[str, bool], str]:
    """Return the declared names, each with whether it is one of turns, and the key path of its declaration."""
    declared = {
        (name, field_name in _TURN_FIELDS): f"fields.{field_name}"
        for field_name in Fields.model_fields
        for name in list_names(getattr(source.fields, field_name))
    }
    if source.group_by not in {"auto", "file", "none"}:
        declared |= {(name, True): "group_by" for name in list_names(source.group_by)}
    if source.order_by is not None:
        declared[source.order_by, True] = "order_by"
    return declared


def list_record_names(value: Value) -> tuple[set[str], set[str]]:
    """Return the names of a record's fields, dotted where they stand inside objects, and those of the turns in it.

    A record may itself be a turn, so its own names are among those of turns.
    """
    names: set[str] = set()
    turn_names: set[str] = set()

    def visit(item: Value, depth: int) -> None:
        if isinstance(item, str):
            item = parse_nested(item) if item[:1] in "[{" and len(item) > 1 else None
        if isinstance(item, Mapping):
            turn_names.update(item)
            children = list(item.values())
        else:
            children = item if isinstance(item, list) else []
        if depth:
            for child in children:
                visit(child, depth - 1)

    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            names |= set(item) | set(flatten(item))
    visit(value, _DEPTH)
    return names, turn_names | names


def _check_fields(files: Sequence[Path], sources: Sequence[Source], source: Source, location: str) -> None:
    names = _Names(list_declared(source))
    if not names.missing and not source.having:
        return
    others: Counter[str] = Counter()
    unowned = _look_at_first_records(files, sources, source, names, others)
    if source.having and not names.records and unowned:
        missing = next((name for name in source.having if name not in others), source.having[0])
        raise PipelineError(
            f"{location}.having: no record has a field {missing!r}; {_list_present(missing, others, unowned)}"
        )
    if not names.records or not names.missing:
        return
    paths = set(names.missing.values())
    searches_on = not names.is_whole and not any(_lacks_all(source, path, names) for path in paths)
    if searches_on:
        for file in files:
            for record in _iter_own_records(file, sources, source):
                names.add(record.value)
                if not names.missing:
                    return
    (name, is_of_turns), path = next(iter(names.missing.items()))
    counts = names.turn_fields if is_of_turns else names.fields
    what = "no turn has" if path.rpartition(".")[2] in _TURN_FIELDS else "no record has"
    raise PipelineError(f"{location}.{path}: {what} a field {name!r}; {_list_present(name, counts, names.records)}")


def _lacks_all(source: Source, path: str, names: _Names) -> bool:
    """Return whether a field without which nothing is read was not found under any of its names."""
    field_name = path.rpartition(".")[2]
    declared = list_names(getattr(source.fields, field_name, None)) if path.startswith("fields.") else ()
    return field_name in _NEEDED and all((name, field_name in _TURN_FIELDS) in names.missing for name in declared)


def _look_at_first_records(
    files: Sequence[Path], sources: Sequence[Source], source: Source, names: _Names, others: Counter[str]
) -> int:
    """Look at the first records of each file until no name is missing; return how many belong to no source."""
    unowned = 0
    for file in files:
        first, parsers = _choose_first(file, sources), _create_parsers(file, sources)
        characters = 0
        for number, record in enumerate(_iter_readable(file, first)):
            if number >= SAMPLE_RECORDS or characters > SAMPLE_CHARACTERS:
                names.is_whole = False
                break
            characters += count_leaves(record.value)
            owner = next((parser.source for parser in parsers if parser.belongs(record.value)), None)
            if owner is source:
                names.add(record.value)
                if not names.missing:
                    return 0
            elif owner is None:
                unowned += 1
                others.update(list_record_names(record.value)[0])
    return unowned


def _create_parsers(file: Path, sources: Sequence[Source]) -> list[RecordParser]:
    return [RecordParser(source) for source in sources if source.matches(file)]


def _iter_own_records(file: Path, sources: Sequence[Source], source: Source) -> Iterator[Record]:
    parsers = _create_parsers(file, sources)
    for record in _iter_readable(file, _choose_first(file, sources)):
        if next((parser.source for parser in parsers if parser.belongs(record.value)), None) is source:
            yield record


def _iter_readable(file: Path, source: Source) -> Iterator[Record]:
    try:
        for member in iter_members(file, source):
            yield from (record for record in iter_records(member, source) if isinstance(record, Record))
    except OSError:
        return  # the reader says what is wrong with the file


def _list_present(name: str, counts: Mapping[str, int], records: int) -> str:
    """List the names that are there; rare ones may be data, such as names of patients, and are not shown."""
    common = [
        present
        for present, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if len(present) <= LONGEST_NAME and count > records // 100 and (count > 1 or records == 1)
    ]
    if not common:
        return "no field occurs in several records; look at the crawl with cmtmed inspect"
    hidden = f" and {len(common) - MAX_NAMES} more" if len(common) > MAX_NAMES else ""
    suggestion = did_you_mean(name, common)
    is_guess = suggestion.startswith("did")
    listing = f"fields that are there: {', '.join(common[:MAX_NAMES])}{hidden}"
    return f"{listing}; {suggestion}" if is_guess else listing
