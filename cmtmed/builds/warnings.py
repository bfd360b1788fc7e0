"""Warnings at the end of a build: text that was not read, and losses too large to be intended.

They contain counts and the names of fields, stages and reasons, never text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cmtmed.inspection.resolution import Resolution
from cmtmed.io.selection import Selection
from cmtmed.stats import ReadingStats, StageStats, add_counts

MAX_RECORDS_SHARE: Final = 0.5
"""Share of the records that may be lost to one reason without a warning."""
MAX_TEXT_SHARE: Final = 0.05
"""Share of the text that may be left out without a warning."""
NO_TEXT: Final = frozenset(
    {
        "metadata", "file_metadata", "speaker", "markup", "duplicate_field", "duplicate_turn", "repeated_field",
        "repeated_question", "form_label", "system_turn", "edited",
    }
)  # fmt: skip
"""Reasons under which no text of a dialogue is lost: labels, markup, ids, and what stands in the dialogue elsewhere."""

_MAX_NAMES: Final = 8

_LABELS: Final = {
    "source_id": (
        "record ids",
        "set `ids: hash` in the pipeline, which replaces all ids by keyed hashes, and build again",
    ),
    "department": ("departments", "do not map that field in the source, and build again"),
    "subdepartment": ("subdepartments", "do not map that field in the source, and build again"),
    "source": ("names of sources", "rename them in the pipeline, and build again"),
    "file": (
        "names of input files",
        "rename the files, and build again; `ids: hash` keeps their names out of ids, the manifest still has them",
    ),
}
"""Labels that are searched for identifiers: what they are called, and the next step."""


class BuildWarning(BaseModel):
    """A fact about a build that its user should look at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Literal[
        "part_of_the_crawl",
        "input_changed",
        "proposed_source",
        "unknown_layout",
        "missing_field",
        "unread_fields",
        "lost_to_one_reason",
        "text_left_out",
        "identifying_labels",
    ]
    message: str = Field(description="The fact and the next step, in one line.")
    counts: dict[str, int] = Field(description="Characters or records by field or reason.")


def list_warnings(
    records: int,
    losses: Mapping[str, int],
    characters: int,
    reading: ReadingStats,
    stages: Sequence[StageStats],
    selection: Selection | None = None,
    resolution: Resolution | None = None,
    changed_inputs: Mapping[str, str] = MappingProxyType({}),
    labels: Mapping[str, int] = MappingProxyType({}),
) -> tuple[BuildWarning, ...]:
    """Return the warnings of a build.

    Args:
        records: number of records read.
        losses: records dropped or quarantined, by reason.
        characters: number of characters read.
        reading: what the readers left out.
        stages: what each stage did.
        selection: the records that were read, if not all.
        resolution: the sources that the crawl was read by, if some were looked for.
        changed_inputs: what happened to the files that changed after they had been read, by path.
        labels: labels that look like identifiers, by what they are: a column, ``source`` or ``file``.
    """
    warnings = (
        _warn_selection(selection),
        _warn_changed_inputs(changed_inputs),
        *((_warn_proposals(resolution), _warn_unknown(resolution)) if resolution else ()),
        _warn_missing_field(losses, reading),
        _warn_unread_fields(reading),
        _warn_losses(records, losses),
        _warn_left_out(characters, reading, stages),
        _warn_labels(labels),
    )
    return tuple(warning for group in warnings for warning in group)


def count_identifying_names(files: Iterable[PurePath], sources: Iterable[str]) -> dict[str, int]:
    """Count the names of input files and of sources that look like identifiers, as ``file`` and ``source``."""
    # The rules are imported when something has been read: a build does not wait for them to begin.
    from cmtmed.anonymize.labels import find_identifying_labels

    names = {"file": {file.name for file in files}, "source": {*sources}}
    return {label: len(find_identifying_labels(sorted(values))) for label, values in names.items()}


def _warn_labels(labels: Mapping[str, int]) -> Iterator[BuildWarning]:
    """Warn of each kind of label that looks like an identifier, by number alone."""
    for name, (subject, way_out) in _LABELS.items():
        count = labels.get(name, 0)
        if count:
            yield BuildWarning(
                code="identifying_labels", message=f"{count:,} {subject} look like identifiers of people; {way_out}",
                counts={name: count},
            )  # fmt: skip


