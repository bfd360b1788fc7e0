"""Model card: variables of its template, and metadata for the Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cmtmed.audit.origins import ENGLISH, describe_origins
from cmtmed.hub.card import CardFormat
from cmtmed.hub.citation import write_citation
from cmtmed.hub.gate import Finding
from cmtmed.hub.licenses import to_hub_name
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.training_data import TrainingBuild
from cmtmed.hub.staging import PublishedFile, Version
from cmtmed.models.card import (
    DISCLAIMER,
    LIMITS,
    TAGS,
    describe_model,
    render_stages,
    render_versions,
    select_metadata,
)
from cmtmed.models.record import TrainingRecord

CARD_FORMAT: Final = CardFormat(
    repo_type="model",
    template="model_card.md.jinja",
    sections=frozenset({"summary", "overridden", "load", "training", "data", "evaluation", "use", "citation", "build"}),
    metadata_keys=(
        "language", "license", "library_name", "pipeline_tag", "base_model", "datasets", "tags", "extra_gated_prompt",
        "extra_gated_fields",
    ),
    tags=frozenset({"reward-model"}),
)  # fmt: skip
_ACCESS_TERMS: Final = (
    "This model was trained on conversations between patients and doctors. I will not try to extract them, I will "
    "report anything it reveals about a person, and I will not use it in place of a doctor. "
    "本模型使用医患对话训练。我不会尝试从中提取对话，会报告其泄露的个人信息，也不会用它代替医生。"
)


def collect_variables(
    version: Version,
    files: Sequence[PublishedFile],
    details: ModelDetails,
    training: TrainingRecord,
    builds: Mapping[str, TrainingBuild],
    base: str,
    overridden: Sequence[Finding],
) -> dict[str, Any]:
    """Return everything that the card's template may use.

    Args:
        version: which version it is.
        files: those of the model.
        details: what people wrote.
        training: content of ``training.json``.
        builds: builds that it was trained on, by the SHA-256 of their manifests.
        base: name of the base model on the Hub, empty if it has none.
        overridden: findings that the publisher overrode.
    """
    return {
        "repo": version.repo,
        "tag": version.tag,
        "checksum": version.checksum,
        "details": details,
        "kind": training["kind"],
        "adapter": training["adapter"],
        "base": base,
        "bytes": sum(file.bytes for file in files),
        "description": describe_model(training, base, from_scratch=details.from_scratch),
        "disclaimer": DISCLAIMER,
        "stages": render_stages(training["stages"]),
        "limits": LIMITS,
        "builds": [_describe_build(build) for build in builds.values()],
        "others": sorted(
            {
                source["build"]["pipeline"] if source["build"] else source["name"]
                for stage in training["stages"]
                for source in stage["sources"]
                if not source["build"] or source["build"]["manifest"] not in builds
            }
        ),
        "citation": write_citation(details, version, "model"),
        "overridden": [finding.to_dict() for finding in overridden],
        "versions": render_versions(training),
    }


def collect_metadata(details: ModelDetails, training: TrainingRecord, base: str) -> dict[str, Any]:
    """Return the metadata of the card, under the names of the Hub's documentation."""
    metadata: dict[str, Any] = {
        "language": ["zh"],
        "license": to_hub_name(details.license) if details.license else "unknown",
        **select_metadata(training),
        "tags": sorted({*TAGS, *({"reward-model"} if training["kind"] == "reward" else ()), *details.tags}),
        # Shown by the Hub only while the repository is gated, which may change at any time.
        "extra_gated_prompt": details.gate_prompt or _ACCESS_TERMS,
        "extra_gated_fields": {"Affiliation": "text", "Purpose": "text", "I agree to these terms": "checkbox"},
    }
    optional = {"base_model": base, "datasets": list(details.datasets)}
    return metadata | {name: value for name, value in optional.items() if value}


def _describe_build(training_build: TrainingBuild) -> dict[str, Any]:
    manifest, labels = training_build.build.manifest, training_build.labels
    residual = training_build.audit["residual"] if training_build.audit else None
    if residual is not None and residual["status"] != "read":
        residual = None
    return {
        "pipeline": manifest.pipeline.name,
        "fingerprint": manifest.pipeline.fingerprint,
        "checksum": training_build.checksum,
        "kept": manifest.counts["kept"],
        "licenses": [*labels.known_licenses, *(["none"] if labels.unlicensed else [])],
        "risk": residual["per_thousand_turns"]["high"] if residual else None,
        "reading": describe_origins(training_build.audit, ENGLISH) if training_build.audit and residual else "",
    }
