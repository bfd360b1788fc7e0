"""Publish a build to the Hugging Face Hub: a private dataset repository, one commit and one tag for each version.

Whatever interrupts it, the same call goes on: files that the Hub holds are not sent again, a commit that was made is
recognized, and a tag that stands stays. Until the commit, nobody sees anything of the new version.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cmtmed.anonymize.key import mark, secret
from cmtmed.engine.report import read_report
from cmtmed.errors import GateError, PublishError, UsageError, did_you_mean
from cmtmed.hub.card import card as write_card
from cmtmed.hub.card import metadata
from cmtmed.hub.client import connect, hushed
from cmtmed.hub.croissant import FILE as CROISSANT
from cmtmed.hub.croissant import croissant
from cmtmed.hub.details import CardDetails, parse_details, read_details
from cmtmed.hub.facts import CONFIGS, Version, build_files, checksum, facts
from cmtmed.hub.gate import MAX_RISK, Acknowledged, Finding, inspect
from cmtmed.hub.picture import FILE as PICTURE
from cmtmed.hub.picture import picture
from cmtmed.hub.record import FILE as RECORD
from cmtmed.hub.record import audit_of, encode, record
from cmtmed.hub.repository import CARD, Repository, check, check_tag, look
from cmtmed.hub.shards import PublishedFile, Staging, write_shards
from cmtmed.hub.survey import Survey, survey
from cmtmed.hub.upload import committed, finished, opened
from cmtmed.io.manifest import read_manifest
from cmtmed.views.dataset import DataFile

if TYPE_CHECKING:
    from huggingface_hub import HfApi

log = logging.getLogger("cmtmed.hub")

KEY: Final = "CMTMED_KEY"
"""Environment variable with the secret key of hashed ids."""

Progress = Callable[[str, int, int], None]
Gated = Literal["auto", "manual"]
_EXTRAS: Final = ("altair", "huggingface_hub", "jinja2", "mlcroissant", "vl_convert")
_TAG: Final = re.compile(r"(?!main$|refs/|[0-9a-f]{40}$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_REPO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Publication:
    """What was published, or would be.

    Attributes:
        repo: ``organisation/name``.
        tag: the revision that stands for this version.
        checksum: SHA-256 over all data files.
        commit: SHA of its commit; empty for a dry run.
        url: where it can be seen.
        files: every file of the version, the card included.
        card: the text of README.md.
        refused: findings that forbid publishing; not empty only for a dry run.
        overridden: findings that were overridden, as the card says.
    """

    repo: str
    tag: str
    checksum: str
    commit: str
    url: str
    files: tuple[PublishedFile, ...]
    card: str
    refused: tuple[Finding, ...]
    overridden: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "repo": self.repo,
            "tag": self.tag,
            "checksum": self.checksum,
            "commit": self.commit,
            "url": self.url,
            "files": [one.to_dict() for one in self.files],
            "card": self.card,
            "refused": [vars(finding) for finding in self.refused],
            "overridden": [vars(finding) for finding in self.overridden],
        }


def publish(
    out: str | Path,
    repo: str,
    *,
    private: bool = True,
    gated: Gated | None = None,
    tag: str | None = None,
    configs: Sequence[str] = (),
    card: str | Path | Mapping[str, Any] | None = None,
    template: str | Path | None = None,
    hash_ids: bool = False,
    quarantined: int | None = None,
    max_risk: float = MAX_RISK,
    against: Sequence[str | Path] = (),
    i_know: Sequence[str] = (),
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Publication:
    """Publish a finished build as a version of a dataset on the Hub.

    ``datasets.load_dataset(repo, "sft", revision=tag)`` then gives the rows of the view, without cmtmed.

    Args:
        out: directory of a build.
        repo: ``organisation/name``; made if it is not there.
        private: whether only the repository's owners see it. A repository that is public stays so only if this is
            False.
        gated: people must agree to terms before they get access: at once (``auto``) or when you say so (``manual``).
        tag: names the version; by default ``build-`` and the first digits of the data's checksum.
        configs: which of ``sft``, ``pretrain``, ``prompts``, ``dialogues`` to publish; by default all that are there.
        card: the part of the card that people write: a YAML file, or its content (`cmtmed.hub.details.CardDetails`).
        template: a Jinja template for the card; it may extend the bundled ``dataset_card.md.jinja``.
        hash_ids: publish keyed hashes instead of ids; the key is read from the environment variable `KEY`.
        quarantined: the number of records in quarantine, as you know it.
        max_risk: most turns per 1,000 that may still identify somebody, by the audit's upper confidence limit.
        against: test sets to compare with, in any form that a crawl may have.
        i_know: checks (`cmtmed.hub.gate.CHECKS`) to override; the card says which, and why they objected.
        dry_run: send nothing; the present card is read if the Hub can be reached.
        progress: called with phase, tasks done and tasks in all.

    Raises:
        UsageError: a name, a file or an option is wrong, there is no token, or an extra is not installed.
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        GateError: a check forbids it; nothing was sent.
        PublishError: the Hub refused, or could not be reached; the same call goes on from there.
        OutputError: the files cannot be prepared beside the build.
    """
    _check_names(repo, tag, gated)
    _check_extras()
    acknowledged = Acknowledged(quarantined, max_risk, tuple(i_know), tuple(map(Path, against)))
    order = _Order(
        Path(out), repo, private=private, gated=gated, tag=tag, template=Path(template) if template else None,
        details=_details(card), key=secret(KEY) if hash_ids else None, progress=progress or _silent,
    )  # fmt: skip
    build = _Build.read(order.out, configs, hashed_ids=hash_ids)
    with hushed():
        api = None if dry_run else connect()
        findings = inspect(order.out, build.manifest, build.files, build.survey, order.details, acknowledged)
        overridden = [finding for finding in findings if finding.check in acknowledged.i_know]
        refused = [finding for finding in findings if finding not in overridden]
        if api is None:
            return _rehearsed(order, build, refused, overridden)
        if refused:
            raise GateError(_refusal(order.out, refused))
        return _sent(api, order, build, overridden)


@dataclass(frozen=True)
class _Order:
    """What is to be published, and how."""

    out: Path
    repo: str
    private: bool
    gated: Gated | None
    tag: str | None
    template: Path | None
    details: CardDetails
    key: bytes | None
    progress: Progress


@dataclass(frozen=True)
class _Build:
    """What a build says of itself."""

    manifest: dict[str, Any]
    report: dict[str, Any]
    survey: Survey
    configs: tuple[str, ...]
    files: list[DataFile]

    @classmethod
    def read(cls, out: Path, configs: Sequence[str], *, hashed_ids: bool) -> _Build:
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
        return cls(manifest, report, survey(out, hashed_ids=hashed_ids), chosen, build_files(out, chosen))


def _rehearsed(order: _Order, build: _Build, refused: Sequence[Finding], overridden: Sequence[Finding]) -> Publication:
    """Prepare everything and send nothing."""
    present = None
    try:
        present = look(connect(), order.repo)
    except (UsageError, PublishError):
        log.info("%s cannot be looked at on the Hub; its card is shown as for a new repository", order.repo)
    staging, version, data = _prepared(order, build)
    try:
        files, text = _whole(order, build, staging, version, data, overridden, present)
    finally:
        staging.discard()
    return _publication(order, version, "", files, text, refused, overridden)


def _sent(api: HfApi, order: _Order, build: _Build, overridden: Sequence[Finding]) -> Publication:
    present = look(api, order.repo)
    if present is not None:
        check(present, order.repo, private=order.private)
    staging, version, data = _prepared(order, build)
    # Before anything is made on the Hub: what the tag stands for, and whether the card can be written.
    tagged = present is not None and check_tag(api, present, order.repo, version.tag, version.checksum)
    _whole(order, build, staging, version, data, overridden, present)
    present = opened(api, order.repo, present, gated=order.gated)
    files, text = _whole(order, build, staging, version, data, overridden, present)
    commit = committed(api, version, files, present, order.progress)
    finished(api, version, commit, present, tagged=tagged, private=order.private)
    staging.discard()
    return _publication(order, version, commit, files, text, (), overridden)


def _prepared(order: _Order, build: _Build) -> tuple[Staging, Version, list[PublishedFile]]:
    """Write the shards, and say which version they are."""
    from importlib.metadata import version as installed

    whole = checksum(build.files)
    key_mark = mark(order.key) if order.key else ""
    libraries = {name: installed(name) for name in ("datasets", "pyarrow")}
    plan = {"build": whole, "configs": list(build.configs), "ids": key_mark, "versions": libraries}
    staging = Staging(order.out, plan)
    files = [
        one
        for config in build.configs
        for one in write_shards(order.out, config, staging, key=order.key, progress=order.progress)
    ]
    digest = checksum(files)
    tag = order.tag or f"build-{digest[:12]}"
    return staging, Version(order.repo, tag, digest, whole, key_mark), files


def _whole(
    order: _Order,
    build: _Build,
    staging: Staging,
    version: Version,
    data: Sequence[PublishedFile],
    overridden: Sequence[Finding],
    present: Repository | None,
) -> tuple[list[PublishedFile], str]:
    """Write what goes beside the data: picture, Croissant, record and card."""
    from huggingface_hub import constants

    audit = audit_of(order.out)
    told_facts = facts(
        order.out, version, data, order.details, build.manifest, build.report, audit, build.survey, overridden,
        picture=PICTURE,
    )  # fmt: skip
    gated = order.gated is not None or bool(present and present.gated)
    told_metadata = metadata(told_facts, data, order.details, order.out, gated=gated)
    features = {config: _features(order.out, config) for config in told_facts["configs"]}
    beside = [
        staging.write(PICTURE, picture(build.report)),
        staging.write(CROISSANT, croissant(told_facts, data, features, constants.ENDPOINT)),
    ]
    licenses = told_facts["licenses"]
    content = record(version, [*data, *beside], build.manifest, build.report, audit, licenses, overridden)
    there = present.card.decode("utf-8", "replace") if present and present.card is not None else None
    text = write_card(told_facts, told_metadata, present=there, template=order.template)
    written = [staging.write(RECORD, encode(content)), staging.write(CARD, text.encode())]
    return [*data, *beside, *written], text


def _features(out: Path, config: str) -> Any:
    from datasets import DatasetInfo

    split = next(path for path in sorted((out / config).iterdir()) if path.is_dir())
    return DatasetInfo.from_directory(str(split)).features


def _publication(
    order: _Order,
    version: Version,
    commit: str,
    files: Sequence[PublishedFile],
    text: str,
    refused: Sequence[Finding],
    overridden: Sequence[Finding],
) -> Publication:
    from huggingface_hub import constants

    url = f"{constants.ENDPOINT}/datasets/{order.repo}/tree/{version.tag}"
    return Publication(
        order.repo, version.tag, version.checksum, commit, url, tuple(files), text, tuple(refused), tuple(overridden)
    )


def _details(card: str | Path | Mapping[str, Any] | None) -> CardDetails:
    if card is None:
        return CardDetails()
    return parse_details(dict(card)) if isinstance(card, Mapping) else read_details(card)


def _check_names(repo: str, tag: str | None, gated: str | None) -> None:
    if not _REPO.fullmatch(repo) or len(repo) > 96 or ".." in repo or "--" in repo:
        raise UsageError(f"{repo!r} names no repository of the Hub; give ORG/NAME of letters, digits, - _ and .")
    if tag is not None and not _TAG.fullmatch(tag):
        raise UsageError(f"{tag!r} cannot be a tag; give a name such as v1.0, of letters, digits, - _ and .")
    if gated not in {None, "auto", "manual"}:
        raise UsageError(f"gated is {gated!r}; give auto or manual")


def _check_extras() -> None:
    missing = [name for name in _EXTRAS if find_spec(name) is None]
    if missing:
        raise UsageError(f"publishing needs {', '.join(missing)}; pip install 'cmtmed[hub]'")


def _refusal(out: Path, refused: Sequence[Finding]) -> str:
    reasons = "\n".join(f"  - {finding}" for finding in refused)
    return (
        f"{str(out)!r} may not be published as it is, and nothing was sent:\n{reasons}\n"
        "A check whose objection you answer for is overridden with --i-know CHECK, and the card says so."
    )


def _silent(phase: str, done: int, total: int) -> None:
    """Show nothing."""
