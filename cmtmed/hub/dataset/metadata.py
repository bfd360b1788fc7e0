"""What the Hub reads of a dataset card: licence, size, configs, features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cmtmed.hub.card import Form
from cmtmed.hub.dataset.card import CONFIGS, default_config
from cmtmed.hub.dataset.shards import PublishedFile
from cmtmed.hub.details import CardDetails
from cmtmed.hub.licenses import hub_name

_CATEGORIES: Final = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"),
)  # fmt: skip
_TAGS: Final = ("medical", "dialogue", "doctor-patient", "conversational", "cmtmed")
_PROMPT: Final = (
    "These are conversations of patients with doctors. I will not try to identify anybody, I will report what still "
    "identifies somebody, and I will not pass the data on without these terms."
)
_FIRST: Final = (
    "pretty_name", "language", "license", "task_categories", "size_categories", "tags", "annotations_creators",
    "language_creators", "multilinguality", "source_datasets", "extra_gated_prompt", "extra_gated_fields", "configs",
)  # fmt: skip
"""The order of the metadata's keys; all others follow."""
FORM: Final = Form(
    kind="dataset",
    template="dataset_card.md.jinja",
    sections=frozenset({
        "summary", "overridden", "configs", "load", "sources", "counts", "duplicates", "inquiries", "departments",
        "privacy", "use", "citation", "build",
    }),
    first=_FIRST,
)  # fmt: skip


def metadata(
    facts: Mapping[str, Any], files: Sequence[PublishedFile], details: CardDetails, out: Path
) -> dict[str, Any]:
    """Return the metadata of the card, as the Hub's documentation names it.

    Args:
        facts: from `cmtmed.hub.dataset.card.facts`.
        files: the data files.
        details: what people wrote.
        out: directory of the build; its tables know their features.
    """
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    licenses = sorted({hub_name(name) for name in facts["licenses"]})
    size = facts["counts"]["kept"]
    data = DatasetCardData(
        language=["zh"],
        license=licenses[0] if len(licenses) == 1 else licenses,
        pretty_name=details.pretty_name,
        task_categories=["text-generation", "question-answering"],
        size_categories=[next((name for limit, name in _CATEGORIES if size < limit), "n>1T")],
        annotations_creators=["machine-generated"],
        language_creators=["found"],
        multilinguality=["monolingual"],
        source_datasets=["original"],
        tags=sorted({*_TAGS, *details.tags}),
    )
    configs, infos = {}, {}
    first = default_config(files)
    for name in CONFIGS:
        splits = list(dict.fromkeys(one.split for one in files if one.config == name))
        if splits:
            paths = [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits]
            configs[name] = {"data_files": paths, **({"default": True} if name == first else {})}
            infos[name] = _info(out, name, splits, files)
    DatasetInfosDict(infos).to_dataset_card_data(data)
    MetadataConfigs(configs).to_dataset_card_data(data)
    told: dict[str, Any] = data.to_dict()
    # The Hub shows them where the repository is gated, which may be decided any day.
    told["extra_gated_prompt"] = details.gate_prompt or _PROMPT
    told["extra_gated_fields"] = {"Affiliation": "text", "Purpose": "text", "I agree to these terms": "checkbox"}
    return told


def _info(out: Path, config: str, splits: Sequence[str], files: Sequence[PublishedFile]) -> Any:
    from datasets import DatasetInfo, SplitDict, SplitInfo

    info = DatasetInfo.from_directory(str(out / config / splits[0]))
    rows = {split: [one for one in files if (one.config, one.split) == (config, split)] for split in splits}
    sizes = {split: sum(file.stat().st_size for file in (out / config / split).glob("*.arrow")) for split in splits}
    told = SplitDict(dataset_name=config)
    for split in splits:
        told.add(SplitInfo(split, num_bytes=sizes[split], num_examples=sum(one.rows for one in rows[split])))
    return DatasetInfo(
        features=info.features,
        splits=told,
        download_size=sum(one.bytes for part in rows.values() for one in part),
        dataset_size=sum(sizes.values()),
        config_name=config,
    )
