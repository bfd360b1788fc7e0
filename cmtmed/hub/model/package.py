"""A model as it is published: weights, tokenizer, the builds that it was trained on, and accompanying files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cmtmed._version import __version__
from cmtmed.artifacts import CARD_FILE, hash_file
from cmtmed.errors import UsageError
from cmtmed.hub.card import write_card
from cmtmed.hub.gate import MAX_EXAMPLES, Finding, check_card, check_licenses
from cmtmed.hub.model.card import CARD_FORMAT, collect_metadata, collect_variables
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.directory import ModelDirectory, open_directory
from cmtmed.hub.model.files import is_model_file, strip_local_paths
from cmtmed.hub.model.record import create_record
from cmtmed.hub.model.training_data import TrainingBuild, check_names, check_sources, find_builds
from cmtmed.hub.package import PublishRequest
from cmtmed.hub.record import RECORD_FILE, encode_record
from cmtmed.hub.repository import Repository, RepoType
from cmtmed.hub.staging import PublishedFile, Staging, Version, compute_checksum


@dataclass(frozen=True)
class ModelPackage:
    """A model that is to be published.

    Attributes:
        request: how.
        details: the part of the card that people write.
        directory: the run, or the model that it was merged into.
        files: its published files as they are now: name to SHA-256.
        builds: builds that it was trained on, by the SHA-256 of their manifests.
    """

    request: PublishRequest
    details: ModelDetails
    directory: ModelDirectory
    files: Mapping[str, str]
    builds: Mapping[str, TrainingBuild]
    repo_type: RepoType = "model"

    @classmethod
    def open(cls, request: PublishRequest, details: ModelDetails, data: Sequence[Path]) -> ModelPackage:
        """Open a finished run, or the model that it was merged into.

        Raises:
            UsageError: the run is not finished; its adapter belongs to weights that nobody else has; there are no
                weights; or ``data`` are not builds that it was trained on.
            DatasetError: files of the model or of a build are damaged.
        """
        directory = open_directory(request.out)
        paths = sorted(path for path in directory.weights.iterdir() if path.is_file() and is_model_file(path.name))
        if not any(path.suffix == ".safetensors" for path in paths):
            raise UsageError(f"{str(directory.weights)!r} holds no safetensors weights; no other format is published")
        _check_base(request.out, directory, details)
        files = {}
        for index, path in enumerate(paths):
            request.progress("check weights", index, len(paths))
            files[path.name] = hash_file(path)
        request.progress("check weights", len(paths), len(paths))
        return cls(request, details, directory, files, find_builds(directory, data, request.acknowledgement))

    @property
    def base(self) -> str:
        """The base model's name on the Hub; empty if it has none."""
        return "" if self.details.from_scratch else self.details.base_model or self.directory.training["base"]

    def run_checks(self) -> list[Finding]:
        """Return every reason not to publish it."""
        details, training, builds = self.details, self.directory.training, self.builds.values()
        empty = details.list_missing(base_known=bool(training["base"]))
        licenses = {license_ for build in builds for license_ in build.labels.known_licenses}
        if details.base_license and "base_license" not in empty:
            licenses.add(details.base_license)
        unlicensed = sum((Counter(build.labels.unlicensed) for build in builds), Counter[str]())
        weights_license = None if "license" in empty else details.license
        return [
            *self._check_weights(),
            *check_sources(training, self.builds),
            *check_names(training),
            *(finding for build in builds for finding in build.findings),
            *check_licenses(sorted(licenses), unlicensed, weights_license),
            *check_card(empty, details.example),
        ]

    def _check_weights(self) -> Iterator[Finding]:
        recorded = {
            name: file["sha256"] for name, file in self.directory.training["files"].items() if is_model_file(name)
        }
        changed = sorted(name for name in {*recorded, *self.files} if recorded.get(name) != self.files.get(name))
        if changed:
            yield Finding(
                "files",
                f"{len(changed):,} files differ from what the training wrote ({', '.join(changed[:MAX_EXAMPLES])})",
                "train again, into another out",
            )

    @contextmanager
    def open_staging(self) -> Iterator[Staging]:
        """Open the staging directory of the files that accompany the weights."""
        plan = {"model": dict(self.files), "versions": {"cmtmed": __version__}}
        staging = Staging(self.request.out, plan, rehearsal=self.request.dry_run)
        try:
            yield staging
        finally:
            staging.release()

    def prepare_data(self, staging: Staging) -> tuple[Version, list[PublishedFile]]:
        """Strip local paths from configurations, and determine which version it is."""
        files = []
        for name, digest in self.files.items():
            local = self.directory.weights / name
            stripped = strip_local_paths(local, self.base)
            if stripped is None:
                files.append(PublishedFile(name, local, local.stat().st_size, digest))
            else:
                files.append(staging.write(name, stripped))
        checksum = compute_checksum(files)
        fingerprint = self.directory.training["stages"][-1]["fingerprint"]
        return Version(self.request.repo, self.request.tag or f"model-{checksum[:12]}", checksum, fingerprint), files

    def write_files(
        self,
        staging: Staging,
        version: Version,
        data: Sequence[PublishedFile],
        overridden: Sequence[Finding],
        present: Repository | None,
    ) -> tuple[list[PublishedFile], str]:
        """Write the files that accompany the weights."""
        training, builds = self.directory.training, list(self.builds.values())
        figures = [staging.write(f"figures/{path.name}", path.read_bytes()) for path in self.directory.curves]
        variables = collect_variables(version, data, self.details, training, self.builds, self.base, overridden)
        record = create_record(version, [*data, *figures], self.details, training, builds, self.base, overridden)
        text = write_card(
            CARD_FORMAT,
            {**variables, "curves": [file.path for file in figures]},
            collect_metadata(self.details, training, self.base),
            present=present.card if present else None,
            template=self.request.template,
        )
        documents = [staging.write(RECORD_FILE, encode_record(record)), staging.write(CARD_FILE, text.encode())]
        return [*data, *figures, *documents], text


def _check_base(out: Path, directory: ModelDirectory, details: ModelDetails) -> None:
    """Make sure that whoever loads the model gets the base that it needs.

    Raises:
        UsageError: an adapter cannot be loaded by others, or run and card disagree about the base.
    """
    training = directory.training
    merge = f"cmtmed train merge {out} --out MODEL, and publish MODEL"
    if training["adapter"] and (len(training["stages"]) > 1 or training["kind"] == "reward"):
        problem = "of a reward model" if training["kind"] == "reward" else "on top of weights that nobody else has"
        raise UsageError(f"{str(out)!r} holds an adapter {problem}; merge it first: {merge}")
    if details.from_scratch and (training["base"] or details.base_model or training["adapter"]):
        raise UsageError(
            "card: from_scratch says that there is no base, but the run or the card names one; leave one out"
        )
    if training["base"] and details.base_model not in {None, training["base"]}:
        raise UsageError(
            f"card: base_model is {details.base_model!r}, but the run says {training['base']!r}; leave it out"
        )
    if training["adapter"] and not (details.base_model or training["base"]):
        raise UsageError(
            f"{str(out)!r} holds an adapter of a model in a local directory; give its name on the Hub as base_model in "
            f"the card's file, or merge it first: {merge}"
        )
