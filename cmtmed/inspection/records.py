"""Candidate sources for records with fields: question and answer, lists of turns, or one turn a record."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cmtmed.inspection.inline_labels import propose_inline
from cmtmed.inspection.labels import collect_speakers
from cmtmed.inspection.message_lists import propose_turns
from cmtmed.inspection.profiles import FieldProfile, is_aside, is_speech, list_items, profile_rows
from cmtmed.inspection.speakers import assign_roles, declare_variants
from cmtmed.inspection.transcripts import propose_label_forms
from cmtmed.inspection.utterances import propose_utterances
from cmtmed.io.numbered_fields import list_numbered, pair_declared
from cmtmed.io.records import Value
from cmtmed.source import Fields, Source

_ALTERNATIVE: Final = re.compile(r"reject|negative|worst|差|错误", re.IGNORECASE)
"""Names of answers that are no replies but counterexamples."""
_PATIENT_VOICE: Final = -0.8
_DOCTOR_VOICE: Final = 1.0


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
    yield from propose_utterances(profiles, rows, base)
    yield from _propose_rounds(profiles, base)
    yield from _propose_pairs(profiles, base)


# What stands beside a list of turns.


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
    field = base.model_copy(update={"fields": Fields(text=profile.name), "shape": "prefixed"})
    speakers = assign_roles(collect_speakers(profile.texts))
    if {speaker.role for speaker in speakers} >= {"user", "assistant"}:
        yield from declare_variants(field, speakers)
    if any("\n" in text for text in profile.texts):
        yield from propose_label_forms(profile.texts, field)
    yield from propose_inline(profile.texts, field)


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
    yield from _propose_answer_objects(texts, profiles, base)
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
            patient = [p for p in rest if p.content == "text" and _get_voice(p) < _PATIENT_VOICE]
            if patient and question.content == "text":
                yield source.model_copy(update={"fields": _frame_question([question, *patient], answer)})
            if question.content == answer.content == "turns":
                yield source.model_copy(update={"shape": "auto"})  # rounds in two lists of the same length
            parts = [p for p in rest if _get_voice(p) > _DOCTOR_VOICE and not _ALTERNATIVE.search(p.name)]
            if parts:
                names = tuple(p.name for p in profiles.values() if p is answer or p in parts)
                yield source.model_copy(update={"fields": source.fields.model_copy(update={"answer": names})})
            yield source


def _propose_answer_objects(
    texts: Sequence[FieldProfile], profiles: Mapping[str, FieldProfile], base: Source
) -> Iterator[Source]:
    """Yield sources whose answers are objects in a list: the text of each, beside who wrote it and when."""
    questions = sorted((p for p in texts if p.content == "text" and not is_aside(p.name)), key=_get_voice)[:2]
    for profile in profiles.values():
        if profile.content != "turns":
            continue
        objects = [item for items in list_items(profile) for item in items if isinstance(item, Mapping)]
        inner = [p for p in profile_rows(objects).values() if is_speech(p) and p.content == "text" and p.voice > 0]
        for text, question in itertools.product(sorted(inner, key=lambda p: -p.mean_length)[:1], questions):
            fields = {"question": question.name, "answer": profile.name, "content": text.name}
            patient = [p for p in questions if p is not question and p.voice < _PATIENT_VOICE]
            source = base.model_copy(update={"shape": "single_turn", "fields": Fields.model_validate(fields)})
            if patient and question is questions[0]:
                joined = _frame_question([question, *patient], profile).model_copy(update={"content": text.name})
                yield source.model_copy(update={"fields": joined})
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
