"""Candidate sources for records with fields: question and answer, lists of turns, or one turn a record."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cmtmed.inspection.labels import collect_speakers
from cmtmed.inspection.profiles import FieldProfile, is_aside, is_speech, list_items, profile_rows
from cmtmed.inspection.speakers import assign_roles, declare_variants
from cmtmed.io.field_names import find_names
from cmtmed.io.numbered_fields import list_numbered, pair_declared
from cmtmed.io.record_values import count_leaves
from cmtmed.io.records import Value
from cmtmed.source import Fields, Source
from cmtmed.text.han import HAN

_MAX_SPEAKERS: Final = 12
_ALTERNATIVE: Final = re.compile(r"reject|negative|worst|差|错误", re.IGNORECASE)
"""Names of answers that are no replies but counterexamples."""
_PATIENT_VOICE: Final = -0.8
_DOCTOR_VOICE: Final = 1.0
_KINDS: Final = 8
_WORDS: Final = re.compile(rf"[{HAN}]")
_SPOKEN: Final = 0.6
_REPEATED: Final = 0.8
"""Share of the values of a dialogue's number that several records have; the rest stand at the edge of the sample."""


def propose_records(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], base: Source
) -> Iterator[Source]:
    """Yield candidate sources for flat records, the most specific layouts first."""
    for profile in profiles.values():
        if profile.content == "turns":
            for candidate in propose_turns(profile, base):
                yield from _add_companions(candidate, profiles, profile.name)
        elif profile.content == "text":
            yield from _propose_labelled(profile, base)
    yield from _propose_utterances(profiles, rows, base)
    yield from _propose_rounds(profiles, base)
    yield from _propose_pairs(profiles, base)


# A list of turns in a field.


def propose_turns(profile: FieldProfile, base: Source) -> Iterator[Source]:
    """Yield candidate sources for records whose turns are listed in a field, or that are such lists themselves."""
    lists = [items for items in list_items(profile) if items]
    if (
        lists
        and all(isinstance(item, list) for items in lists for item in items)
        and any(isinstance(part, list | Mapping) for items in lists for item in items for part in item)
    ):
        lists = [item for items in lists for item in items]
    items = [item for items in lists for item in items]
    fields = Fields(messages=profile.name) if profile.name else Fields()
    source = base.model_copy(update={"fields": fields, "shape": "messages" if profile.name else "auto"})
    if not items:
        return
    if all(isinstance(item, Mapping) for item in items):
        yield from _propose_messages([item for item in items if isinstance(item, Mapping)], source)
    elif all(isinstance(item, str) for item in items):
        texts = [item for item in items if isinstance(item, str)]
        speakers = assign_roles(collect_speakers(texts))
        if {speaker.role for speaker in speakers} >= {"user", "assistant"}:
            yield from declare_variants(source, speakers)
        yield source.model_copy(update={"shape": "alternating"})
    elif all(isinstance(item, list) and len(item) == 2 for item in items):
        texts_by_name: dict[str, list[str]] = defaultdict(list)
        for name, text in items:
            texts_by_name[str(name)].append(str(text))
        if len(texts_by_name) <= _MAX_SPEAKERS:
            yield from declare_variants(source, assign_roles(texts_by_name))
        yield source


def _propose_messages(messages: Sequence[Mapping[str, Value]], source: Source) -> Iterator[Source]:
    profiles = profile_rows(messages)
    texts = sorted(
        (profile for profile in profiles.values() if profile.content in {"text", "label", "other", "turns"}),
        key=lambda profile: sum(map(count_leaves, profile.values)),
        reverse=True,
    )
    for content, role in itertools.product(texts[:2], _list_role_fields(profiles)):
        if content is role:
            continue
        speakers: dict[str, list[str]] = defaultdict(list)
        for message in messages:
            speakers[_to_label(message.get(role.name))].append(str(message.get(content.name) or ""))
        fields = source.fields.model_copy(update={"role": role.name, "content": content.name})
        yield from declare_variants(source.model_copy(update={"fields": fields}), assign_roles(speakers))
    speeches = {p.name: p.texts for p in profiles.values() if p.content in {"text", "label", "other"} and p.texts}
    if 2 <= len(speeches) <= _MAX_SPEAKERS:
        yield from declare_variants(source, [s for s in assign_roles(speeches) if s.role is not None])


def _list_role_fields(profiles: Mapping[str, FieldProfile]) -> list[FieldProfile]:
    """Return the fields that may name the speaker: two to twelve values, each in many records."""
    names = set(find_names(profiles, "role"))
    return sorted(
        (
            profile
            for profile in profiles.values()
            if profile.fill >= 0.9
            and 2 <= len(profile.counts) <= _MAX_SPEAKERS
            and (profile.content == "label" or profile.name in names)
        ),
        key=lambda profile: (profile.name not in names, len(profile.counts)),
    )[:3]


