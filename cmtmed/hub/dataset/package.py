"""A build as it is published: Parquet shards of its tables, and the files that accompany them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cmtmed._version import __version__
from cmtmed.anonymize.replace.secret_key import fingerprint_key
from cmtmed.artifacts import CARD_FILE, HashedFile
from cmtmed.builds import Build
from cmtmed.builds.build import DIALOGUES
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.hub.card import write_card
from cmtmed.hub.dataset.card import collect_variables
from cmtmed.hub.dataset.checks import check_build
from cmtmed.hub.dataset.configs import CONFIGS
from cmtmed.hub.dataset.croissant import CROISSANT_FILE, describe_version
from cmtmed.hub.dataset.details import DatasetDetails
from cmtmed.hub.dataset.label_scan import LabelScan, scan_labels
from cmtmed.hub.dataset.metadata import CARD_FORMAT, collect_metadata
from cmtmed.hub.dataset.record import create_record, read_audit_content
from cmtmed.hub.dataset.shards import write_shards
from cmtmed.hub.dataset.stage_chart import CHART_FILE, draw_stage_chart
from cmtmed.hub.gate import Finding
from cmtmed.hub.package import PublishRequest
from cmtmed.hub.record import RECORD_FILE, encode_record
from cmtmed.hub.repository import Repository, RepoType
from cmtmed.hub.staging import PublishedFile, Staging, Version, compute_checksum

if TYPE_CHECKING:
    from datasets import Features


@dataclass(frozen=True)
class DatasetPackage:
    """A finished build that is to be published.

    Attributes:
        request: how.
        details: the part of the card that people write.
        key: of hashed ids; None if ids are published unchanged.
        build: the build.
        labels: the scan of the columns beside the text.
        configs: tables that are published.
        files: these, and the dialogues, as they are now.
    """

    request: PublishRequest
    details: DatasetDetails
    key: bytes | None
    build: Build
    labels: LabelScan
    configs: tuple[str, ...]
    files: list[HashedFile]
    repo_type: RepoType = "dataset"

    @classmethod
    def open(
        cls, request: PublishRequest, details: DatasetDetails, configs: Sequence[str], key: bytes | None
    ) -> DatasetPackage:
        """Open a finished build.

        Raises:
            UsageError: it holds no dialogue, or lacks a requested view or a source that the card describes.
            DatasetError: it is not a finished build, or damaged.
        """
        build = Build.open(request.out)
        if build.manifest.ids and key is not None:
            raise UsageError(f"the ids of {str(request.out)!r} are hashed already; leave out --hash-ids")
        available = [name for name in CONFIGS if name in build.manifest.views]
        for name in configs:
            if name not in available:
                raise UsageError(f"{str(request.out)!r} has no view {name!r}; {did_you_mean(name, available)}")
        if not build.manifest.counts["kept"]:
            raise UsageError(f"{str(request.out)!r} holds no dialogue; check what the build dropped")
        sources = build.report.before.sources
        for name in details.sources:
            if name not in sources:
                raise UsageError(f"card: sources.{name}: the build has no such source; {did_you_mean(name, sources)}")
        selected = tuple(name for name in available if name in configs or not configs)
        # The audit covers the dialogues, whichever tables are published.
        files = hash_tables(build, sorted({*selected, DIALOGUES}))
        with build.translate_damage():
            labels = scan_labels(build, hashed_ids=key is not None or build.manifest.ids is not None)
        return cls(request, details, key, build, labels, selected, files)

    @property
    def key_mark(self) -> str:
        """Distinguishes the key of hashed ids from others; empty if ids are published unchanged."""
        hashed = self.build.manifest.ids
        return hashed.key if hashed else fingerprint_key(self.key) if self.key else ""

    def run_checks(self) -> list[Finding]:
        """Return every reason not to publish it."""
        with self.build.translate_damage():
            return check_build(self.build, self.files, self.labels, self.details, self.request.acknowledgement)

    @contextmanager
    def open_staging(self) -> Iterator[Staging]:
        """Open the staging directory of its files; after a failure the next call resumes from its content."""
        from importlib.metadata import version

        plan = {
            "build": compute_checksum(self.files),
            "configs": list(self.configs),
            "ids": self.key_mark,
            "versions": {name: version(name) for name in ("datasets", "pyarrow")} | {"cmtmed": __version__},
        }
        staging = Staging(self.request.out, plan, rehearsal=self.request.dry_run)
        try:
            yield staging
        finally:
            staging.release()

    def prepare_data(self, staging: Staging) -> tuple[Version, list[PublishedFile]]:
        """Write the shards, and determine which version they are."""
        with self.build.translate_damage():
            files = [
                file
                for config in self.configs
                for file in write_shards(self.build, config, staging, key=self.key, progress=self.request.progress)
            ]
        checksum = compute_checksum(files)
        tag = self.request.tag or f"build-{checksum[:12]}"
        return Version(self.request.repo, tag, checksum, compute_checksum(self.files), self.key_mark), files

    def write_files(
        self,
        staging: Staging,
        version: Version,
        data: Sequence[PublishedFile],
        overridden: Sequence[Finding],
        present: Repository | None,
    ) -> tuple[list[PublishedFile], str]:
        """Write the files that accompany the shards."""
        build = self.build
        audit = read_audit_content(build.root)
        variables = collect_variables(
            build, version, data, self.details, audit, self.labels, overridden, chart=CHART_FILE
        )
        metadata = collect_metadata(variables, data, self.details, build)
        features = {file.config: _load_features(build.root / file.config / file.split) for file in data}
        figures = [
            staging.write(CHART_FILE, draw_stage_chart(build.report)),
            staging.write(CROISSANT_FILE, describe_version(variables, data, features)),
        ]
        record = create_record(version, [*data, *figures], build, audit, variables["licenses"], overridden)
        text = write_card(
            CARD_FORMAT, variables, metadata, present=present.card if present else None,
            template=self.request.template,
        )  # fmt: skip
        documents = [staging.write(RECORD_FILE, encode_record(record)), staging.write(CARD_FILE, text.encode())]
        return [*data, *figures, *documents], text


def hash_tables(build: Build, tables: Sequence[str]) -> list[HashedFile]:
    """Return the Arrow files of some tables of a build as they are now, sorted by path."""
    files = [HashedFile.of(path, build.root) for table in tables for path in build.paths(table)]
    return sorted(files, key=lambda file: file.path)


def _load_features(folder: Path) -> Features:
    from datasets import DatasetInfo

    features = DatasetInfo.from_directory(str(folder)).features
    if features is None:
        raise UsageError(f"{str(folder)!r} does not describe its columns; run cmtmed build again")
    return features
