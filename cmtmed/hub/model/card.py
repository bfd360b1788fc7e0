"""The card of a model: figures for its template, and what the Hub reads of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cmtmed.hub.card import Form
from cmtmed.hub.dataset.card import Version, citation
from cmtmed.hub.dataset.shards import PublishedFile
from cmtmed.hub.gate import Finding
from cmtmed.hub.licenses import hub_name
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.training_data import Taught

FORM: Final = Form(
    kind="model",
    template="model_card.md.jinja",
    sections=frozenset({"summary", "overridden", "load", "training", "data", "evaluation", "use", "citation", "build"}),
    first=(
        "language", "license", "library_name", "pipeline_tag", "base_model", "datasets", "tags", "extra_gated_prompt",
        "extra_gated_fields",
    ),
    tags=frozenset({"reward-model"}),
)  # fmt: skip
_TAGS: Final = ("medical", "chinese", "doctor-patient", "conversational", "cmtmed")
_PROMPT: Final = (
    "This model learnt from conversations of patients with doctors. I will not try to get back what they said, I will "
    "report what it gives away of anybody, and I will not let it stand in for a doctor."
)
_STAGES: Final = {
    "unknown": "training that nothing tells of",
    "tokenizer": "a tokenizer",
    "pretrain": "continued pretraining",
    "sft": "supervised fine-tuning",
    "reward": "reward model",
    "ppo": "PPO",
}


def facts(
    version: Version,
    files: Sequence[PublishedFile],
    details: ModelDetails,
    training: Mapping[str, Any],
    taught: Mapping[str, Taught],
    base: str,
    overridden: Sequence[Finding],
) -> dict[str, Any]:
    """Return everything that the card's template may use.

    Args:
        version: which version it is.
        files: the model's.
        details: what people wrote.
        training: what ``training.json`` holds.
        taught: builds that it learnt from, by the SHA-256 of their manifests.
        base: name of the base on the Hub, empty if it has none.
        overridden: findings that whoever publishes went past.
    """
    return {
        "repo": version.repo,
        "tag": version.tag,
        "checksum": version.checksum,
        "details": details,
        "kind": training["kind"],
        "adapter": training["adapter"],
        "base": base,
        "bytes": sum(one.bytes for one in files),
        "stages": [{**stage, "title": _STAGES.get(stage["stage"], stage["stage"])} for stage in training["stages"]],
        "builds": [_build(one) for one in taught.values()],
        "others": sorted(
            {
                source["build"]["pipeline"] if source["build"] else source["name"]
                for stage in training["stages"]
                for source in stage["sources"]
                if not source["build"] or source["build"]["manifest"] not in taught
            }
        ),
        "citation": citation(details, version, "model"),
        "overridden": [finding.told() for finding in overridden],
        "versions": dict(sorted(training["stages"][-1]["versions"].items())),
    }


def metadata(details: ModelDetails, training: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Return the metadata of the card, as the Hub's documentation names it."""
    told: dict[str, Any] = {
        "language": ["zh"],
        "license": hub_name(details.license) if details.license else "unknown",
        "library_name": "peft" if training["adapter"] else "transformers",
        "pipeline_tag": "text-classification" if training["kind"] == "reward" else "text-generation",
        "tags": sorted({*_TAGS, *({"reward-model"} if training["kind"] == "reward" else ()), *details.tags}),
        # The Hub shows them where the repository is gated, which may be decided any day.
        "extra_gated_prompt": details.gate_prompt or _PROMPT,
        "extra_gated_fields": {"Affiliation": "text", "Purpose": "text", "I agree to these terms": "checkbox"},
    }
    known = {"base_model": base, "datasets": list(details.datasets)}
    return told | {name: value for name, value in known.items() if value}


def _build(one: Taught) -> dict[str, Any]:
    residual = one.audit["residual"] if one.audit else None
    read = residual is not None and residual["status"] == "read"
    return {
        "pipeline": one.manifest["pipeline"]["name"],
        "fingerprint": one.manifest["pipeline"]["fingerprint"],
        "checksum": one.checksum,
        "kept": one.manifest["counts"]["kept"],
        "licenses": [*one.survey.licensed, *(["none"] if one.survey.unlicensed else [])],
        "risk": residual["per_thousand_turns"]["high"] if residual is not None and read else None,
        "turns_read": residual["read"] if residual is not None and read else 0,
    }
