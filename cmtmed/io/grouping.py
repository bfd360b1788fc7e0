"""Dialogues from records that are one turn each: a row per utterance, or a file that lists one dialogue's messages.

Rows of a dialogue usually follow one another, but need not: they are collected in a temporary SQLite database on disk,
so that memory stays bounded by one dialogue.
"""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from cmtmed.io.field_names import find_names
from cmtmed.io.group_detection import BY_FILE, detect_group, find_side
from cmtmed.io.quarantine import Reason, Unreadable
from cmtmed.io.record_values import count_leaves, to_text
from cmtmed.io.records import Record, Value
from cmtmed.io.turn_values import TurnParser
from cmtmed.source import Source
from cmtmed.text.characters import count_characters

_LOOKAHEAD_RECORDS: Final = 200
_SCHEMA: Final = "CREATE TABLE turns (first INTEGER, position TEXT, sequence, number INTEGER, row TEXT)"


def group_turns(
    records: Iterator[Record | Unreadable], source: Source, turns: TurnParser
) -> Iterator[Record | Unreadable]:
    """Yield records with all turns of a dialogue; records that are dialogues already pass through.

    Args:
        records: the records of one file.
        source: its declaration: ``group_by`` names the field, or ``auto`` detects it from the first records.
        turns: recognizes which records are turns.
    """
    lookahead: list[Record | Unreadable] = []
    group_by: Sequence[str] | str = "none"
    if source.group_by == "auto":
        lookahead = list(itertools.islice(records, _LOOKAHEAD_RECORDS))
        group_by = detect_group([record.value for record in lookahead if isinstance(record, Record)], source, turns)
    elif source.group_by != "none":
        group_by = (
            source.group_by if source.group_by == BY_FILE or isinstance(source.group_by, tuple) else (source.group_by,)
        )
    texts = [record.value for record in lookahead if isinstance(record, Record)]
    if 1 < len(lookahead) == len(texts) < _LOOKAHEAD_RECORDS and _are_labelled(texts, turns):
        yield Record(lookahead[0].position, texts)
        return
    stream = itertools.chain(lookahead, records)
    if group_by == BY_FILE and source.group_by == "auto" and _are_divided(lookahead, turns):
        yield from _join_blocks(stream)
    elif group_by == "none":
        yield from stream
    else:
        yield from _collect(stream, () if group_by == BY_FILE else tuple(group_by), source, turns)


def _are_divided(records: Sequence[Record | Unreadable], turns: TurnParser) -> bool:
    """Return whether lines of one turn each are divided into dialogues by other lines: blank, or with a number."""
    blocks = [block for _, block, _ in _split_blocks(iter(records)) if block]
    sides = [{find_side(record.value, turns) for record in block} for block in blocks]
    return len(blocks) > 1 and sum({"user", "assistant"} <= roles for roles in sides) >= _COMPLETE * len(blocks)


_COMPLETE: Final = 0.8
_DIVIDER_BYTES: Final = 60


def _join_blocks(records: Iterator[Record | Unreadable]) -> Iterator[Record | Unreadable]:
    """Yield a record for each dialogue between dividing lines: the list of its turns."""
    for divider, block, broken in _split_blocks(records):
        yield from broken
        left_out = Counter({"heading": count_characters(divider.decode("utf-8", "replace"))} if divider else {})
        for record in block:
            left_out.update(record.left_out)
        if block:
            yield Record(block[0].position, [record.value for record in block], left_out)
        elif divider:
            yield Unreadable("line 1", Reason.NOT_A_RECORD, divider)


def _split_blocks(
    records: Iterator[Record | Unreadable],
) -> Iterator[tuple[bytes, list[Record], list[Unreadable]]]:
    """Yield the dividing lines above each block of turns, its turns, and what in it is neither."""
    divider, block, broken = b"", list[Record](), list[Unreadable]()
    for record in records:
        if isinstance(record, Unreadable):
            divides = record.reason is Reason.INVALID_JSON and len(record.raw) <= _DIVIDER_BYTES
        else:
            divides = record.follows_blank
        if divides and block:
            yield divider, block, broken
            divider, block, broken = b"", [], []
        if isinstance(record, Record):
            block.append(record)
        elif divides:
            divider += record.raw
        else:
            broken.append(record)
    yield divider, block, broken


def _are_labelled(texts: Sequence[Value], turns: TurnParser) -> bool:
    """Return whether the items of a file are texts with a speaker's label each: together they are one dialogue."""
    if not all(isinstance(text, str) for text in texts):
        return False
    transcripts = [turns.labels.split(text) for text in texts]
    return all(len(transcript.turns) == 1 for transcript in transcripts) and (
        len({role for transcript in transcripts for role in transcript.roles}) > 1
    )


