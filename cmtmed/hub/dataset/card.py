"""Variables of the dataset card's template: figures of the build, never typed in by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cmtmed.audit.content import AuditContent
from cmtmed.audit.origins import ENGLISH, ZH, describe_origins
from cmtmed.audit.statement import render_statement
from cmtmed.builds import Build
from cmtmed.hub.citation import write_citation
from cmtmed.hub.dataset.card_tables import (
    compare_with_crawl,
    describe_license,
    list_departments,
    list_sources,
    list_splits,
    list_stages,
    summarize_duplicates,
    summarize_inquiries,
)
from cmtmed.hub.dataset.configs import CONFIGS, default_config
from cmtmed.hub.dataset.details import DatasetDetails
from cmtmed.hub.dataset.example import write_example
from cmtmed.hub.dataset.label_scan import LabelScan
from cmtmed.hub.gate import Finding
from cmtmed.hub.licenses import NONE
from cmtmed.hub.staging import PublishedFile, Version


def collect_variables(
    build: Build,
    version: Version,
    files: Sequence[PublishedFile],
    details: DatasetDetails,
    audit: AuditContent | None,
    labels: LabelScan,
    overridden: Sequence[Finding],
    *,
    chart: str,
) -> dict[str, Any]:
    """Return everything that the card's template may use.

    Args:
        build: the build.
        version: which version it is.
        files: the data files.
        details: what people wrote.
        audit: content of ``audit/audit.json``, None if there is no audit of exactly these dialogues.
        labels: the scan of the columns beside the text.
        overridden: findings that the publisher overrode.
        chart: path of the stage chart in the repository.

    Raises:
        UsageError: the build publishes no dialogue with the id that the example row is to show.
    """
    manifest, report = build.manifest, build.report
    configs = {file.config for file in files}
    licenses = [*labels.known_licenses, *([NONE] if labels.unlicensed else [])]
    return {
        "repo": version.repo,
        "tag": version.tag,
        "checksum": version.checksum,
        "details": details,
        "counts": manifest.counts,
        "selection": manifest.selection.describe() if manifest.selection else "",
        "turns": {"doctor": report.after.turns["assistant"], "patient": report.after.turns["user"]},
        "stages": list_stages(report.stages, report.before.dialogues),
        "quarantine": manifest.quarantine,
        "before_after": compare_with_crawl(report.before, report.after),
        "chart": chart,
        "example": write_example(build, details.example_id),
        "invented": details.example_id is None,
        "sources": list_sources(build, labels, details),
        "licenses": [details.license] if details.license else licenses,
        "license_note": describe_license(details, labels),
        "departments": list_departments(report.after),
        "duplicates": summarize_duplicates(build),
        "inquiries": summarize_inquiries(build),
        "redacted": build.stage_options("redact_identifiers") is not None,
        "identifiers": report.after.identifiers,
        "residual": audit["residual"] if audit else None,
        "reading": [describe_origins(audit, language) if audit else "" for language in (ENGLISH, ZH)],
        "hashed_ids": bool(version.key_mark),
        # Below the card's own heading, and without the notes to whoever builds the dataset.
        "privacy": render_statement(audit, hashed_ids=bool(version.key_mark), level=3, with_builder_notes=False)
        if audit
        else "",
        "configs": {name: purpose for name, purpose in CONFIGS.items() if name in configs},
        "default_config": default_config(files),
        "splits": list_splits(files),
        "citation": write_citation(details, version, "dataset"),
        "overridden": [finding.to_dict() for finding in overridden],
        "build": {
            "checksum": version.build,
            "pipeline": manifest.pipeline.name,
            "fingerprint": manifest.pipeline.fingerprint,
            "seed": manifest.seed,
            "versions": manifest.versions,
        },
    }
