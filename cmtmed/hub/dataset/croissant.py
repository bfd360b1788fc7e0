"""Croissant metadata (MLCommons, version 1.0 with the RAI vocabulary): machine-readable files, checksums and columns.

It is written by `mlcroissant`, the reference library of the format, which rejects invalid metadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import PublishError
from cmtmed.hub.citation import repository_url
from cmtmed.hub.dataset.configs import CONFIGS
from cmtmed.hub.licenses import look_up
from cmtmed.hub.staging import PublishedFile

if TYPE_CHECKING:
    from datasets import Features
    from mlcroissant import Field, FileObject, FileSet, Metadata, RecordSet

CROISSANT_FILE: Final = "croissant.json"
_REPO: Final = "repo"
_NO_DIGEST: Final = "https://github.com/mlcommons/croissant/issues/80"
"""Placeholder of the format's own examples for the mandatory digest of a repository, which has none."""


def describe_version(
    variables: Mapping[str, Any], files: Sequence[PublishedFile], features: Mapping[str, Features]
) -> bytes:
    """Describe a version in Croissant.

    Args:
        variables: from `collect_variables`.
        files: the data files.
        features: of every config, as defined by `datasets`.

    Returns:
        JSON-LD, the same bytes for the same version.

    Raises:
        PublishError: the description is not valid; the message is the format's own.
    """
    import mlcroissant as mlc

    url = repository_url(variables["repo"], "dataset")
    try:
        metadata = _create_metadata(variables, files, features, url)
        content = metadata.to_json()
        issues = metadata.ctx.issues.errors
    except mlc.ValidationError as error:
        raise PublishError(f"Croissant metadata: {error}") from None
    if issues:
        raise PublishError(f"Croissant metadata: {'; '.join(sorted(issues))}")
    return (json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n").encode()


def _create_metadata(
    variables: Mapping[str, Any], files: Sequence[PublishedFile], features: Mapping[str, Features], url: str
) -> Metadata:
    import mlcroissant as mlc

    details = variables["details"]
    configs = [name for name in CONFIGS if name in features]
    return mlc.Metadata(
        name=re.sub(r"[^\w-]+", "-", variables["repo"].split("/")[-1]),
        description=details.summary or f"{variables['counts']['kept']:,} Chinese doctor-patient dialogues.",
        cite_as=variables["citation"],
        license=[_license_url(name) for name in variables["licenses"]] or None,
        url=url,
        version=_to_semantic_version(variables["tag"]),
        creators=[mlc.Organization(name=name) for name in details.authors],
        in_language=["zh"],
        keywords=["medical", "dialogue", "Chinese"],
        distribution=[
            mlc.FileObject(
                id=_REPO, name=_REPO, description="The repository on the Hub.",
                content_url=f"{url}/tree/{variables['tag']}", encoding_formats=["git+https"], sha256=_NO_DIGEST,
            ),
            *(_create_file(file, url, variables["tag"]) for file in files),
            *(_create_file_set(config) for config in configs),
        ],
        record_sets=[_create_record_set(config, features[config]) for config in configs],
        data_collection=details.collected or None,
        data_preprocessing_protocol=[
            f"{stage['stage']}: {stage['received']:,} dialogues" for stage in variables["stages"]
        ],
        machine_annotation_tools=[f"cmtmed {variables['build']['versions']['cmtmed']}"],
        data_limitations=["Not checked medically; questions, duplicates and identifiers were detected by rules."],
        personal_sensitive_information=[
            "Health information. Identifiers were replaced by rules; see the privacy statement of the card."
        ],
        data_release_maintenance_plan=f"Reports and removal: {details.contact}" if details.contact else None,
    )  # fmt: skip


def _create_file(file: PublishedFile, url: str, tag: str) -> FileObject:
    import mlcroissant as mlc

    return mlc.FileObject(
        id=file.path, name=file.path, content_url=f"{url}/resolve/{tag}/{file.path}", content_size=f"{file.bytes} B",
        encoding_formats=["application/x-parquet"], sha256=file.sha256,
    )  # fmt: skip


def _create_file_set(config: str) -> FileSet:
    import mlcroissant as mlc

    return mlc.FileSet(
        id=f"{config}-files", name=f"{config}-files", description=f"The Parquet files of config {config}.",
        contained_in=[_REPO], encoding_formats=["application/x-parquet"], includes=[f"{config}/*.parquet"],
    )  # fmt: skip


def _create_record_set(config: str, features: Features) -> RecordSet:
    import mlcroissant as mlc

    return mlc.RecordSet(
        id=config, name=config, description=CONFIGS[config].english, fields=list(_iter_fields(config, features)),
        key=[f"{config}/id"] if config != "prompts" else [f"{config}/id", f"{config}/message"],
    )  # fmt: skip


def _iter_fields(config: str, features: Features) -> Iterator[Field]:
    import mlcroissant as mlc

    for column, feature in features.items():
        item, repeated = _unwrap_list(feature)
        name = f"{config}/{column}"
        source = mlc.Source(file_set=f"{config}-files", extract=mlc.Extract(column=column))
        if isinstance(item, dict):
            yield mlc.Field(
                id=name, name=name, repeated=repeated,
                sub_fields=[
                    mlc.Field(
                        id=f"{name}/{field}", name=f"{name}/{field}", data_types=[_data_type(value)], repeated=repeated,
                        source=mlc.Source(
                            file_set=f"{config}-files", extract=mlc.Extract(column=column),
                            transforms=[mlc.Transform(json_path=f"[*].{field}" if repeated else field)],
                        ),
                    )
                    for field, value in item.items()
                ],
            )  # fmt: skip
        else:
            yield mlc.Field(id=name, name=name, data_types=[_data_type(item)], repeated=repeated or None, source=source)


def _unwrap_list(feature: Any) -> tuple[Any, bool]:
    """Return the feature of a column's items, and whether the column is a list."""
    from datasets import List

    if isinstance(feature, List):
        return feature.feature, True
    return feature, False


def _data_type(feature: Any) -> Any:
    from mlcroissant import DataType

    dtype = str(feature.dtype)
    return DataType.TEXT if dtype == "string" else DataType.FLOAT if dtype.startswith("float") else DataType.INTEGER


def _license_url(name: str) -> str:
    license_ = look_up(name)
    return f"https://spdx.org/licenses/{license_.spdx}.html" if license_ else name


def _to_semantic_version(tag: str) -> str:
    """Return the tag as MAJOR.MINOR.PATCH, which Croissant requires; other tags become the build part of 0.0.0."""
    match = re.fullmatch(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", tag)
    if match:
        return ".".join(number or "0" for number in match.groups())
    return f"0.0.0+{re.sub(r'[^0-9A-Za-z-]+', '-', tag)}"
