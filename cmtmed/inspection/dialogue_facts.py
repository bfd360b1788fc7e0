"""Facts about the dialogues of a group of files: id, department, opening statement, dates, headings, JSON form."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from cmtmed.inspection.endings import find_headings
from cmtmed.inspection.profiles import FieldProfile
from cmtmed.inspection.proposal import Proposal
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.trial import Trial
from cmtmed.source_checks import list_names

_DEPARTMENTS: Final = 5
_TITLES: Final = 8
_EPOCH: Final = re.compile(r"1[0-9]{9}(?:[0-9]{3})?")
_YEARS: Final = range(2000, 2040)


def list_dialogue_facts(samples: Sequence[Sample], proposal: Proposal, trial: Trial) -> dict[str, str]:
    """Return what the dialogues have beside their turns, each with where it stands and how often."""
    facts = {
        "JSON form": _describe_json(samples) if proposal.file_format in {"json", "jsonl"} else "",
        "likely id": _describe_ids(trial),
        "department": _describe_departments(trial),
        "opening": _describe_opening(trial),
        "dates": _describe_dates(proposal.profiles),
    }
    if proposal.file_format == "transcript":
        titles = find_headings(samples, trial.source)[:_TITLES]
        facts["headings"] = ", ".join(titles)
        if cut := trial.left_out["trailing_block"]:
            facts["trailing blocks"] = f"{cut:,} characters below the talk are left out"
            facts["transcript"] = (
                "what most records have below the talk is left out" if trial.source.transcript.end else ""
            )
    return {name: text for name, text in facts.items() if text}


def _describe_json(samples: Sequence[Sample]) -> str:
    text = next((sample.head[:4096].lstrip(b"\xef\xbb\xbf \r\n\t") for sample in samples if sample.head.strip()), b"")
    lines = [line.strip() for line in text.split(b"\n") if line.strip()][:5]
    if lines and all(line[:1] in (b"{", b"[") for line in lines) and len(lines) > 1:
        return "a value a line"
    return {b"[": "an array", b"{": "an object, or objects one after another"}.get(text[:1], "inside other text")


def _name_fields(trial: Trial, field: str) -> str:
    names = list_names(getattr(trial.source.fields, field))
    return f"field {', '.join(names)}" if names else ""


def _describe_ids(trial: Trial) -> str:
    ids = [dialogue.source_id for dialogue in trial.dialogues if dialogue.source_id]
    if not ids:
        return ""
    group = trial.source.group_by
    place = f"field {', '.join(list_names(group))}" if group not in {"auto", "none", "file"} else ""
    place = place or _name_fields(trial, "id") or "found by name"
    return f"{place}; in {len(ids):,} of {len(trial.dialogues):,} dialogues, {len(set(ids)):,} different"


def _describe_departments(trial: Trial) -> str:
    counts = Counter(dialogue.department for dialogue in trial.dialogues if dialogue.department)
    if not counts:
        return ""
    most = ", ".join(f"{name} {count:,}" for name, count in counts.most_common(_DEPARTMENTS))
    place = _name_fields(trial, "department") or "found by name"
    return f"{place}; in {counts.total():,} of {len(trial.dialogues):,} dialogues: {most}"


def _describe_opening(trial: Trial) -> str:
    if place := _name_fields(trial, "opening"):
        return f"{place} is the patient's first turn"
    begun = Counter(dialogue.turns[0][0] for dialogue in trial.dialogues if dialogue.turns)
    return f"the patient speaks first in {begun['user']:,} of {begun.total():,} dialogues" if begun else ""


def _describe_dates(profiles: Mapping[str, FieldProfile]) -> str:
    found = []
    for name, profile in profiles.items():
        texts = sorted(text.strip() for text in profile.texts)
        if texts and profile.content == "date":
            found.append(f"{name}: {texts[0]} to {texts[-1]}")
        elif texts and profile.content in {"number", "label"} and all(map(_EPOCH.fullmatch, texts)):
            first, last = (_to_date(text) for text in (texts[0], texts[-1]))
            if first.year in _YEARS and last.year in _YEARS:
                unit = "milliseconds" if len(texts[0]) > len("1600000000") else "seconds"
                found.append(f"{name}: {first} to {last}, in {unit}")
    return "; ".join(found)


def _to_date(text: str) -> dt.date:
    seconds = int(text[: len("1600000000")])
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
