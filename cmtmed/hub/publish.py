"""Publish a build or a model to the Hugging Face Hub: a private repository, one commit and one tag for each version.

Whatever interrupts it, the same call goes on: files that the Hub holds are not sent again, a commit that was made is
recognized, and a tag that stands stays. Until the commit, nobody sees anything of the new version.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cmtmed.anonymize.replace.key import secret
from cmtmed.engine.progress import Progress, ignore_progress
from cmtmed.errors import GateError, PublishError, UsageError
from cmtmed.hub.card import check_template
from cmtmed.hub.client import connect, hushed
from cmtmed.hub.dataset.card import Version
from cmtmed.hub.dataset.metadata import FORM
from cmtmed.hub.dataset.package import Build
from cmtmed.hub.dataset.shards import PublishedFile, Staging
from cmtmed.hub.details import CardDetails, details_of
from cmtmed.hub.gate import HISTORY, MAX_RISK, Acknowledged, Finding, exposed
from cmtmed.hub.model.card import FORM as MODEL_FORM
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.directory import is_model
from cmtmed.hub.model.package import Model
from cmtmed.hub.package import Gated, Order, Subject
from cmtmed.hub.record import FILE as RECORD
from cmtmed.hub.record import decode
from cmtmed.hub.repository import CARD, Remote, Repository, check, earlier_data, look, standing
from cmtmed.hub.upload import checked_card, committed, opened, shown_to_all, tagged, verified

log = logging.getLogger("cmtmed.hub")

KEY: Final = "CMTMED_KEY"
"""Environment variable with the secret key of hashed ids."""

_EXTRAS: Final = ("altair", "huggingface_hub", "jinja2", "mlcroissant", "vl_convert")
_TAG: Final = re.compile(r"(?!(?:main|HEAD|[0-9a-f]{7,40}|.*\.lock|.*\.|.*\.\..*)$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What git allows, and nobody takes for a branch or a commit."""
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
            "refused": [finding.told() for finding in self.refused],
            "overridden": [finding.told() for finding in self.overridden],
        }


