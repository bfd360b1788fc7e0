"""Findings about a group of files: the facts behind a proposed source, its fields and speakers, and doubts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from cmtmed.inspection.dialogue_facts import list_dialogue_facts
from cmtmed.inspection.groups import FileGroup
from cmtmed.inspection.inspection import Example, FieldFinding, GroupFinding, SpeakerFinding
from cmtmed.inspection.profiles import FieldProfile
from cmtmed.inspection.proposal import Proposal
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.speaker_names import list_speakers
from cmtmed.inspection.trial import Trial
from cmtmed.inspection.voice import mean_voice
from cmtmed.io.bytestream import SAMPLE_BYTES
from cmtmed.io.encoding import detect_encoding
from cmtmed.schema import Role
from cmtmed.source_checks import list_names
from cmtmed.text.sentences import split

EXAMPLES: Final = 3
_RAW_CHARACTERS: Final = 600
_PHRASES: Final = 8
_PHRASE_SHARE: Final = 0.02
_PHRASE_DIALOGUES: Final = 5
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_SHAPES: Final = {
    "single_turn": "a question and an answer in each record",
    "messages": "a list of turns in each record",
    "conversations": "a list of turns in each record",
    "history": "earlier turns, a question and an answer in each record",
    "prefixed": "one text with the speakers' labels in each record",
    "alternating": "texts without speakers, patient and doctor in turn",
}


def describe_group(group: FileGroup, proposal: Proposal, trial: Trial) -> GroupFinding:
    """Return what was found in the files of a group, and how the proposed source reads them."""
    finding = GroupFinding(
        trial.source, [file.name for file in group.files], sum(f.stat().st_size for f in group.files)
    )
    finding.facts = _list_facts(group.samples, proposal, trial)
    finding.fields = _list_fields(proposal.profiles, trial)
    finding.facts |= list_dialogue_facts(group.samples, proposal, trial)
    finding.speakers = list_speakers(trial) or _list_sides(trial)
    finding.phrases = _list_phrases(trial)
    finding.left_out = {reason: n for reason, n in trial.left_out.most_common() if n > 0}
    finding.ignored = {name: n for name, n in trial.ignored.most_common() if n > 0}
    finding.unreadable = dict(trial.failures.most_common())
    finding.records = len(trial.readings) + trial.failures.total()
    finding.dialogues = len(trial.dialogues)
    finding.completeness, finding.voice = round(trial.completeness, 4), round(trial.voice, 4)
    finding.doubts = _list_doubts(group, proposal, trial)
    finding.examples = _list_examples(trial)
    return finding


def _list_facts(samples: Sequence[Sample], proposal: Proposal, trial: Trial) -> dict[str, str]:
    source = trial.source
    facts = {}
    if samples:
        compressions = Counter(sample.compression for sample in samples)
        facts["compression"] = ", ".join(
            name if name != "none" else "not compressed" for name, _ in compressions.most_common()
        )
        facts["encoding"] = _explain_encoding(samples)
    facts["format"] = f"{proposal.file_format}, detected from the content" if source.format != "auto" else ""
    if proposal.file_format in {"csv", "tsv", "xlsx"}:
        facts["delimiter"] = f"each row has {len(proposal.profiles)} cells"
        facts["header"] = (
            "the first row is data; the names below are made up"
            if source.header == "none"
            else f"the first row names the columns: {', '.join(proposal.profiles)}"
        )
    facts["shape"] = _SHAPES.get(source.shape, "the layout is found record by record")
    if source.group_by not in {"auto", "none"}:
        facts["group_by"] = "each record is one turn; the turns of a dialogue have this in common"
    if proposal.is_by_content:
        facts["fields"] = "found by what the texts say"
        facts["roles"] = "by what each of them says"
    return {name: text for name, text in facts.items() if text}


def _explain_encoding(samples: Sequence[Sample]) -> str:
    head = samples[0].head[:SAMPLE_BYTES]
    encoding = detect_encoding(head)
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return f"{encoding}: begins with a byte order mark"
    if encoding == "utf-8":
        is_ascii = head.isascii()
        return "utf-8: ASCII only" if is_ascii else f"utf-8: the first {len(head):,} bytes decode strictly"
    return f"{encoding}: no UTF-8, and read so most characters are common Chinese ones"


def _list_fields(profiles: Mapping[str, FieldProfile], trial: Trial) -> list[FieldFinding]:
    declared = trial.source.fields.model_dump(exclude_none=True)
    grouping = {"group": trial.source.group_by, "order": trial.source.order_by}
    read_as = {
        name: use
        for use, names in grouping.items()
        if names not in {"auto", "none", "file"}
        for name in list_names(names)
    }
    for field, names in declared.items():
        for name in [names] if isinstance(names, str) else names:
            read_as.setdefault(name, field)
    ignored = trial.ignored
    return [
        FieldFinding(
            name,
            profile.content,
            round(profile.fill, 3),
            round(profile.mean_length, 1),
            profile.max_length,
            round(profile.distinct, 3),
            round(profile.voice, 2),
            read_as.get(name, "not read" if ignored.get(name) else ""),
        )
        for name, profile in profiles.items()
    ]


def _list_sides(trial: Trial) -> list[SpeakerFinding]:
    """Return the two sides where no name says who speaks."""
    texts: dict[Role, list[str]] = defaultdict(list)
    for dialogue in trial.dialogues:
        for role, text in dialogue.turns:
            texts[role].append(text)
    labels = {"user": "patient", "assistant": "doctor", "system": "system"}
    return [
        SpeakerFinding(labels[role], len(said), round(mean_voice(said), 2), role, "by field or place")
        for role, said in texts.items()
    ]


def _list_phrases(trial: Trial) -> dict[str, float]:
    """Return sentences that many dialogues share, which no patient would have written so often."""
    counts: Counter[str] = Counter()
    for dialogue in trial.dialogues:
        sentences = {text[start:end].strip() for _, text in dialogue.turns for start, end in split(text)}
        counts.update(s for s in sentences if 6 <= len(s) <= 80)
    total = max(1, len(trial.dialogues))
    least = max(_PHRASE_DIALOGUES, _PHRASE_SHARE * total)
    return {text: round(n / total, 3) for text, n in counts.most_common(_PHRASES) if n >= least}


def _list_doubts(group: FileGroup, proposal: Proposal, trial: Trial) -> list[str]:
    doubts = []
    if not trial.dialogues:
        return [_explain_nothing(group, trial)]
    if trial.completeness < 0.9:
        doubts.append(f"in {1 - trial.completeness:.0%} of the records only one side speaks, or they cannot be read")
    if trial.voice < 0.6:
        doubts.append("the doctor does not sound more like a doctor than the patient; check who is who in the examples")
    if proposal.is_by_content:
        doubts.append("the names do not say which field or speaker is whose; what they say does: see the examples")
    doubts += [
        f"field {name!r} holds texts of {profile.mean_length:.0f} characters on average and is not read; "
        f"add it to fields or to ignore_fields"
        for name, profile in proposal.profiles.items()
        if profile.content == "text" and trial.ignored.get(name)
    ]
    if trial.source.header == "none":
        doubts.append("the first row is taken for data, because it names no columns")
    for reason, count in trial.failures.items():
        doubts.append(f"{count} records of the sample cannot be read: {reason}")
    if any(sample.is_damaged for sample in group.samples):
        doubts.append("a compressed file ends early or is damaged; what comes before is read")
    if trial.fidelity < 0.95:
        doubts.append(f"{1 - trial.fidelity:.1%} of the text stands in no turn; see what was left out")
    return doubts


def _explain_nothing(group: FileGroup, trial: Trial) -> str:
    if not any(sample.head.strip() for sample in group.samples):
        return "these files are empty"
    reasons = ", ".join(f"{reason} {count}" for reason, count in trial.failures.most_common(3))
    return f"no dialogue was found ({reasons or 'no records'}); describe the files by hand: docs/crawl-formats.md"


def _list_examples(trial: Trial) -> list[Example]:
    """Return records from the beginning, the middle and the end of the sample."""
    readings = [reading for reading in trial.readings if reading.dialogues and reading.dialogues[0].turns]
    step = max(1, (len(readings) - 1) // max(1, EXAMPLES - 1))
    examples = []
    for reading in readings[::step][:EXAMPLES]:
        value = reading.record.value
        is_text = isinstance(value, dict) and set(value) == {"text"} and isinstance(value["text"], str)
        raw = value["text"] if is_text else json.dumps(value, ensure_ascii=False, default=str)
        turns: list[tuple[str, str]] = [(role, text) for role, text in reading.dialogues[0].turns]
        examples.append(Example(reading.record.position, raw[:_RAW_CHARACTERS], turns))
    return examples


def name_source(group: FileGroup, number: int, names: set[str]) -> str:
    """Return a name for a group's source, taken from its only file or its format."""
    stem = group.files[0].name.partition(".")[0] if len(group.files) == 1 else ""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem).strip("._") or f"source{number}"
    while name in names:
        name = f"{name}_{number}"
    names.add(name)
    return name