def _to_label(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _add_companions(candidate: Source, profiles: Mapping[str, FieldProfile], turns: str) -> Iterator[Source]:
    """Yield a candidate, and the same with the patient's text that stands beside the turns as their opening."""
    beside = [
        profile
        for profile in profiles.values()
        if profile.name != turns
        and profile.content == "text"
        and profile.voice < _PATIENT_VOICE
        and not is_aside(profile.name)
    ]
    if beside:
        opening = max(beside, key=lambda profile: profile.mean_length).name
        yield candidate.model_copy(update={"fields": candidate.fields.model_copy(update={"opening": opening})})
    answers = [
        profile
        for profile in profiles.values()
        if profile.name != turns and profile.content == "text" and profile.voice > 0 and not is_aside(profile.name)
    ]
    if answers:
        answer = max(answers, key=lambda profile: profile.voice).name
        yield candidate.model_copy(update={"fields": candidate.fields.model_copy(update={"answer": answer})})
    yield candidate


# A whole dialogue in one text.


def _propose_labelled(profile: FieldProfile, base: Source) -> Iterator[Source]:
    speakers = assign_roles(collect_speakers(profile.texts))
    if {speaker.role for speaker in speakers} >= {"user", "assistant"}:
        source = base.model_copy(update={"fields": Fields(text=profile.name), "shape": "prefixed"})
        yield from declare_variants(source, speakers)


# One turn a record.


def _propose_utterances(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], base: Source
) -> Iterator[Source]:
    contents = sorted(
        (profile for profile in profiles.values() if profile.content == "text"),
        key=lambda profile: profile.mean_length * len(profile.texts),
        reverse=True,
    )
    for content, role in itertools.product(contents[:2], _list_role_fields(profiles)):
        texts: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            texts[_to_label(row.get(role.name))].append(str(row.get(content.name) or ""))
        source = base.model_copy(update={"fields": Fields(role=role.name, content=content.name)})
        for declared in declare_variants(source, assign_roles(texts)):
            for group in _list_group_fields(profiles, rows, content.name, role.name):
                order = _find_order(profiles, rows, group, {content.name, role.name})
                grouped = declared.model_copy(update={"group_by": group, "order_by": order})
                yield grouped
                for only in _list_kinds(profiles, rows, content.name, {role.name, group}):
                    yield grouped.model_copy(update={"only": only})
            yield declared.model_copy(update={"group_by": "file", "order_by": None})


def _list_kinds(
    profiles: Mapping[str, FieldProfile], rows: Sequence[Mapping[str, Value]], content: str, used: set[str]
) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield fields that tell texts from notices and pictures, with the value of texts."""
    for name, profile in profiles.items():
        if name in used or profile.content != "label" or not 2 <= len(profile.counts) <= _KINDS:
            continue
        texts: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            texts[_to_label(row.get(name))].append(str(row.get(content) or ""))
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
            are_both = sum(len(names) > 1 for names in speakers.values()) >= _SPOKEN * groups
            candidates.append((not are_both, not is_named, -groups, name))
    return [name for *_, name in sorted(candidates)[:3]]


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


# Rounds in numbered fields.


def _propose_rounds(profiles: Mapping[str, FieldProfile], base: Source) -> Iterator[Source]:
    """Yield sources whose question and answer are the first of numbered fields."""
    texts = [profile for profile in profiles.values() if profile.content == "text"]
    for question, answer in itertools.permutations(texts, 2):
        rounds = pair_declared(question.name, answer.name, profiles)
        are_apart = question.name != list_numbered(answer.name, profiles)[0]
        if rounds[:1] == [(question.name, answer.name)] and are_apart and question.voice < answer.voice:
            yield base.model_copy(update={"fields": Fields(question=question.name, answer=answer.name)})


# A question and its answer.


def _propose_pairs(profiles: Mapping[str, FieldProfile], base: Source) -> Iterator[Source]:
    texts = [profile for profile in profiles.values() if is_speech(profile)]
    answers = sorted(
        texts, key=lambda profile: (_ALTERNATIVE.search(profile.name) is None, _get_voice(profile)), reverse=True
    )[:3]
    for answer in answers:
        others = sorted((p for p in texts if p is not answer), key=_get_voice)
        questions = [p for number, p in enumerate(others[:3]) if number == 0 or _get_voice(p) < _PATIENT_VOICE]
        for question in questions:
            if _get_voice(question) >= _get_voice(answer):
                continue
            fields = {"question": question.name, "answer": answer.name}
            source = base.model_copy(update={"shape": "single_turn", "fields": Fields.model_validate(fields)})
            rest = [p for p in texts if p not in (question, answer) and not is_aside(p.name)]
            patient = [p for p in rest if _get_voice(p) < _PATIENT_VOICE]
            if patient:
                yield source.model_copy(update={"fields": _frame_question([question, *patient], answer)})
            parts = [p for p in rest if _get_voice(p) > _DOCTOR_VOICE and not _ALTERNATIVE.search(p.name)]
            if parts:
                names = tuple(p.name for p in profiles.values() if p is answer or p in parts)
                yield source.model_copy(update={"fields": source.fields.model_copy(update={"answer": names})})
            yield source


def _frame_question(patient: Sequence[FieldProfile], answer: FieldProfile) -> Fields:
    """Return fields in which the patient's texts are joined, the shortest first, as a title stands above a text."""
    ordered = sorted(patient, key=lambda profile: profile.mean_length)
    return Fields.model_validate({"question": tuple(profile.name for profile in ordered), "answer": answer.name})


def _get_voice(profile: FieldProfile) -> float:
    if profile.content == "text":
        return profile.voice
    texts = [str(items[0]) for items in list_items(profile) if items]
    return FieldProfile(profile.name, len(texts), [*texts]).voice
