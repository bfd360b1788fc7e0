"""A build, as it is published: what it says of itself, shards of its tables, and the files beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmtmed._version import __version__
from cmtmed.anonymize.replace.key import mark
from cmtmed.artifacts import HashedFile
from cmtmed.builds.manifest import Manifest
from cmtmed.builds.report import BuildReport
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.hub.card import write_card
from cmtmed.hub.dataset.card import CONFIGS, Version, build_files, checksum, facts
from cmtmed.hub.dataset.croissant import FILE as CROISSANT
from cmtmed.hub.dataset.croissant import croissant
from cmtmed.hub.dataset.label_scan import Survey, survey
from cmtmed.hub.dataset.metadata import FORM, metadata
from cmtmed.hub.dataset.shards import PublishedFile, Staging, write_shards
from cmtmed.hub.dataset.stage_chart import FILE as PICTURE
from cmtmed.hub.dataset.stage_chart import picture
from cmtmed.hub.details import CardDetails
from cmtmed.hub.gate import Finding, inspect
from cmtmed.hub.package import Order
from cmtmed.hub.record import FILE as RECORD
from cmtmed.hub.record import audit_of, encode, record
from cmtmed.hub.repository import CARD, Kind, Repository


@dataclass(frozen=True)
class Build:
    """A finished build that is to be published.

    Attributes:
        order: how.
        details: the part of the card that people write.
        key: of hashed ids; None if ids stay as they are.
        manifest: of the build.
        report: of the build.
        survey: what a look at the dialogues gave.
        configs: tables that are published.
        files: these, and the dialogues, as they are now.
    """

    order: Order
    details: CardDetails
    key: bytes | None
    manifest: dict[str, Any]
    report: dict[str, Any]
    survey: Survey
    configs: tuple[str, ...]
    files: list[HashedFile]
    kind: Kind = "dataset"

    @classmethod
    def read(cls, order: Order, details: CardDetails, configs: Sequence[str], key: bytes | None) -> Build:
        """Read a finished build.

        Raises:
            UsageError: it holds no dialogue, or lacks a view that was asked for or a source that the card describes.
            DatasetError: it is no finished build, or damaged.
        """
        out = order.out
        manifest, report = Manifest.read(out).to_dict(), BuildReport.read(out).to_dict()
        there = [name for name in CONFIGS if name in manifest["views"]]
        for name in configs:
            if name not in there:
                raise UsageError(f"{str(out)!r} has no view {name!r}; {did_you_mean(name, there)}")
        if not manifest["counts"]["kept"]:
            raise UsageError(f"{str(out)!r} holds no dialogue; look at what the build dropped")
        for name in details.sources:
            if name not in report["before"]["sources"]:
                near = did_you_mean(name, report["before"]["sources"])
                raise UsageError(f"card: sources.{name}: the build has no such source; {near}")
        chosen = tuple(name for name in there if name in configs or not configs)
        # The audit is of the dialogues, whichever tables are published.
        files = build_files(out, sorted({*chosen, "dialogues"}))
        looked = survey(out, hashed_ids=key is not None)
        return cls(order, details, key, manifest, report, looked, chosen, files)

    def findings(self) -> list[Finding]:
        """Return every reason not to publish it."""
        return inspect(
            self.order.out, self.manifest, self.report, self.files, self.survey, self.details, self.order.acknowledged
        )

    @contextmanager
    def staged(self) -> Iterator[Staging]:
        """Open the directory in which the files stand; what is in it after a failure is taken up by the next call."""
        from importlib.metadata import version as installed

        plan = {
            "build": checksum(self.files),
            "configs": list(self.configs),
            "ids": mark(self.key) if self.key else "",
            "versions": {name: installed(name) for name in ("datasets", "pyarrow")} | {"cmtmed": __version__},
        }
        staging = Staging(self.order.out, plan)
        try:
            yield staging
        finally:
            staging.release()

    def prepared(self, staging: Staging) -> tuple[Version, list[PublishedFile]]:
        """Write the shards, and say which version they are."""
        order = self.order
        files = [
            one
            for config in self.configs
            for one in write_shards(order.out, config, staging, key=self.key, progress=order.progress)
        ]
        digest = checksum(files)
        tag = order.tag or f"build-{digest[:12]}"
        return Version(order.repo, tag, digest, checksum(self.files), mark(self.key) if self.key else ""), files

    def whole(
        self,
        staging: Staging,
        version: Version,
        data: Sequence[PublishedFile],
        overridden: Sequence[Finding],
        present: Repository | None,
    ) -> tuple[list[PublishedFile], str]:
        """Write what goes beside the data."""
        out, manifest, report = self.order.out, self.manifest, self.report
        audit = audit_of(out)
        told_facts = facts(
            out, version, data, self.details, manifest, report, audit, self.survey, overridden, picture=PICTURE
        )
        told_metadata = metadata(told_facts, data, self.details, out)
        features = {one.config: _features(out / one.config / one.split) for one in data}
        beside = [
            staging.write(PICTURE, picture(report)),
            staging.write(CROISSANT, croissant(told_facts, data, features)),
        ]
        licenses = told_facts["licenses"]
        content = record(version, [*data, *beside], manifest, report, audit, licenses, overridden)
        text = write_card(
            FORM, told_facts, told_metadata, present=present.card if present else None, template=self.order.template
        )
        written = [staging.write(RECORD, encode(content)), staging.write(CARD, text.encode())]
        return [*data, *beside, *written], text


def _features(split: Path) -> Any:
    from datasets import DatasetInfo

    return DatasetInfo.from_directory(str(split)).features
