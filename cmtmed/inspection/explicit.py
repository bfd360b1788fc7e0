"""Sources with everything that was detected written out, so that the same files are always read the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cmtmed.inspection.endings import add_endings
from cmtmed.inspection.profiles import FieldProfile, list_items
from cmtmed.inspection.proposal import Proposal
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.trial import Trial, is_valid, read_samples
from cmtmed.io.bytestream import SAMPLE_BYTES
from cmtmed.io.declared_fields import list_record_names
from cmtmed.io.encoding import detect_encoding
from cmtmed.io.field_names import find_names
from cmtmed.io.group_detection import detect_group
from cmtmed.io.record_fields import is_empty, plan_fields, squeeze
from cmtmed.io.record_flattening import flatten
from cmtmed.io.records import Record, Value
from cmtmed.io.shapes import RecordParser
from cmtmed.source import Source
from cmtmed.source_checks import list_names

_TEXTUAL: Final = frozenset({"csv", "tsv", "jsonl", "json", "transcript", "blocks", "html"})
_TITLE_SHARE: Final = 0.002
_CONTAINED: Final = 0.6
_METADATA: Final = ("id", "department", "subdepartment")
_BEFORE: Final = ("title", "opening", "question", "answer", "history", "messages", "text", "system")


def make_explicit(samples: Sequence[Sample], proposal: Proposal) -> Trial:
    """Return a trial of the proposed source with what was detected written out, where that changes nothing."""
    trial = proposal.trial
    for update in _iter_updates(samples, proposal):
        source = _merge(trial.source, update)
        if source == trial.source or not is_valid(source):
            continue
        candidate = read_samples(samples, source)
        if candidate.is_same_as(trial):
            trial = candidate
    return add_endings(samples, _add_department(samples, _join_title(samples, trial), proposal.profiles))


def _add_department(samples: Sequence[Sample], trial: Trial, profiles: Mapping[str, FieldProfile]) -> Trial:
    """Return a trial with a department where one is there under a name that says nothing."""
    if any(dialogue.department for dialogue in trial.dialogues):
        return trial
    name = next((p.name for p in profiles.values() if p.is_department and trial.ignored[p.name]), None)
    if name is None:
        return trial
    fields = trial.source.fields.model_copy(update={"department": name})
    return read_samples(samples, trial.source.model_copy(update={"fields": fields}))


def _join_title(samples: Sequence[Sample], trial: Trial) -> Trial:
    """Return a trial in which a title that says more than the question beside it stands above it."""
    fields = trial.source.fields
    share = trial.left_out["title"] / max(1, trial.characters)
    if share < _TITLE_SHARE or not isinstance(fields.title, str) or not isinstance(fields.question, str):
        return trial
    rows = [flatten(r.record.value) for r in trial.readings if isinstance(r.record.value, Mapping)]
    pairs = [(squeeze(str(row.get(fields.title) or "")), squeeze(str(row.get(fields.question) or ""))) for row in rows]
    if sum(title in question for title, question in pairs) > _CONTAINED * len(pairs):
        return trial
    joined = fields.model_copy(update={"title": None, "question": (fields.title, fields.question)})
    return read_samples(samples, trial.source.model_copy(update={"fields": joined}))


def _merge(source: Source, update: Mapping[str, object]) -> Source:
    """Return a source with other values; ``fields`` are merged one by one."""
    fields = update.get("fields")
    if isinstance(fields, Mapping):
        return source.model_copy(update={"fields": source.fields.model_copy(update=dict(fields))})
    return source.model_copy(update=dict(update))


def _iter_updates(samples: Sequence[Sample], proposal: Proposal) -> Iterator[Mapping[str, object]]:
    source = proposal.trial.source
    if source.format == "auto":
        yield {"format": proposal.file_format}
    encodings = {detect_encoding(sample.head[:SAMPLE_BYTES]) for sample in samples}
    if proposal.file_format in _TEXTUAL and source.encoding == "auto" and len(encodings) == 1:
        yield {"encoding": encodings.pop()}
    if proposal.file_format in {"csv", "tsv", "xlsx"}:
        if source.delimiter is None and proposal.file_format != "xlsx":
            for delimiter in (",", "\t", ";", "|"):
                yield {"delimiter": delimiter}
        if source.header == "auto":
            yield {"header": "first"}
    records = [reading.record.value for reading in proposal.trial.readings]
    rows = [value for value in records if isinstance(value, Mapping)]
    raw = [r.value for sample in samples for r in sample.read_records(source) if isinstance(r, Record)]
    yield from _iter_groups(raw, source)
    if not rows or proposal.file_format in {"transcript", "html"}:
        return
    # Records that were not looked at may use other names, which are found as long as no name is declared.
    if all(sample.is_seen for sample in samples) or proposal.is_by_content:
        names = {name for value in raw for found in list_record_names(value) for name in found}
        for change in _iter_fields(rows, proposal):
            # A record that rows were collected into has fields that no row has.
            fields = change.get("fields")
            if not isinstance(fields, Mapping) or set(fields.values()) <= names:
                yield change


def _iter_groups(values: Sequence[Value], source: Source) -> Iterator[Mapping[str, object]]:
    if source.group_by != "auto" or source.format in {"html", "transcript"}:
        return
    group = detect_group(list(values)[:200], source, RecordParser(source).turns)
    yield {"group_by": group if isinstance(group, str) else group[0]}


def _iter_fields(rows: Sequence[Mapping[str, Value]], proposal: Proposal) -> Iterator[Mapping[str, object]]:
    flat = [flatten(row) for row in rows]
    keys = tuple(dict.fromkeys(key for row in flat for key in row))
    filled = {key for row in flat for key, value in row.items() if not is_empty(value)}
    source = proposal.trial.source
    plan = plan_fields(keys, source.fields)
    ignored = proposal.trial.ignored
    used = {name for field in _BEFORE for name in list_names(getattr(source.fields, field))}
    for field in (*_BEFORE, *_METADATA):
        if getattr(source.fields, field) is not None:
            continue
        for key in plan.keys[field]:
            if key in used or key not in filled or ignored.get(key):
                continue
            used.add(key)
            yield {"fields": {field: key}}
            break
    yield from _iter_turn_fields(flat, source, keys)


def _iter_turn_fields(
    flat: Sequence[Mapping[str, Value]], source: Source, keys: Sequence[str]
) -> Iterator[Mapping[str, object]]:
    """Yield the fields of the turns in a list of messages."""
    if source.fields.role is not None:
        return
    turns = RecordParser(source).turns
    for key in find_names(keys, "messages"):
        values = [row[key] for row in flat if key in row]
        lists = list_items(FieldProfile(key, len(values), values))
        messages = [item for items in lists for item in items if isinstance(item, Mapping)]
        if messages and (plan := turns.find_plan(messages[0])) is not None:
            yield {"fields": {"role": plan[0], "content": plan[1]}}
            return