def _warn_selection(selection: Selection | None) -> Iterator[BuildWarning]:
    if selection is not None:
        yield BuildWarning(
            code="part_of_the_crawl",
            message=f"this build holds {selection.describe()} of the crawl; build without --limit and --sample for all",
            counts={name: size for name in ("limit", "sample") if (size := getattr(selection, name)) is not None},
        )


def _warn_changed_inputs(changes: Mapping[str, str]) -> Iterator[BuildWarning]:
    if changes:
        names = [f"{path!r} {change}" for path, change in changes.items()]
        yield BuildWarning(
            code="input_changed",
            message=f"{len(changes):,} inputs changed after they had been read: {_shorten(names)}; the build holds "
            "what they were before, as its manifest says; build again to have what they are now",
            counts={"files": len(changes)},
        )


def _warn_proposals(resolution: Resolution) -> Iterator[BuildWarning]:
    for proposal in resolution.proposed:
        yield BuildWarning(
            code="proposed_source",
            message=f"names find no dialogue in some files, which were read by what they hold: {proposal.describe()}; "
            "look at some dialogues, then keep the source: cmtmed inspect INPUT --out my.yaml",
            counts={"files": proposal.files},
        )


def _warn_unknown(resolution: Resolution) -> Iterator[BuildWarning]:
    for doubt, files in resolution.unknown:
        yield BuildWarning(
            code="unknown_layout",
            message=f"neither names nor contents of {files:,} files show dialogues for certain: {doubt}; look at them "
            "with cmtmed inspect, and declare their source (docs/crawl-formats.md)",
            counts={"files": files},
        )


def _warn_missing_field(losses: Mapping[str, int], reading: ReadingStats) -> Iterator[BuildWarning]:
    fields = reading.list_unfit_fields()
    if not fields:
        return
    names = [f"{name} ({count:,} records)" for name, count in fields.items()]
    records = losses.get("missing_field", 0)
    subject = f"{records:,} records have" if records else "some records have"
    yield BuildWarning(
        code="missing_field",
        message=f"{subject} no field that is known to hold a dialogue; fields that are there: {_shorten(names)}; "
        "declare what they hold in `fields` of the source, or let `cmtmed inspect` propose one",
        counts=fields,
    )


def _warn_unread_fields(reading: ReadingStats) -> Iterator[BuildWarning]:
    fields = reading.list_unread_fields()
    if not fields:
        return
    names = [
        f"{name} ({count['records']:,} records, {count['characters']:,} characters)" for name, count in fields.items()
    ]
    yield BuildWarning(
        code="unread_fields",
        message=f"fields that were not read: {_shorten(names)}; declare what they hold in `fields` of the source, "
        "or list them in `ignore_fields`",
        counts={name: count["characters"] for name, count in fields.items()},
    )


def _warn_losses(records: int, losses: Mapping[str, int]) -> Iterator[BuildWarning]:
    for reason, count in sorted(losses.items()):
        if count > MAX_RECORDS_SHARE * records:
            yield BuildWarning(
                code="lost_to_one_reason",
                message=f"{count:,} of {records:,} records ({count / records:.0%}) were lost as {reason!r}; "
                "look at some of them with `cmtmed explain`, and at the crawl with `cmtmed inspect`",
                counts={reason: count},
            )


def _warn_left_out(characters: int, reading: ReadingStats, stages: Sequence[StageStats]) -> Iterator[BuildWarning]:
    left_out: Counter[str] = Counter(reading.left_out)
    for stage in stages:
        left_out = add_counts(left_out, stage.left_out)
    texts = {reason: count for reason, count in left_out.most_common() if count > 0 and reason not in NO_TEXT}
    total = sum(texts.values())
    if total > MAX_TEXT_SHARE * characters:
        reasons = [f"{reason} {count:,}" for reason, count in texts.items()]
        yield BuildWarning(
            code="text_left_out",
            message=f"{total:,} of {characters:,} characters ({total / characters:.0%}) were left out of the "
            f"dialogues: {_shorten(reasons)}; `cmtmed explain` shows them by dialogue",
            counts=texts,
        )


def _shorten(items: Sequence[str]) -> str:
    hidden = len(items) - _MAX_NAMES
    return ", ".join(items[:_MAX_NAMES]) + (f" and {hidden} more" if hidden > 0 else "")
