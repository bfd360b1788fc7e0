"""Candidate sources for records that are one turn each: what groups them, what orders them, which are no turns."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cmtmed.inspection.profiles import FieldProfile
from cmtmed.inspection.turn_fields import (
    declare_names,
    declare_openers,
    list_partner_fields,
    list_role_fields,
    to_label,
)
from cmtmed.io.field_names import find_names
from cmtmed.io.records import Value
from cmtmed.source import Source
from cmtmed.text.han import HAN

_KINDS: Final = 8
_WORDS: Final = re.compile(rf"[{HAN}]")
_SPOKEN: Final = 0.6
_REPEATED: Final = 0.8
"""Share of the values of a dialogue's number that several records have; the rest stand at the edge of the sample."""


def propose_utterances(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], base: Source
) -> Iterator[Source]:
    """Yield sources for records that are one turn each, collected by a field or by file."""
    contents = sorted(
        (profile for profile in profiles.values() if profile.content == "text"),
        key=lambda profile: profile.mean_length * len(profile.texts),
        reverse=True,
    )
    for content, role in itertools.product(contents[:2], list_role_fields(profiles)):
        for declared in declare_names(base, rows, role.name, content.name):
            for group in _list_group_fields(profiles, rows, content.name, role.name):
                yield from _order_groups(declared, profiles, rows, group)
            yield declared.model_copy(update={"group_by": "file", "order_by": None})
    if contents:
        yield from _propose_partners(profiles, rows, contents[0].name, base)


def _propose_partners(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], content: str, base: Source
) -> Iterator[Source]:
    """Yield sources for rows whose speakers are others in every dialogue."""
    for group in _list_group_fields(profiles, rows, content, ""):
        grouped: dict[str, list[Mapping[str, Value]]] = defaultdict(list)
        for row in rows:
            grouped[to_label(row.get(group))].append(row)
        for role in list_partner_fields(profiles, list(grouped.values())):
            if role.name not in {content, group}:
                for declared in declare_openers(base, role.name, content):
                    yield from _order_groups(declared, profiles, rows, group)


def _order_groups(
    declared: Source, profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], group: str
) -> Iterator[Source]:
    """Yield a source that collects rows by a field, in their order, and the same without rows of notices."""
    content, role = str(declared.fields.content), str(declared.fields.role)
    order = _find_order(profiles, rows, group, {content, role})
    grouped = declared.model_copy(update={"group_by": group, "order_by": order})
    yield grouped
    for only in _list_kinds(profiles, rows, content, {role, group}):
        yield grouped.model_copy(update={"only": only})


def _list_kinds(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], content: str, used: set[str]
) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield fields that tell texts from notices and pictures, with the value of texts."""
    for name, profile in profiles.items():
        if name in used or profile.content != "label" or not 2 <= len(profile.counts) <= _KINDS:
            continue
        texts: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            texts[to_label(row.get(name))].append(str(row.get(content) or ""))
        kept = tuple(value for value, said in texts.items() if not _are_notices(said))
        if kept and len(kept) < len(texts) and sum(len(texts[value]) for value in kept) >= _SPOKEN * len(rows):
            yield {name: kept}


def _are_notices(texts: Sequence[str]) -> bool:
    """Return whether most texts are written by a machine: markup, no words, or the same words in each."""
    ends = Counter(end for text in texts for end in {text[:4], text[-6:]})
    notices = [
        text
        for text in texts
        if text.startswith(("<", "{"))
        or not _WORDS.search(text)
        or 2 * max(ends[text[:4]], ends[text[-6:]]) > len(texts) > 1
    ]
    return len(notices) >= _SPOKEN * len(texts)


def _list_group_fields(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], content: str, role: str
) -> list[str]:
    """Return the fields that several records have in common, the finest first, those in which both sides speak.

    The records of a dialogue follow one another, or are mixed with those of others where time orders the file.
    """
    candidates = []
    for name, profile in profiles.items():
        if name in {content, role} or profile.fill < 1 or not profile.texts or profile.content in {"turns", "address"}:
            continue
        values = [str(row.get(name)) for row in rows]
        runs = sum(first != second for first, second in itertools.pairwise(values)) + 1
        groups = len(set(values))
        is_named = name in find_names(profiles, "group")
        repeated = sum(count > 1 for count in profile.counts.values())
        is_mixed = profile.content in {"label", "code", "number"} and repeated >= _REPEATED * groups
        if 2 <= groups <= 0.7 * len(values) and (runs <= 1.2 * groups or is_named or is_mixed):
            speakers: dict[str, set[str]] = defaultdict(set)
            for value, row in zip(values, rows, strict=True):
                speakers[value].add(str(row.get(role)))
            are_both = not role or sum(len(names) > 1 for names in speakers.values()) >= _SPOKEN * groups
            candidates.append((not are_both, not is_named, -groups, name))
    return [name for *_, name in sorted(candidates)[:4]]


def _find_order(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], group: str, used: set[str]
) -> str | None:
    """Return the field that numbers the records of a group, if they are not in its order already."""
    grouped: dict[str, list[Mapping[str, Value]]] = defaultdict(list)
    for row in rows:
        grouped[str(row.get(group))].append(row)
    names = find_names(profiles, "order")
    for name in sorted(profiles, key=lambda name: names.index(name) if name in names else len(names)):
        profile = profiles[name]
        if name in used or name == group or profile.fill < 1 or profile.content not in {"number", "label", "date"}:
            continue
        values = [[_to_number(row.get(name)) for row in group_rows] for group_rows in grouped.values()]
        if any(None in numbers or len(set(numbers)) != len(numbers) for numbers in values):
            continue
        if any(numbers != sorted(numbers, key=_sort_key) for numbers in values):
            return name
    return None


def _to_number(value: Value) -> float | str | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value if isinstance(value, str) else None


def _sort_key(value: float | str | None) -> tuple[bool, float | str]:
    return isinstance(value, str), value if value is not None else 0.0
