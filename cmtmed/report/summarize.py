"""Summarize a build from its manifest and report, and check that they agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from cmtmed.anonymize.replace.actions import list_unredacted
from cmtmed.artifacts import REPORT_FILE
from cmtmed.builds import Build, BuildReport
from cmtmed.errors import DatasetError
from cmtmed.report.summary import BuildSummary, Removal, Step, rank_counts
from cmtmed.stats import StageStats


def summarize_build(build: Build) -> BuildSummary:
    """Summarize a build from its manifest and report.

    Raises:
        DatasetError: they are damaged or contradict each other.
    """
    manifest, report = build.manifest, build.report
    redaction = build.stage_options("redact_identifiers")
    redacts, unredacted = redaction is not None, list_unredacted(redaction)
    summary = BuildSummary(
        pipeline=manifest.pipeline.name,
        fingerprint=manifest.pipeline.fingerprint,
        seed=manifest.seed,
        versions={"cmtmed": manifest.versions.get("cmtmed", "?"), **manifest.versions},
        inputs=tuple((PurePath(file.path).name, file.bytes, file.sha256) for file in manifest.inputs),
        counts={name: manifest.counts[name] for name in ("read", "kept", "dropped", "quarantined")},
        steps=tuple(_list_steps(report.before.dialogues, report.stages)),
        characters=report.characters,
        removals=tuple(_list_removals(report)),
        warnings=report.warnings,
        drops=rank_counts(manifest.drops),
        quarantine=rank_counts(manifest.quarantine),
        before=report.before,
        after=report.after,
        redacts=redacts,
        unredacted=unredacted,
    )
    _check_consistency(build, summary)
    return summary


def _check_consistency(build: Build, summary: BuildSummary) -> None:
    counts, kept = summary.counts, summary.after.dialogues
    remaining = summary.steps[-1].remaining if summary.steps else summary.before.dialogues
    is_consistent = (
        counts["dropped"] == sum(summary.drops.values())
        and counts["quarantined"] == sum(summary.quarantine.values())
        and counts["read"] == counts["kept"] + counts["dropped"] + counts["quarantined"]
        and counts["kept"] == kept == remaining
    )
    if not is_consistent:
        raise DatasetError(
            f"manifest and {REPORT_FILE} of {str(build.root)!r} contradict each other: read {counts['read']}, kept "
            f"{counts['kept']} and {kept}, {remaining} left after the last stage; run cmtmed build again"
        )


def _list_steps(dialogues: int, stages: Sequence[StageStats]) -> Iterator[Step]:
    remaining = dialogues
    for stage in stages:
        remaining -= stage.dropped.total()
        yield Step(stage.stage, remaining, stage.edited, rank_counts(stage.dropped))


def _list_removals(report: BuildReport) -> Iterator[Removal]:
    steps = [("read", report.reading.left_out), *((stage.stage, stage.left_out) for stage in report.stages)]
    for stage, left_out in steps:
        for reason in sorted(left_out, key=lambda reason: (-left_out[reason], reason)):
            yield Removal(stage, reason, left_out[reason])
