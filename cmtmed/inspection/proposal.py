"""The choice of a source: candidates by content beside the source that reads by names, judged by trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cmtmed.inspection.message_lists import propose_turns
from cmtmed.inspection.page_openings import add_opening
from cmtmed.inspection.pages import propose_pages
from cmtmed.inspection.profiles import FieldProfile, profile_rows
from cmtmed.inspection.question_pages import PAGES, count_speech, propose_question_pages
from cmtmed.inspection.records import propose_records
from cmtmed.inspection.samples import Sample
from cmtmed.inspection.texts import decode_sample, propose_texts
from cmtmed.inspection.transcripts import propose_tabbed
from cmtmed.inspection.trial import Trial, is_valid, read_samples
from cmtmed.io.record_flattening import flatten
from cmtmed.io.records import Record, Value
from cmtmed.io.table_header import is_known_name
from cmtmed.source import Source

_TABLES: Final = frozenset({"csv", "tsv", "xlsx"})
_TABLE_NAMES: Final = (".csv", ".tsv", ".xls", ".xlsx")
_TEXTS: Final = frozenset({"transcript", "blocks"})
_MARGIN: Final = 0.02
_EXCELLENT: Final = 0.985
_CLEAN: Final = 0.1
"""Share of turns with something like a label in them up to which a reading by names is settled."""
_LONG: Final = 16
"""Turns of a dialogue on average up to which no two dialogues have been taken for one."""
_TIMES: Final = 3
_MORE: Final = 1.2
_APART: Final = 0.06
"""Score that a reading with several times as many dialogues of the same turns may be worse by."""
_GUESS: Final = 0.55
"""Certainty of the sides up to which it is anybody's guess who is who."""
_FEW: Final = 0.4
"""Score by which a candidate must beat what reads by names, divided by the number of dialogues: few say little."""


@dataclass(frozen=True)
class Proposal:
    """The source that reads a group of files best.

    Attributes:
        trial: what it makes of the samples.
        by_names: what the source that reads by names alone makes of them.
        file_format: the format, as declared or detected.
        profiles: the fields of the records.
    """

    trial: Trial
    by_names: Trial
    file_format: str
    profiles: Mapping[str, FieldProfile]

    @property
    def is_by_content(self) -> bool:
        """Whether names alone did not do."""
        return self.trial is not self.by_names


def choose_source(samples: Sequence[Sample], base: Source) -> Proposal:
    """Return the source that reads samples of like files best."""
    file_format = samples[0].detect_format(base)
    records = [r for sample in samples for r in sample.read_records(base) if isinstance(r, Record)]
    rows = [flatten(record.value) for record in records if isinstance(record.value, Mapping)]
    profiles = profile_rows(rows)
    pages = samples[:PAGES] if file_format == "html" else samples
    speech = count_speech(pages, base) if file_format == "html" else 0
    by_names = read_samples(pages, base, speech=speech)
    trials = [by_names]
    if not _is_settled(by_names):
        seen = set()
        for source in _propose(samples, base, file_format, records, rows, profiles):
            if (key := source.model_dump_json()) in seen or not is_valid(source):
                continue
            seen.add(key)
            trials.append(read_samples(pages, source, speech=speech))
            if file_format == "html" and trials[-1].score >= _EXCELLENT:
                break  # selectors are many, and the likely ones come first
    best = add_opening(pages, _choose(trials))
    if file_format in _TABLES and best.source.header == "none":
        rows = [dict(reading.record.value) for reading in best.readings]
        profiles = profile_rows(rows)
    return Proposal(best, by_names, best.source.format if best.source.format != "auto" else file_format, profiles)


def _is_settled(trial: Trial) -> bool:
    """Return whether names alone read everything, and the speakers sound right."""
    is_clear = trial.voice >= 0.9 or (trial.voice >= 0.5 and len(trial.dialogues) < 5)
    if trial.mean_turns > _LONG:
        return False  # several dialogues may have been read as one
    return trial.completeness >= 0.98 and trial.fidelity >= 0.995 and is_clear and trial.contamination <= _CLEAN


def _choose(trials: Sequence[Trial]) -> Trial:
    """Return the trial with the best score; of nearly equal ones that with most dialogues, then the first."""
    by_names, *others = trials
    margin = _MARGIN + _FEW / max(1, len(by_names.dialogues))
    better = [
        trial
        for trial in others
        if trial.sides > _GUESS
        and not _merges(trial, by_names)
        and (trial.score > by_names.score + margin or _divides(trial, by_names))
    ]
    if not better:
        return by_names
    top = max(better, key=lambda trial: trial.score)
    near = [trial for trial in better if trial.score >= top.score - _MARGIN or _divides(trial, top)]
    # A few dialogues more may be a header that is taken for data.
    more = [trial for trial in near if _count_complete(trial) >= _MORE * _count_complete(top)]
    return max(more, key=lambda trial: (round(_count_complete(trial)), trial.score), default=top)


def _count_complete(trial: Trial) -> float:
    return trial.completeness * _count_distinct(trial)


def _divides(trial: Trial, other: Trial) -> bool:
    """Return whether a trial reads the same text as several times as many dialogues, and hardly worse."""
    are_many = len(trial.dialogues) >= _TIMES * max(1, len(other.dialogues)) and other.mean_turns > _LONG
    is_same = abs(trial.characters - other.characters) <= _MARGIN * other.characters
    return are_many and is_same and trial.score >= other.score - _APART


def _count_distinct(trial: Trial) -> int:
    """Return the number of dialogues; several answers to one question are one."""
    return sum(len({dialogue.turns[0] for dialogue in r.dialogues if dialogue.turns}) for r in trial.readings)


def _merges(trial: Trial, by_names: Trial) -> bool:
    """Return whether a trial makes few dialogues of what names alone read as many with the right speakers."""
    is_read = by_names.completeness >= 0.5 and by_names.voice >= 0.6
    return is_read and 2 * len(trial.dialogues) < len(by_names.dialogues)


def _propose(
    samples: Sequence[Sample],
    base: Source,
    file_format: str,
    records: Sequence[Record],
    rows: Sequence[Mapping[str, Value]],
    profiles: Mapping[str, FieldProfile],
) -> Iterator[Source]:
    if file_format == "html":
        yield from propose_question_pages(samples, base)
        yield from propose_pages(samples, base)
        return
    if file_format in _TEXTS:
        yield from propose_texts(samples, base)
        return
    if file_format in _TABLES:
        yield from propose_tabbed([decode_sample(sample, base.encoding) for sample in samples], base)
        yield from _propose_headless(samples, base, rows)
        if not samples[0].name.lower().endswith(_TABLE_NAMES):
            yield from propose_texts(samples, base)
    yield from propose_records(profiles, rows, base)
    lists = [record.value for record in records if isinstance(record.value, list)]
    if lists:
        yield from propose_turns(FieldProfile("", len(lists), lists), base)


def _propose_headless(samples: Sequence[Sample], base: Source, rows: Sequence[Mapping[str, Value]]) -> Iterator[Source]:
    """Yield sources that name the columns of a table whose first row is no header."""
    if not rows:
        return
    names = tuple(rows[0])
    if any(is_known_name(name) for name in names) and not all(name.startswith("column") for name in names):
        return
    columns = tuple(f"column{number}" for number in range(1, len(names) + 1))
    headless = base.model_copy(update={"header": "none", "columns": columns})
    records = [r.value for sample in samples for r in sample.read_records(headless) if isinstance(r, Record)]
    yield from propose_records(profile_rows(records), records, headless)
