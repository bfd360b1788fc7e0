"""What of a version is made ready here: the order, what the build says, shards, and the files beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cmtmed import __version__
from cmtmed.anonymize.key import mark
from cmtmed.engine.progress import Progress
from cmtmed.engine.report import read_report
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.hub.card import card as write_card
from cmtmed.hub.card import metadata
from cmtmed.hub.croissant import FILE as CROISSANT
from cmtmed.hub.croissant import croissant
from cmtmed.hub.details import CardDetails
from cmtmed.hub.facts import CONFIGS, Version, build_files, checksum, facts
from cmtmed.hub.gate import Acknowledged, Finding
from cmtmed.hub.picture import FILE as PICTURE
from cmtmed.hub.picture import picture
from cmtmed.hub.record import FILE as RECORD
from cmtmed.hub.record import audit_of, encode, record
from cmtmed.hub.repository import CARD, Repository
from cmtmed.hub.shards import PublishedFile, Staging, write_shards
from cmtmed.hub.survey import Survey, survey
from cmtmed.io.manifest import read_manifest
from cmtmed.views.dataset import DataFile

Gated = Literal["auto", "manual"]


@dataclass(frozen=True)
class Order:
    """What is to be published, and how."""

    out: Path
    repo: str
    private: bool
    gated: Gated | None
    tag: str | None
    move_tag: bool
    template: Path | None
    details: CardDetails
    key: bytes | None
    acknowledged: Acknowledged
    progress: Progress

    def overridden(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings that whoever publishes goes past."""
        return [one for one in findings if one.check in self.acknowledged.i_know]

    def refused(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings that forbid it."""
        return [one for one in findings if one.check not in self.acknowledged.i_know]


@dataclass(frozen=True)
class Build:
    """What a build says of itself."""

    manifest: dict[str, Any]
    report: dict[str, Any]
    survey: Survey
    configs: tuple[str, ...]
    files: list[DataFile]

    @classmethod
    def read(cls, out: Path, configs: Sequence[str], *, hashed_ids: bool) -> Build:
        """Read a finished build.

        Raises:
            UsageError: it is a training run, holds no dialogue, or lacks a view that was asked for.
            DatasetError: it is no finished build, or damaged.
        """
        if (out / "run.json").is_file():
            raise UsageError(
                f"{str(out)!r} holds a training run, and builds are published here; a run has its card already: "
                f"hf upload ORG/NAME {out} --private"
            )
        manifest, report = read_manifest(out), read_report(out)
        there = [name for name in CONFIGS if name in manifest["views"]]
        for name in configs:
            if name not in there:
                raise UsageError(f"{str(out)!r} has no view {name!r}; {did_you_mean(name, there)}")
        if not manifest["counts"]["kept"]:
            raise UsageError(f"{str(out)!r} holds no dialogue; look at what the build dropped")
        chosen = tuple(name for name in there if name in configs or not configs)
        # The audit is of the dialogues, whichever tables are published.
        files = build_files(out, sorted({*chosen, "dialogues"}))
        return cls(manifest, report, survey(out, hashed_ids=hashed_ids), chosen, files)


@contextmanager
def staged(order: Order, build: Build) -> Iterator[Staging]:
    """Open the directory in which the files stand; what is in it after a failure is taken up by the next call."""
    from importlib.metadata import version as installed

    plan = {
        "build": checksum(build.files),
        "configs": list(build.configs),
        "ids": mark(order.key) if order.key else "",
        "versions": {name: installed(name) for name in ("datasets", "pyarrow")} | {"cmtmed": __version__},
    }
    staging = Staging(order.out, plan)
    try:
        yield staging
    finally:
        staging.release()


def prepared(order: Order, build: Build, staging: Staging) -> tuple[Version, list[PublishedFile]]:
    """Write the shards, and say which version they are."""
    files = [
        one
        for config in build.configs
        for one in write_shards(order.out, config, staging, key=order.key, progress=order.progress)
    ]
    digest = checksum(files)
    tag = order.tag or f"build-{digest[:12]}"
    return Version(order.repo, tag, digest, checksum(build.files), mark(order.key) if order.key else ""), files


def whole(
    order: Order,
    build: Build,
    staging: Staging,
    version: Version,
    data: Sequence[PublishedFile],
    overridden: Sequence[Finding],
    present: Repository | None,
) -> tuple[list[PublishedFile], str]:
    """Write what goes beside the data: picture, Croissant, record and card."""
    audit = audit_of(order.out)
    told_facts = facts(
        order.out, version, data, order.details, build.manifest, build.report, audit, build.survey, overridden,
        picture=PICTURE,
    )  # fmt: skip
    told_metadata = metadata(told_facts, data, order.details, order.out)
    features = {one.config: _features(order.out / one.config / one.split) for one in data}
    beside = [
        staging.write(PICTURE, picture(build.report)),
        staging.write(CROISSANT, croissant(told_facts, data, features)),
    ]
    licenses = told_facts["licenses"]
    content = record(version, [*data, *beside], build.manifest, build.report, audit, licenses, overridden)
    text = write_card(told_facts, told_metadata, present=present.card if present else None, template=order.template)
    written = [staging.write(RECORD, encode(content)), staging.write(CARD, text.encode())]
    return [*data, *beside, *written], text


def _features(split: Path) -> Any:
    from datasets import DatasetInfo

    return DatasetInfo.from_directory(str(split)).features
