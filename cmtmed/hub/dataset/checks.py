"""Checks of a build: every reason not to publish its dialogues, or a model that was trained on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from cmtmed.anonymize.labels import find_identifying_labels
from cmtmed.anonymize.replace.actions import list_unredacted
from cmtmed.artifacts import HashedFile
from cmtmed.audit import is_settled, read_audit
from cmtmed.audit.split_leakage import measure_split_leakage
from cmtmed.builds import Build, Manifest
from cmtmed.errors import DatasetError
from cmtmed.hub.dataset.benchmarks import count_overlaps
from cmtmed.hub.dataset.details import DatasetDetails
from cmtmed.hub.dataset.label_scan import LabelScan
from cmtmed.hub.gate import MAX_EXAMPLES, Acknowledgement, Finding, check_card, check_licenses


def check_build(
    build: Build,
    files: Sequence[HashedFile],
    labels: LabelScan,
    details: DatasetDetails,
    acknowledgement: Acknowledgement,
) -> list[Finding]:
    """Return every reason not to publish a build, in the order of `CHECKS`.

    Args:
        build: the build.
        files: its tables that are to be published, as they are now.
        labels: the scan of the columns beside the text.
        details: the part of the card that people write.
        acknowledgement: what the publisher accepts.

    Raises:
        DatasetError: the dialogue table is damaged.
        InputError: a test set to compare with is missing or cannot be read.
    """
    manifest = build.manifest
    return [
        *_check_files(manifest, files, labels),
        *_check_redaction(manifest),
        *_check_labels(manifest, labels),
        *_check_audit(build.root, acknowledgement.max_risk),
        *check_licenses(labels.known_licenses, labels.unlicensed, details.license),
        *_check_test_sets(build, labels, acknowledgement.against),
        *_check_splits(build),
        *_check_quarantine(manifest, acknowledgement.quarantined),
        *check_card(details.empty_fields(), details.example),
    ]


def check_training_build(
    build: Build, files: Sequence[HashedFile], labels: LabelScan, acknowledgement: Acknowledgement
) -> list[Finding]:
    """Return every reason not to publish a model trained on a build, except licences.

    A model can only reveal text, so ids and departments, which it never saw, do not matter.

    Args:
        build: the build.
        files: its tables as they are now.
        labels: the scan of the columns beside the text.
        acknowledgement: what the publisher accepts.

    Raises:
        DatasetError: the audit is damaged.
    """
    findings = [
        *_check_files(build.manifest, files, labels),
        *_check_redaction(build.manifest),
        *_check_audit(build.root, acknowledgement.max_risk),
        *_check_test_sets(build, labels, acknowledgement.against),
    ]
    name = build.manifest.pipeline.name
    return [replace(finding, reason=f"build {name!r}: {finding.reason}") for finding in findings]


def _check_files(manifest: Manifest, files: Sequence[HashedFile], labels: LabelScan) -> Iterator[Finding]:
    """The audit covers the table of dialogues; views hold the same text only if nobody has changed them since."""
    kept = manifest.counts["kept"]
    if labels.rows != kept:
        yield Finding("files", f"the manifest lists {kept:,} dialogues, but there are {labels.rows:,}", "build again")
    recorded = {file.path: file.sha256 for file in manifest.files}
    if not recorded:
        yield Finding("files", "built by an earlier cmtmed, without checksums of its tables", "build again")
        return
    changed = [file.path for file in files if recorded.get(file.path) != file.sha256]
    tables = {file.path.split("/")[0] for file in files}
    missing = {path for path in recorded if path.split("/")[0] in tables} - {file.path for file in files}
    if changed or missing:
        names = ", ".join(sorted([*changed, *missing])[:MAX_EXAMPLES])
        yield Finding(
            "files",
            f"{len(changed) + len(missing):,} files differ from what was built ({names})",
            "build again; change rows with a stage, so that every table has the change",
        )


def _check_redaction(manifest: Manifest) -> Iterator[Finding]:
    options = manifest.stage_options("redact_identifiers")
    if options is None:
        yield Finding(
            "anonymization",
            f"pipeline {manifest.pipeline.name!r} has no stage redact_identifiers, so nothing was replaced",
            "add the stage and build again",
        )
        return
    kept = list_unredacted(options)
    if kept:
        yield Finding(
            "anonymization",
            f"the pipeline leaves identifiers in the text: {', '.join(sorted(kept))}",
            "give these types an action other than keep and build again",
        )


def _check_labels(manifest: Manifest, labels: LabelScan) -> Iterator[Finding]:
    inputs = [PurePath(file.path).name for file in manifest.inputs]
    for category, names in (("sources", list(labels.train_sources)), ("input files", inputs)):
        count = len(find_identifying_labels(names))
        if count:
            yield Finding(
                "anonymization",
                f"the names of {count:,} {category} look like identifiers",
                "rename them and build again",
            )
    if labels.sentences:
        yield Finding(
            "anonymization",
            f"{labels.sentences:,} departments are as long as sentences",
            "map the field to another one in the source and build again",
        )
    for name, count in labels.identifying.items():
        yield Finding(
            "anonymization",
            f"{count:,} values of the column {name!r} look like identifiers",
            "publish with --hash-ids" if name.endswith("id") else "do not map the field in the source and build again",
        )


def _check_audit(out: Path, max_risk: float) -> Iterator[Finding]:
    directory = str(out)
    try:
        audit = read_audit(out)
    except DatasetError:
        way_out = "run cmtmed audit DIR"
        exists = (out / "audit" / "audit.json").is_file()
        reason = "the audit is damaged, or covers dialogues other than those of the build" if exists else "no audit"
        yield Finding("audit", reason, way_out, directory)
        yield Finding("risk", "without an audit, nobody knows what was missed", way_out, directory)
        return
    if audit.content["scope"]["dropped"]:
        yield Finding(
            "audit",
            "the audit also counts dropped dialogues, which are not published",
            "run cmtmed audit DIR without --dropped",
            directory,
        )
    if not is_settled(audit):
        yield Finding(
            "risk",
            "verdicts were given after the audit was made, and it does not count them",
            "run cmtmed audit DIR",
            directory,
        )
        return
    residual = audit.residual
    if residual["status"] != "read":
        progress = f"there are verdicts on {residual['read']:,} turns" if residual["read"] else "nobody read it"
        yield Finding(
            "risk", f"the audit's sample has not been read ({progress}), so the remaining risk is unknown",
            "run cmtmed audit DIR --review", directory,
        )  # fmt: skip
        return
    risk = residual["per_thousand_turns"]["high"]
    if risk > max_risk:
        yield Finding(
            "risk",
            f"up to {risk:.1f} of 1,000 turns may still identify somebody, but --max-risk is {max_risk:g}",
            "add recognizers or stricter actions and build again, read a larger sample (cmtmed audit --size), or "
            "pass the risk that you accept as --max-risk",
        )


def _check_test_sets(build: Build, labels: LabelScan, against: Sequence[Path]) -> Iterator[Finding]:
    test_sources: Sequence[str] = (build.stage_options("drop_benchmark_overlap") or {}).get("test_sources", ())
    if not test_sources and not against:
        yield Finding(
            "test-sets",
            "the dialogues were not compared with any test set",
            "name the sources that are test sets in drop_benchmark_overlap.test_sources and build again, or pass "
            "their files as --against",
        )
    missing = [source for source in test_sources if source not in build.report.before.sources]
    if missing:
        yield Finding(
            "test-sets",
            f"sources named as test sets hold no dialogue: {', '.join(sorted(missing))}",
            "correct their names, or add their files to the build",
        )
    leaked = {source: count for source in test_sources if (count := labels.train_sources.get(source, 0))}
    if leaked:
        counts = ", ".join(f"{source} {count:,}" for source, count in sorted(leaked.items()))
        yield Finding(
            "test-sets",
            f"dialogues of test sets are in the training data ({counts})",
            "name these sources in assign_split.test_sources and build again",
        )
    for path in against:
        count = count_overlaps(build, path)
        if count:
            yield Finding(
                "test-sets", f"{count:,} dialogues contain text of {path.name}",
                "make the file a source of the pipeline, name it in drop_benchmark_overlap.test_sources, build again",
            )  # fmt: skip


def _check_splits(build: Build) -> Iterator[Finding]:
    leakage = measure_split_leakage(build)
    if leakage.crossing:
        yield Finding(
            "splits",
            f"{leakage.crossing:,} of {leakage.questions:,} first questions stand in two splits",
            "build again with the stage assign_split, which gives a question one split",
        )


def _check_quarantine(manifest: Manifest, quarantined: int | None) -> Iterator[Finding]:
    count = manifest.counts["quarantined"]
    if count and quarantined != count:
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in manifest.quarantine.items())
        contrast = "" if quarantined is None else f", not {quarantined:,}"
        yield Finding(
            "quarantine", f"{count:,} records could not be read{contrast} ({reasons})",
            f"look at quarantine/ in the build, then correct the source or pass --quarantined {count}",
        )  # fmt: skip