def publish(
    out: str | Path,
    repo: str,
    *,
    private: bool = True,
    gated: Gated | None = None,
    tag: str | None = None,
    move_tag: bool = False,
    configs: Sequence[str] = (),
    card: str | Path | Mapping[str, Any] | None = None,
    template: str | Path | None = None,
    hash_ids: bool = False,
    quarantined: int | None = None,
    max_risk: float = MAX_RISK,
    against: Sequence[str | Path] = (),
    data: Sequence[str | Path] = (),
    i_know: Sequence[str] = (),
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Publication:
    """Publish a finished build as a version of a dataset on the Hub, or a finished run as a version of a model.

    ``datasets.load_dataset(repo, "sft", revision=tag)`` then gives the rows of the view, and
    ``AutoModelForCausalLM.from_pretrained(repo, revision=tag)`` the model, without cmtmed.

    Args:
        out: directory of a build, of a training run, or of a model that a run was merged into.
        repo: ``organisation/name``; made if it is not there.
        private: whether only the repository's owners see it. A repository that is public stays so only if this is
            False.
        gated: people must agree to terms before they get access: at once (``auto``) or when you say so (``manual``).
        tag: names the version; by default ``build-`` or ``model-`` and the first digits of its checksum.
        move_tag: let the tag stand for this card, if it stands for the same data with another one.
        configs: which of ``sft``, ``pretrain``, ``prompts``, ``dialogues`` to publish; by default all that are there.
        card: the part of the card that people write: a YAML file, or its content (`cmtmed.hub.details.CardDetails`;
            of a model `cmtmed.hub.model.details.ModelDetails`).
        template: a Jinja template for the card; it may extend the bundled ``dataset_card.md.jinja`` or
            ``model_card.md.jinja``.
        hash_ids: publish keyed hashes instead of ids; the key is read from the environment variable `KEY`.
        quarantined: the number of records in quarantine, as you know it.
        max_risk: most turns per 1,000 that may still identify somebody, by the audit's upper confidence limit.
        against: test sets to compare with, in any form that a crawl may have.
        data: of a model: builds that it was trained on, if they are not where they were then.
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
    _check_extras()
    _check_names(repo, tag, gated)
    model = is_model(Path(out))
    if template is not None:
        check_template(MODEL_FORM if model else FORM, Path(template))
    acknowledged = Acknowledged(quarantined, max_risk, tuple(i_know), _paths(against))
    order = Order(
        Path(out), repo, private=private, gated=gated, tag=tag, move_tag=move_tag,
        template=Path(template) if template else None, acknowledged=acknowledged, progress=progress or ignore_progress,
    )  # fmt: skip
    subject: Subject
    if model:
        given = {"--config": configs, "--hash-ids": hash_ids, "--quarantined": quarantined}
        _check_options(given, "datasets", "a model")
        subject = Model.read(order, details_of(ModelDetails, card), _paths(data))
    else:
        _check_options({"--data": data}, "models", "no model")
        key = secret(KEY, "hashed ids need") if hash_ids else None
        subject = Build.read(order, details_of(CardDetails, card), configs, key)
    with hushed():
        remote = None if dry_run else Remote(connect(), subject.kind, repo)
        findings = subject.findings()
        return _rehearsed(order, subject, findings) if remote is None else _sent(remote, order, subject, findings)


def _rehearsed(order: Order, subject: Subject, findings: Sequence[Finding]) -> Publication:
    """Prepare everything and send nothing."""
    remote = present = None
    try:
        remote = Remote(connect(), subject.kind, order.repo)
        present = look(remote, patient=False)
    except (UsageError, PublishError) as error:
        log.info("the card is shown as for a new repository, because the Hub was not asked: %s", error)
    with subject.staged() as staging:
        version, data = subject.prepared(staging)
        if remote is not None and present is not None:
            check(present, version.tag, private=order.private)
            findings = [*findings, *_history(remote, order, present, version)]
            there = standing(remote, present, version.tag, version.checksum)
            _standing(order, subject, staging, version, data, order.overridden(findings), present, there)
        overridden = order.overridden(findings)
        files, text = subject.whole(staging, version, data, overridden, present)
        done = _publication(subject, version, "", files, text, order.refused(findings), overridden)
        if not staging.resumed:
            staging.discard()
    return done


def _sent(remote: Remote, order: Order, subject: Subject, findings: Sequence[Finding]) -> Publication:
    """Send everything, if nothing is refused."""
    _pass(order, findings)
    present = look(remote)
    if present is not None:
        check(present, order.tag, private=order.private)
    with subject.staged() as staging:
        version, data = subject.prepared(staging)
        if present is not None and order.tag is None:
            # The name that the data give is known only now.
            check(present, version.tag, private=order.private)
        findings = [*findings, *_history(remote, order, present, version)]
        _pass(order, findings)
        overridden = order.overridden(findings)
        there = standing(remote, present, version.tag, version.checksum)
        done = _standing(order, subject, staging, version, data, overridden, present, there)
        if done is None:
            files, text = subject.whole(staging, version, data, overridden, present)
            checked_card(remote, text)
            present = opened(remote, present, gated=order.gated)
            commit = committed(remote, version, files, present, order.progress, private=order.private)
            verified(remote, commit, files)
            tagged(remote, version, commit, move=order.move_tag)
            done = _publication(subject, version, commit, files, text, (), overridden)
        else:
            present = opened(remote, present, gated=order.gated)
        if not order.private and present.private:
            shown_to_all(remote)
        staging.discard()
    return done


def _standing(
    order: Order,
    subject: Subject,
    staging: Staging,
    version: Version,
    data: Sequence[PublishedFile],
    overridden: Sequence[Finding],
    present: Repository | None,
    there: Mapping[str, bytes | None],
) -> Publication | None:
    """Return the version if it is published already, card and all; None if it is to be sent.

    ``there`` are card and record for which its tag stands, empty if there is no such tag.

    Raises:
        UsageError: its tag stands for the same data with another card, and is not to be moved.
    """
    if present is None or not there:
        return None
    # What objected to making the repository public objects no more, now that it is; the card still says so.
    told = [Finding(**one) for one in decode(there[RECORD] or b"", order.repo, subject.kind)["overridden"]]
    before = [one for one in told if one.check == HISTORY and one not in overridden]
    files, text = subject.whole(staging, version, data, [*overridden, *before], replace(present, card=there[CARD]))
    if there == {one.path: one.local.read_bytes() for one in files if one.path in there}:
        return _publication(subject, version, present.tags[version.tag], files, text, (), [*overridden, *before])
    if not order.move_tag:
        raise UsageError(
            f"the tag {version.tag!r} of {order.repo!r} stands for these data with another card; say --move-tag to let "
            "it stand for this one, or choose another --tag"
        )
    if present.published().get("checksum") != version.checksum:
        raise UsageError(
            f"{order.repo!r} holds a later version than {version.tag!r}, whose card cannot be changed any more; choose "
            "another --tag to publish these data as a new version"
        )
    return None


def _pass(order: Order, findings: Sequence[Finding]) -> None:
    refused = order.refused(findings)
    if refused:
        reasons = "\n".join(f"  - {finding}" for finding in refused)
        raise GateError(
            f"{str(order.out)!r} may not be published as it is, and nothing was sent:\n{reasons}\n"
            "A check whose objection you answer for is overridden with --i-know CHECK, and the card says so."
        )


def _history(remote: Remote, order: Order, present: Repository | None, version: Version) -> list[Finding]:
    if order.private or present is None or not present.private:
        return []
    return exposed(earlier_data(remote, present, version.checksum))


def _publication(
    subject: Subject,
    version: Version,
    commit: str,
    files: Sequence[PublishedFile],
    text: str,
    refused: Sequence[Finding],
    overridden: Sequence[Finding],
) -> Publication:
    from huggingface_hub import constants

    place = f"datasets/{version.repo}" if subject.kind == "dataset" else version.repo
    url = f"{constants.ENDPOINT}/{place}/tree/{version.tag}"
    return Publication(
        version.repo, version.tag, version.checksum, commit, url, tuple(files), text, tuple(refused), tuple(overridden)
    )


def _paths(given: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    return (Path(given),) if isinstance(given, (str, Path)) else tuple(map(Path, given))


def _check_options(given: Mapping[str, Any], those: str, this: str) -> None:
    """Refuse options that mean nothing here."""
    names = [name for name, value in given.items() if not (value is None or value is False or value in ((), []))]
    if names:
        raise UsageError(f"{', '.join(names)}: for {those} only, and this is {this}; leave it out")


def _check_names(repo: str, tag: str | None, gated: str | None) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
        known = _REPO.fullmatch(repo)
    except HFValidationError:
        known = None
    if not known:
        raise UsageError(f"{repo!r} names no repository of the Hub; give ORG/NAME of letters, digits, - _ and .")
    if tag is not None and not _TAG.fullmatch(tag):
        raise UsageError(f"{tag!r} cannot be a tag; give a name such as v1.0, of letters, digits, - _ and .")
    if gated not in {None, "auto", "manual"}:
        raise UsageError(f"gated is {gated!r}; give auto or manual")


def _check_extras() -> None:
    missing = [name for name in _EXTRAS if find_spec(name) is None]
    if missing:
        raise UsageError(f"publishing needs {', '.join(missing)}; pip install 'cmtmed[hub]'")