def _collect(
    records: Iterator[Record | Unreadable], group_by: Sequence[str], source: Source, turns: TurnParser
) -> Iterator[Record | Unreadable]:
    with tempfile.TemporaryDirectory(prefix="cmtmed-") as folder:
        database = sqlite3.connect(Path(folder) / "turns.sqlite", isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=OFF")
            database.execute("PRAGMA synchronous=OFF")
            database.execute(_SCHEMA)
            database.execute("BEGIN")
            yield from _store(records, database, group_by, source)
            database.execute("CREATE INDEX by_dialogue ON turns (first, sequence, number)")
            rows = database.execute("SELECT first, position, row FROM turns ORDER BY first, sequence, number")
            for _, group in itertools.groupby(rows, key=lambda row: row[0]):
                stored = list(group)
                rows_of_dialogue = [json.loads(row) for _, _, row in stored]
                yield _join(stored[0][1], rows_of_dialogue, group_by, source, turns)
        finally:
            database.close()


def _store(
    records: Iterator[Record | Unreadable], database: sqlite3.Connection, group_by: Sequence[str], source: Source
) -> Iterator[Unreadable]:
    """Write the records into the database; unreadable ones are yielded at once."""
    database.execute("CREATE TABLE groups (name TEXT PRIMARY KEY, first INTEGER)")
    last: list[str] = []
    for number, record in enumerate(records):
        if isinstance(record, Unreadable):
            yield record
            continue
        value = record.value if isinstance(record.value, Mapping) else {"text": record.value}
        names = [_to_name(value.get(name)) for name in group_by]
        names = last if last and not any(names) else names
        last = names
        key = json.dumps(names, ensure_ascii=False)
        database.execute("INSERT OR IGNORE INTO groups VALUES (?, ?)", (key, number))
        first = database.execute("SELECT first FROM groups WHERE name = ?", (key,)).fetchone()[0]
        sequence = _to_sequence(value.get(source.order_by)) if source.order_by else None
        # Integers of any size stay exact, which a faster writer would refuse.
        row = json.dumps({**value, _LEFT_OUT: dict(record.left_out)}, ensure_ascii=False, default=str)
        database.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?)", (first, record.position, sequence, number, row))


_LEFT_OUT: Final = "\0left_out"


def _to_name(value: Value) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _to_sequence(value: Value) -> float | str | None:
    """Return a value by which turns are sorted: numbers by size, all else as text."""
    if isinstance(value, int | float):
        return value
    text = (to_text(value) or "").strip()
    try:
        return float(text)
    except ValueError:
        return text


def _sort_by_order(rows: list[dict[str, Value]]) -> None:
    """Sort turns by the first field of their order or time that all have, if they do not stand in order already."""
    for name in find_names(rows[0], "order"):
        keys = [_to_sequence(row.get(name)) for row in rows]
        are_numbers = all(isinstance(key, int | float) for key in keys)
        are_times = all(isinstance(key, str) and _TIME.fullmatch(key) for key in keys)
        if (are_numbers or are_times) and len(set(keys)) > 1:
            # Integers below 2^53 are exact as floats; nobody says as much in one dialogue.
            ranks = [(float(key), "") if isinstance(key, int | float) else (0.0, str(key)) for key in keys]
            rows[:] = [rows[index] for index in sorted(range(len(rows)), key=ranks.__getitem__)]
            return


_TIME: Final = re.compile(r"(?:\d{4}[-/.年]\d{2}[-/.月]\d{2}日?[ T]*)?(?:\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?")


def _is_turn(row: Mapping[str, Value], source: Source) -> bool:
    """Return whether a row has the values that turns have by the source's declaration."""
    return all((to_text(row.get(name)) or "").strip() in values for name, values in source.only.items())


def _join(
    position: str, rows: list[dict[str, Value]], group_by: Sequence[str], source: Source, turns: TurnParser
) -> Record:
    """Return one record of all turns of a dialogue: what all rows have in common stands once, beside the turns."""
    left_out: Counter[str] = Counter()
    for row in rows:
        left_out.update(row.pop(_LEFT_OUT))
    if source.only:
        others = [row for row in rows if not _is_turn(row, source)]
        left_out["other_row"] += sum(count_leaves(row) for row in others if len(others) < len(rows))
        rows = [row for row in rows if row not in others] or rows
    identifier = " ".join(_to_name(rows[0].get(name)) for name in group_by)
    if source.order_by is None:
        _sort_by_order(rows)
    plan = turns.find_plan(rows[0])
    keys = set(plan or ())
    common = {
        key: value
        for key, value in rows[0].items()
        if key not in keys and not isinstance(value, list | dict) and all(row.get(key) == value for row in rows)
    }
    left_out["repeated_field"] += (len(rows) - 1) * sum(map(count_leaves, common.values()))
    messages = [{key: value for key, value in row.items() if key not in common} for row in rows]
    fields = {key: value for key, value in common.items() if key not in group_by}
    if identifier:
        left_out["metadata"] += sum(count_leaves(common[name]) for name in group_by if name in common)
        left_out["metadata"] -= count_characters(identifier)
        fields["id"] = identifier
    return Record(position, {**fields, "messages": messages}, left_out)
