"""Candidate sources for records that list their turns: objects with a speaker and a text, labelled texts, pairs."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cmtmed.inspection.labels import collect_speakers
from cmtmed.inspection.profiles import FieldProfile, list_items, profile_rows
from cmtmed.inspection.speakers import assign_roles, declare_variants
from cmtmed.inspection.turn_fields import (
    MAX_SPEAKERS,
    declare_names,
    declare_openers,
    list_partner_fields,
    list_role_fields,
)
from cmtmed.io.record_flattening import flatten
from cmtmed.io.record_values import count_leaves
from cmtmed.io.records import Value
from cmtmed.source import Fields, Source

_FEW: Final = 8
_SPEECH_CHARACTERS: Final = 4
_SPEECH_SHARE: Final = 0.3


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
        yield from _propose_messages([[i for i in messages if isinstance(i, Mapping)] for messages in lists], source)
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
        if len(texts_by_name) <= MAX_SPEAKERS:
            yield from declare_variants(source, assign_roles(texts_by_name))
        yield source


def _propose_messages(lists: Sequence[Sequence[Mapping[str, Value]]], source: Source) -> Iterator[Source]:
    dialogues = [[flatten(message) for message in messages] for messages in lists]
    messages = [message for turns in dialogues for message in turns]
    profiles = profile_rows(messages)
    texts = sorted(
        (profile for profile in profiles.values() if profile.content in {"text", "label", "other", "turns"}),
        key=lambda profile: sum(map(count_leaves, profile.values)),
        reverse=True,
    )
    for content, role in itertools.product(texts[:2], list_role_fields(profiles)):
        if content is not role:
            yield from declare_names(source, messages, role.name, content.name)
    for content, role in itertools.product(texts[:1], list_partner_fields(profiles, dialogues)):
        if content is not role:
            yield from declare_openers(source, role.name, content.name)
    speeches = {
        p.name: p.texts for p in profiles.values() if p.content in {"text", "label", "other"} and _may_be_said(p)
    }
    if 2 <= len(speeches) <= MAX_SPEAKERS and all("." not in name for name in speeches):
        yield from declare_variants(source, [s for s in assign_roles(speeches) if s.role is not None])


def _may_be_said(profile: FieldProfile) -> bool:
    """Return whether a field of many messages holds sentences and no names; of few messages anything may be said."""
    if profile.content not in {"text", "label", "other"} or not profile.texts:
        return False
    return len(profile.texts) < _FEW or (profile.mean_length >= _SPEECH_CHARACTERS and profile.distinct > _SPEECH_SHARE)
