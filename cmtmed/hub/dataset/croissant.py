"""Croissant metadata (MLCommons, version 1.0 with the RAI vocabulary): files, checksums and columns for machines.

`mlcroissant`, the format's own library, writes it and refuses what the format does not allow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import PublishError
from cmtmed.hub.dataset.card import CONFIGS
from cmtmed.hub.dataset.shards import PublishedFile
from cmtmed.hub.licenses import lookup

if TYPE_CHECKING:
    from mlcroissant import Field, FileObject, FileSet, Metadata, RecordSet

FILE: Final = "croissant.json"
_HUB: Final = "https://huggingface.co"
"""Where readers find the Hub: not the mirror by which somebody published."""
_REPO: Final = "repo"
_NO_DIGEST: Final = "https://github.com/mlcommons/croissant/issues/80"
"""What the format's own examples put where a repository, which has no digest, must have one."""


def croissant(facts: Mapping[str, Any], files: Sequence[PublishedFile], features: Mapping[str, Any]) -> bytes:
    """Describe a version.

    Args:
        facts: from `cmtmed.hub.dataset.card.facts`.
        files: the data files.
        features: of every config, as `datasets` knows them.

    Returns:
        JSON-LD, the same bytes for the same version.

    Raises:
        PublishError: the description is not valid; the message is the format's own.
    """
    import mlcroissant as mlc

    url = f"{_HUB}/datasets/{facts['repo']}"
    try:
        described = _metadata(facts, files, features, url)
        told = described.to_json()
        issues = described.ctx.issues.errors
    except mlc.ValidationError as error:
        raise PublishError(f"Croissant metadata: {error}") from None
    if issues:
        raise PublishError(f"Croissant metadata: {'; '.join(sorted(issues))}")
    return (json.dumps(told, ensure_ascii=False, indent=2, default=str) + "\n").encode()


def _metadata(
    facts: Mapping[str, Any], files: Sequence[PublishedFile], features: Mapping[str, Any], url: str
) -> Metadata:
    import mlcroissant as mlc

    details = facts["details"]
    configs = [name for name in CONFIGS if name in features]
    return mlc.Metadata(
        name=re.sub(r"[^\w-]+", "-", facts["repo"].split("/")[-1]),
        description=details.summary or f"{facts['counts']['kept']:,} Chinese doctor-patient dialogues.",
        cite_as=facts["citation"],
        license=[_license_url(name) for name in facts["licenses"]] or None,
        url=url,
        version=_semantic(facts["tag"]),
        creators=[mlc.Organization(name=name) for name in details.authors],
        in_language=["zh"],
        keywords=["medical", "dialogue", "Chinese"],
        distribution=[
            mlc.FileObject(
                id=_REPO, name=_REPO, description="The repository on the Hub.",
                content_url=f"{url}/tree/{facts['tag']}", encoding_formats=["git+https"], sha256=_NO_DIGEST,
            ),
            *(_file(one, url, facts["tag"]) for one in files),
            *(_file_set(config) for config in configs),
        ],
        record_sets=[_record_set(config, features[config]) for config in configs],
        data_collection=details.collected or None,
        data_preprocessing_protocol=[f"{one['stage']}: {one['rows']:,} dialogues" for one in facts["stages"]],
        machine_annotation_tools=[f"cmtmed {facts['build']['versions']['cmtmed']}"],
        data_limitations=["Not checked medically; questions, duplicates and identifiers were found by rules."],
        personal_sensitive_information=[
            "Health information. Identifiers were replaced by rules; see the privacy statement of the card."
        ],
        data_release_maintenance_plan=f"Reports and removal: {details.contact}" if details.contact else None,
    )  # fmt: skip


def _file(one: PublishedFile, url: str, tag: str) -> FileObject:
    import mlcroissant as mlc

    return mlc.FileObject(
        id=one.path, name=one.path, content_url=f"{url}/resolve/{tag}/{one.path}", content_size=f"{one.bytes} B",
        encoding_formats=["application/x-parquet"], sha256=one.sha256,
    )  # fmt: skip


def _file_set(config: str) -> FileSet:
    import mlcroissant as mlc

    return mlc.FileSet(
        id=f"{config}-files", name=f"{config}-files", description=f"The Parquet files of config {config}.",
        contained_in=[_REPO], encoding_formats=["application/x-parquet"], includes=[f"{config}/*.parquet"],
    )  # fmt: skip


def _record_set(config: str, features: Mapping[str, Any]) -> RecordSet:
    import mlcroissant as mlc

    return mlc.RecordSet(
        id=config, name=config, description=CONFIGS[config], fields=list(_fields(config, features)),
        key=[f"{config}/id"] if config != "prompts" else [f"{config}/id", f"{config}/message"],
    )  # fmt: skip


def _fields(config: str, features: Mapping[str, Any]) -> Iterator[Field]:
    import mlcroissant as mlc

    for column, feature in features.items():
        inner, repeated = _inner(feature)
        name = f"{config}/{column}"
        source = mlc.Source(file_set=f"{config}-files", extract=mlc.Extract(column=column))
        if isinstance(inner, dict):
            yield mlc.Field(
                id=name, name=name, repeated=repeated,
                sub_fields=[
                    mlc.Field(
                        id=f"{name}/{part}", name=f"{name}/{part}", data_types=[_type(kind)], repeated=repeated,
                        source=mlc.Source(
                            file_set=f"{config}-files", extract=mlc.Extract(column=column),
                            transforms=[mlc.Transform(json_path=f"[*].{part}" if repeated else part)],
                        ),
                    )
                    for part, kind in inner.items()
                ],
            )  # fmt: skip
        else:
            yield mlc.Field(id=name, name=name, data_types=[_type(inner)], repeated=repeated or None, source=source)


def _inner(feature: Any) -> tuple[Any, bool]:
    """Return what a column holds, and whether it holds a list of it."""
    from datasets import List

    if isinstance(feature, List):
        return feature.feature, True
    return feature, False


def _type(feature: Any) -> Any:
    from mlcroissant import DataType

    kind = str(feature.dtype)
    return DataType.TEXT if kind == "string" else DataType.FLOAT if kind.startswith("float") else DataType.INTEGER


def _license_url(name: str) -> str:
    known = lookup(name)
    return f"https://spdx.org/licenses/{known.spdx}.html" if known else name


def _semantic(tag: str) -> str:
    """Return the tag as Croissant wants versions, MAJOR.MINOR.PATCH; 0.0.0 with the tag as its build if it is none."""
    found = re.fullmatch(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", tag)
    if found:
        return ".".join(part or "0" for part in found.groups())
    return f"0.0.0+{re.sub(r'[^0-9A-Za-z-]+', '-', tag)}"
