"""Records inside one JSON object: a list under a key, records keyed by id, or columns as pandas writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cmtmed.io.field_names import NAMES, find_names, guess_field, holds_field, normalize_name
from cmtmed.io.numbered_fields import are_numbered
from cmtmed.io.record_values import count_leaves
from cmtmed.io.records import Record, Value
from cmtmed.io.speaker_labels import SpeakerLabels
from cmtmed.text.han import HAN

_RECORD_FIELDS: Final = ("question", "answer", "opening", "title")


def unwrap(value: Mapping[str, Value], labels: SpeakerLabels) -> Iterator[Record]:
    """Yield the records of an object that is a whole file.

    The object itself is the record if it has a record's fields. Texts beside the records, such as a version, are
    counted as left out with the first of them.
    """
    records, rest = _find_records(value, labels)
    left_out = {"file_metadata": characters} if (characters := count_leaves(rest)) else {}
    for number, record in enumerate(records):
        yield Record("", record, left_out if number == 0 else {})


def _find_records(value: Mapping[str, Value], labels: SpeakerLabels) -> tuple[list[Value], Value]:
    columns = _read_columns(value) or _read_split_table(value)
    if columns is not None:
        return columns, [value.get("index")] if "columns" in value else None
    if _is_record(value):
        return [value], None
    lists = {key: item for key, item in value.items() if _is_record_list(item, key)}
    if lists:
        rest = {key: item for key, item in value.items() if key not in lists}
        return [record for items in lists.values() for record in items], rest
    objects = {key: item for key, item in value.items() if isinstance(item, Mapping) and item}
    if len(objects) == len(value) > 0 and _is_message_list(list(objects.values())):
        return [value], None  # the turns of one dialogue, numbered
    if len(objects) == len(value) > 1 and all(are_numbered(item) for item in objects.values()):
        return [{"id": key, "messages": list(item.values())} for key, item in objects.items()], None
    if len(objects) == len(value) > 0 and all(_is_record(item) for item in objects.values()):
        return [_with_id(item, key) for key, item in objects.items()], None
    dialogues = {key: item for key, item in value.items() if isinstance(item, list) and item}
    is_keyed = bool(value) and not any(_is_name(key) for key in value)
    if (
        is_keyed
        and len(dialogues) == len(value)
        and (len(value) > 1 or _is_message_list(next(iter(dialogues.values()))))
    ):
        return [{"id": key, "messages": item} for key, item in dialogues.items()], None
    if is_keyed and all(isinstance(item, str) and len(labels.split(item).roles) > 1 for item in value.values()):
        return [{"id": key, "transcript": item} for key, item in value.items()], None
    for key, item in objects.items():
        records, rest = _find_records(item, labels)
        if records != [item]:
            return records, [rest, {name: other for name, other in value.items() if name != key}]
    return [value], None


def _read_columns(value: Mapping[str, Value]) -> list[dict[str, Value]] | None:
    """Return the rows of ``{"question": {"0": …, "1": …}, …}`` or ``{"question": […], "answer": […]}``."""
    if not any(_is_name(key) for key in value):
        return None
    if all(isinstance(column, Mapping) and column for column in value.values()):
        keys = [list(column) for column in value.values()]
        if all(other == keys[0] for other in keys) and all(key.isdigit() for key in keys[0]):
            return [{name: column[key] for name, column in value.items()} for key in keys[0]]
    if len(value) > 1 and all(isinstance(column, list) for column in value.values()):
        lengths = {len(column) for column in value.values()}
        is_flat = all(not isinstance(item, list | Mapping) for column in value.values() for item in column)
        is_pair_table = is_flat and holds_field(value, "question") and holds_field(value, "answer")
        is_turn_table = any(
            all(isinstance(item, list) and item for item in value[key]) for key in find_names(value, "messages")
        ) and bool(find_names(value, "id"))
        if len(lengths) == 1 and (is_pair_table or is_turn_table):
            return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    return None


def _read_split_table(value: Mapping[str, Value]) -> list[dict[str, Value]] | None:
    """Return the rows of ``{"columns": […], "index": […], "data": [[…], …]}``, pandas' split form."""
    columns, rows = value.get("columns"), value.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list) or not rows:
        return None
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        return None
    names = [str(name) for name in columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _is_message_list(items: list[Value]) -> bool:
    return all(isinstance(item, Mapping) and find_names(item, "role") and find_names(item, "content") for item in items)


def _is_name(key: str) -> bool:
    return any(find_names([key], field) for field in NAMES) or guess_field(key) is not None


def _is_record(value: Value) -> bool:
    """Return whether an object has the fields of a dialogue itself."""
    if not isinstance(value, Mapping):
        return False
    if any(
        isinstance(value[key], str | list) and value[key]
        for field in _RECORD_FIELDS
        for key in value
        if find_names([key], field) or guess_field(key) == field
    ):
        return True
    return any(
        (isinstance(value[key], list) and bool(value[key]) and not _is_record_list(value[key], key))
        or isinstance(value[key], str)
        for key in find_names(value, "messages")
    )


_WRAPPERS: Final = frozenset({"data", "records", "qa", "qalist", "rounds", "dialogues", "dialogs", "conversations"})
"""Names that hold the turns of a dialogue in some crawls and the dialogues of a file in others."""


def _is_record_list(value: Value, key: str) -> bool:
    """Return whether a list holds records: objects with a dialogue or a pair inside, or whole dialogues."""
    if not isinstance(value, list) or not value:
        return False
    may_hold_pairs = normalize_name(key) in _WRAPPERS or not find_names([key], "messages")
    items = value[:20]
    head = [item for item in items if isinstance(item, Mapping)]
    # A record that is none does not cost the others.
    if len(head) == len(items) or len(head) > max(1, len(items) // 2):
        if len(value) > 1 and all(any(map(_is_object_list, item.values())) for item in head):
            return True  # each holds a list of objects, as a dialogue holds its turns, whatever the names
        if len(value) > 1 and may_hold_pairs and _are_pairs(head):
            return True
        fits = sum(
            not (find_names(item, "role") and find_names(item, "content"))
            and (
                any(isinstance(item[name], list) for name in find_names(item, "messages"))
                or (may_hold_pairs and holds_field(item, "question") and holds_field(item, "answer"))
                or (holds_field(item, "opening") and holds_field(item, "answer"))
            )
            for item in head
        )
        return 2 * fits > len(head)
    return all(
        isinstance(item, list) and len(item) > 1 and all(isinstance(turn, Mapping) for turn in item) for item in items
    )


def _are_pairs(items: list[Mapping[str, Value]]) -> bool:
    """Return whether objects of unknown names hold two texts each, which differ from object to object."""
    if any(find_names(item, "role") or item.keys() != items[0].keys() for item in items):
        return False
    columns = [[item[key] for item in items] for key in items[0]]
    texts = [column for column in columns if all(isinstance(text, str) and len(text) >= _SENTENCE for text in column)]
    return sum(len({*map(str, column)}) == len(items) and any(map(_HAN.search, column)) for column in texts) > 1


_SENTENCE: Final = 6
_HAN: Final = re.compile(rf"[{HAN}]{{4}}")


def _is_object_list(value: Value) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, Mapping) for item in value)


def _with_id(record: Mapping[str, Value], key: str) -> dict[str, Value]:
    return {"id": key, **record} if not find_names(record, "id") else dict(record)
