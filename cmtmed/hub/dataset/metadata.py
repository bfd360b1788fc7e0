"""Metadata of a dataset card for the Hub: licence, size, configs, features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cmtmed.builds import Build
from cmtmed.hub.card import CardFormat
from cmtmed.hub.dataset.configs import CONFIGS, default_config
from cmtmed.hub.dataset.details import DatasetDetails
from cmtmed.hub.licenses import to_hub_name
from cmtmed.hub.staging import PublishedFile

if TYPE_CHECKING:
    from datasets import DatasetInfo

_CATEGORIES: Final = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"),
)  # fmt: skip
_TAGS: Final = ("medical", "dialogue", "doctor-patient", "conversational", "cmtmed")
_ACCESS_TERMS: Final = (
    "These are conversations of patients with doctors. I will not try to identify anybody, I will report what still "
    "identifies somebody, and I will not pass the data on without these terms. "
    "本数据集为患者与医生的对话。我不会尝试识别任何人，会报告仍可识别个人的内容，且不会在不附带本条款的情况下转交数据。"
)
_KEYS: Final = (
    "pretty_name", "language", "license", "task_categories", "size_categories", "tags", "annotations_creators",
    "language_creators", "multilinguality", "source_datasets", "extra_gated_prompt", "extra_gated_fields", "configs",
)  # fmt: skip
"""Keys of the metadata in their order; all others follow."""
CARD_FORMAT: Final = CardFormat(
    repo_type="dataset",
    template="dataset_card.md.jinja",
    sections=frozenset({
        "summary", "overridden", "example", "configs", "load", "sources", "counts", "duplicates", "inquiries",
        "departments", "privacy", "use", "citation", "build",
    }),
    metadata_keys=_KEYS,
)  # fmt: skip


def collect_metadata(
    variables: Mapping[str, Any], files: Sequence[PublishedFile], details: DatasetDetails, build: Build
) -> dict[str, Any]:
    """Return the metadata of the card, under the names of the Hub's documentation.

    Args:
        variables: from `collect_variables`.
        files: the data files.
        details: what people wrote.
        build: the build, whose tables define the features.
    """
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    licenses = sorted({to_hub_name(name) for name in variables["licenses"]})
    size = variables["counts"]["kept"]
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
    default = default_config(files)
    for name in CONFIGS:
        splits = list(dict.fromkeys(file.split for file in files if file.config == name))
        if splits:
            paths = [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits]
            configs[name] = {"data_files": paths, **({"default": True} if name == default else {})}
            infos[name] = _describe_config(build, name, splits, files)
    DatasetInfosDict(infos).to_dataset_card_data(data)
    MetadataConfigs(configs).to_dataset_card_data(data)
    metadata: dict[str, Any] = data.to_dict()
    # Shown by the Hub only while the repository is gated, which may change at any time.
    metadata["extra_gated_prompt"] = details.gate_prompt or _ACCESS_TERMS
    metadata["extra_gated_fields"] = {"Affiliation": "text", "Purpose": "text", "I agree to these terms": "checkbox"}
    return metadata


def _describe_config(build: Build, config: str, splits: Sequence[str], files: Sequence[PublishedFile]) -> DatasetInfo:
    from datasets import DatasetInfo, SplitDict, SplitInfo

    shards = {split: [file for file in files if (file.config, file.split) == (config, split)] for split in splits}
    sizes = {split: sum(path.stat().st_size for path in build.paths(config, split)) for split in splits}
    described = SplitDict(dataset_name=config)
    for split in splits:
        rows = sum(file.rows for file in shards[split])
        described.add(SplitInfo(split, num_bytes=sizes[split], num_examples=rows))
    return DatasetInfo(
        features=DatasetInfo.from_directory(str(build.root / config / splits[0])).features,
        splits=described,
        download_size=sum(file.bytes for group in shards.values() for file in group),
        dataset_size=sum(sizes.values()),
        config_name=config,
    )
