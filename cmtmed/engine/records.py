"""What a build records of itself: counts that add up, manifest and report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cmtmed.builds.manifest import CharacterCounts, HashedIds, Manifest, PipelineRecord, RecordCounts, library_versions
from cmtmed.builds.report import BuildReport
from cmtmed.builds.warnings import count_identifying_names, list_warnings
from cmtmed.engine.emit import Emission
from cmtmed.engine.inputs import InputFile
from cmtmed.engine.protocol import EngineResult, Job
from cmtmed.errors import BuildError
from cmtmed.inspection.resolution import Resolution


def count_records(result: EngineResult, emission: Emission) -> RecordCounts:
    """Count the records by outcome.

    Raises:
        BuildError: they do not add up.
    """
    counts: RecordCounts = {
        "read": result.before.dialogues + emission.quarantine.total(),
        "kept": emission.kept.dialogues,
        "dropped": emission.drops.total(),
        "quarantined": emission.quarantine.total(),
    }
    if counts["read"] != counts["kept"] + counts["dropped"] + counts["quarantined"]:
        raise BuildError(f"counts do not add up: {counts}; this is a bug in cmtmed, please report it")
    return counts


def count_characters(result: EngineResult, emission: Emission) -> CharacterCounts:
    """Count the characters by outcome.

    Raises:
        BuildError: they do not add up.
    """
    dialogues = result.before.nonblank_characters.total()
    left_out_by_stages = sum(stage.left_out.total() for stage in result.stages)
    counts: CharacterCounts = {
        "read": dialogues + result.reading.left_out.total(),
        "kept": emission.kept.nonblank_characters.total(),
        "dropped": emission.dropped_characters,
        "left_out": result.reading.left_out.total() + left_out_by_stages,
    }
    if counts["read"] != counts["kept"] + counts["dropped"] + counts["left_out"]:
        raise BuildError(f"characters do not add up: {counts}; this is a bug in cmtmed, please report it")
    return counts


def write_manifest(job: Job, resolution: Resolution, counts: RecordCounts, emission: Emission, key_mark: str) -> None:
    """Write the manifest to the result; ``key_mark`` tells keys of hashed ids apart."""
    pipeline = job.pipeline
    manifest = Manifest(
        pipeline=PipelineRecord(
            name=pipeline.name,
            fingerprint=pipeline.fingerprint(),
            stages=[{stage.name(): stage.options()} for stage in pipeline.stages],
        ),
        seed=pipeline.seed,
        proposed_sources=[
            proposal.source.model_dump(mode="json", exclude_defaults=True) for proposal in resolution.proposed
        ],
        inputs=[file.content for file in job.inputs],
        selection=job.selection,
        ids=HashedIds(key=key_mark) if key_mark else None,
        versions=library_versions(),
        counts=counts,
        drops=dict(sorted(emission.drops.items())),
        quarantine=dict(sorted(emission.quarantine.items())),
        views=dict(sorted(emission.rows.items())),
        files=emission.files,
    )
    manifest.write(job.workspace.result)


def create_report(
    job: Job,
    resolution: Resolution,
    out: Path,
    result: EngineResult,
    emission: Emission,
    counts: RecordCounts,
    characters: CharacterCounts,
    seconds: dict[str, float],
) -> BuildReport:
    """Return the report, with the warnings that follow from it."""
    losses = emission.drops + emission.quarantine
    return BuildReport(
        pipeline=job.pipeline.name,
        out=out,
        counts=counts,
        characters=characters,
        reading=result.reading,
        warnings=list_warnings(
            counts["read"],
            losses,
            characters["read"],
            result.reading,
            result.stages,
            job.selection,
            resolution,
            _find_changed_inputs(job.inputs),
            {**emission.identifying_labels, **count_identifying_names(job.files, result.before.sources)},
        ),
        stages=tuple(result.stages),
        drops=emission.drops,
        quarantine=emission.quarantine,
        before=result.before,
        after=emission.kept,
        rows=emission.rows,
        seconds=seconds,
    )


def _find_changed_inputs(inputs: Sequence[InputFile]) -> dict[str, str]:
    """Return what happened to the inputs that changed after they had been read, by path.

    The build holds what they were before, as its manifest says.
    """
    changes = {str(file.path): file.find_change(has_been_read=False) for file in inputs}
    return {path: change for path, change in changes.items() if change is not None}
