"""A model, as it is published: weights, tokenizer, the builds that it learnt from, and the files beside them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed._version import __version__
from cmtmed.errors import UsageError
from cmtmed.hub.card import write_card
from cmtmed.hub.dataset.card import Version, checksum
from cmtmed.hub.dataset.shards import PublishedFile, Staging
from cmtmed.hub.gate import Finding, licensed, named, written
from cmtmed.hub.model.card import FORM, facts, metadata
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.directory import Directory, open_directory
from cmtmed.hub.model.files import is_model_file, portable
from cmtmed.hub.model.record import record
from cmtmed.hub.model.training_data import Taught, find_builds, names_of, sources, unknown
from cmtmed.hub.package import Order
from cmtmed.hub.record import FILE as RECORD
from cmtmed.hub.record import encode
from cmtmed.hub.repository import CARD, Kind, Repository

_EXAMPLES: Final = 3


@dataclass(frozen=True)
class Model:
    """A model that is to be published.

    Attributes:
        order: how.
        details: the part of the card that people write.
        directory: the run, or what it was merged into.
        files: what is published of it, as it is now: name to SHA-256.
        taught: builds that it learnt from, by the SHA-256 of their manifests.
    """

    order: Order
    details: ModelDetails
    directory: Directory
    files: Mapping[str, str]
    taught: Mapping[str, Taught]
    kind: Kind = "model"

    @classmethod
    def read(cls, order: Order, details: ModelDetails, data: Sequence[Path]) -> Model:
        """Read a finished run, or what it was merged into.

        Raises:
            UsageError: the run is not finished; its adapter belongs to weights that nobody else has; there are no
                weights; or ``data`` are no builds that it learnt from.
            DatasetError: files of the model or of a build are damaged.
        """
        directory = open_directory(order.out)
        training = directory.training
        there = sorted(file for file in directory.weights.iterdir() if file.is_file() and is_model_file(file.name))
        if not any(file.suffix == ".safetensors" for file in there):
            raise UsageError(f"{str(directory.weights)!r} holds no weights as safetensors, which alone are published")
        merge = f"cmtmed train merge {order.out} --out MODEL, and publish MODEL"
        if training["adapter"] and (len(training["stages"]) > 1 or training["kind"] == "reward"):
            why = "of a reward model" if training["kind"] == "reward" else "on top of what nobody else has"
            raise UsageError(f"{str(order.out)!r} holds an adapter {why}; merge it first: {merge}")
        if details.from_scratch and (training["base"] or details.base_model or training["adapter"]):
            raise UsageError("card: from_scratch says that there is no base, and run or card have one; leave one out")
        if training["base"] and details.base_model not in {None, training["base"]}:
            raise UsageError(
                f"card: base_model is {details.base_model!r}, and the run says {training['base']!r}; leave it out"
            )
        if training["adapter"] and not (details.base_model or training["base"]):
            raise UsageError(
                f"{str(order.out)!r} holds an adapter of a model that lies in a directory here; write its name on the "
                f"Hub as base_model into the card's file, or merge it first: {merge}"
            )
        files = {}
        for place, file in enumerate(there):
            order.progress("look at weights", place, len(there))
            with file.open("rb") as stream:
                files[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
        order.progress("look at weights", len(there), len(there))
        return cls(order, details, directory, files, find_builds(directory, data, order.acknowledged))

    @property
    def base(self) -> str:
        """The base's name on the Hub; empty if it has none."""
        return "" if self.details.from_scratch else self.details.base_model or self.directory.training["base"]

    def findings(self) -> list[Finding]:
        """Return every reason not to publish it."""
        details, training = self.details, self.directory.training
        empty = details.missing(named=bool(training["base"]))
        names = {name for one in self.taught.values() for name in one.survey.licensed}
        if details.base_license and "base_license" not in empty:
            names.add(details.base_license)
        unlicensed = sum((Counter(one.survey.unlicensed) for one in self.taught.values()), Counter[str]())
        return [
            *self._changed(),
            *unknown(training, self.taught),
            *named([name for _, source in sources(training) for name in names_of(source)]),
            *(finding for one in self.taught.values() for finding in one.findings),
            *licensed(sorted(names), unlicensed, None if "license" in empty else details.license),
            *written(empty, details.example),
        ]

    def _changed(self) -> Iterator[Finding]:
        told = {name: one["sha256"] for name, one in self.directory.training["files"].items() if is_model_file(name)}
        changed = sorted(name for name in {*told, *self.files} if told.get(name) != self.files.get(name))
        if changed:
            yield Finding(
                "files",
                f"{len(changed):,} files are not as the training wrote them ({', '.join(changed[:_EXAMPLES])})",
                "train again, into another out",
            )

    @contextmanager
    def staged(self) -> Iterator[Staging]:
        """Open the directory in which the files beside the weights stand."""
        staging = Staging(self.order.out, {"model": dict(self.files), "versions": {"cmtmed": __version__}})
        try:
            yield staging
        finally:
            staging.release()

    def prepared(self, staging: Staging) -> tuple[Version, list[PublishedFile]]:
        """Free configurations of paths, and say which version it is."""
        files = []
        for name, digest in self.files.items():
            local = self.directory.weights / name
            mended = portable(local, self.base)
            if mended is None:
                files.append(PublishedFile(name, local, local.stat().st_size, digest))
            else:
                files.append(staging.write(name, mended))
        digest = checksum(files)
        fingerprint = self.directory.training["stages"][-1]["fingerprint"]
        return Version(self.order.repo, self.order.tag or f"model-{digest[:12]}", digest, fingerprint), files

    def whole(
        self,
        staging: Staging,
        version: Version,
        data: Sequence[PublishedFile],
        overridden: Sequence[Finding],
        present: Repository | None,
    ) -> tuple[list[PublishedFile], str]:
        """Write what goes beside the weights."""
        training, taught = self.directory.training, list(self.taught.values())
        beside = [staging.write(f"figures/{one.name}", one.read_bytes()) for one in self.directory.curves]
        told = facts(version, data, self.details, training, self.taught, self.base, overridden)
        content = record(version, [*data, *beside], self.details, training, taught, self.base, overridden)
        text = write_card(
            FORM,
            {**told, "curves": [one.path for one in beside]},
            metadata(self.details, training, self.base),
            present=present.card if present else None,
            template=self.order.template,
        )
        named = [staging.write(RECORD, encode(content)), staging.write(CARD, text.encode())]
        return [*data, *beside, *named], text
