"""Publish a build or a model to the Hugging Face Hub: a private repository, one commit and one tag per version.

After any interruption, the same call resumes: files that the Hub holds are not sent again, a commit that was made is
recognized, and an existing tag stays. Until the commit, nobody sees anything of the new version.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cmtmed.anonymize.replace.hashed_ids import KEY_VARIABLE
from cmtmed.anonymize.replace.secret_key import read_key
from cmtmed.artifacts import CARD_FILE
from cmtmed.engine.progress import Progress, ignore_progress
from cmtmed.errors import GateError, PublishError, UsageError
from cmtmed.hub.arguments import check_extras, check_names, check_options, to_paths
from cmtmed.hub.card import check_template
from cmtmed.hub.client import connect, quiet_hub_client
from cmtmed.hub.dataset.details import DatasetDetails
from cmtmed.hub.dataset.metadata import CARD_FORMAT as DATASET_CARD
from cmtmed.hub.dataset.package import DatasetPackage
from cmtmed.hub.details import load_details
from cmtmed.hub.gate import HISTORY, MAX_RISK, Acknowledgement, Finding, check_history
from cmtmed.hub.model.card import CARD_FORMAT as MODEL_CARD
from cmtmed.hub.model.details import ModelDetails
from cmtmed.hub.model.directory import is_model
from cmtmed.hub.model.package import ModelPackage
from cmtmed.hub.package import Gated, Package, PublishRequest
from cmtmed.hub.publication import Publication
from cmtmed.hub.record import RECORD_FILE, decode_record
from cmtmed.hub.repository import (
    Remote,
    Repository,
    check_repository,
    count_other_commits,
    fetch_repository,
    fetch_tagged_version,
)
from cmtmed.hub.settings import make_public
from cmtmed.hub.staging import PublishedFile, Staging, Version
from cmtmed.hub.upload import commit_files, ensure_repository, set_tag, validate_card, verify_commit

log = logging.getLogger("cmtmed.hub")

KEY: Final = KEY_VARIABLE
"""Environment variable with the secret key of hashed ids."""


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
        repo: ``organisation/name``; created if it does not exist.
        private: whether only the repository's owners see it. A public repository is accepted only if this is False.
        gated: people must agree to terms before they get access: at once (``auto``) or on your approval (``manual``).
        tag: names the version; by default ``build-`` or ``model-`` and the first digits of its checksum.
        move_tag: move the tag to this card, if it points to the same data with another one.
        configs: which of ``sft``, ``pretrain``, ``prompts``, ``dialogues`` to publish; by default all that exist.
        card: the part of the card that people write: a YAML file, or its content
            (`cmtmed.hub.dataset.details.DatasetDetails`; of a model `cmtmed.hub.model.details.ModelDetails`).
        template: a Jinja template of your own for the card; it may extend the bundled ``dataset_card.md.jinja`` or
            ``model_card.md.jinja``.
        hash_ids: publish keyed hashes instead of ids; the key is read from the environment variable `KEY`.
        quarantined: the number of records in quarantine, as you know it.
        max_risk: most turns per 1,000 that may still identify somebody, by the audit's upper confidence limit.
        against: test sets to compare with, in any format that a crawl may have.
        data: of a model: builds that it was trained on, if they have moved.
        i_know: checks (`cmtmed.hub.gate.CHECKS`) to override; the card states which, and their objections.
        dry_run: send nothing; the present card is read if the Hub can be reached.
        progress: called with phase, tasks done and tasks in all.

    Raises:
        UsageError: a name, a file or an option is wrong, there is no token, or an extra is not installed.
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        GateError: a check forbids it; nothing was sent.
        PublishError: the Hub refused, or could not be reached; the same call resumes from there.
        OutputError: the files cannot be prepared beside the build.
    """
    check_extras()
    check_names(repo, tag, gated)
    is_run = is_model(Path(out))
    if template is not None:
        check_template(MODEL_CARD if is_run else DATASET_CARD, Path(template))
    acknowledgement = Acknowledgement(quarantined, max_risk, tuple(i_know), to_paths(against))
    request = PublishRequest(
        Path(out), repo, private=private, gated=gated, tag=tag, move_tag=move_tag, dry_run=dry_run,
        template=Path(template) if template else None, acknowledgement=acknowledgement,
        progress=progress or ignore_progress,
    )  # fmt: skip
    package: Package
    if is_run:
        options = {"--config": configs, "--hash-ids": hash_ids, "--quarantined": quarantined}
        check_options(options, applies_to="datasets", actual="a model")
        package = ModelPackage.open(request, load_details(ModelDetails, card), to_paths(data))
    else:
        check_options({"--data": data}, applies_to="models", actual="a dataset")
        key = read_key(KEY, "hashed ids need") if hash_ids else None
        package = DatasetPackage.open(request, load_details(DatasetDetails, card), configs, key)
    with quiet_hub_client():
        if dry_run:
            return _rehearse(request, package, package.run_checks())
        remote = Remote(connect(), package.repo_type, repo)
        return _send(remote, request, package, package.run_checks())


def _rehearse(request: PublishRequest, package: Package, findings: Sequence[Finding]) -> Publication:
    """Prepare everything and send nothing."""
    remote = present = None
    try:
        remote = Remote(connect(), package.repo_type, request.repo)
        present = fetch_repository(remote, patient=False)
    except (UsageError, PublishError) as error:
        log.info("the card is shown as for a new repository, because the Hub could not be read: %s", error)
    with package.open_staging() as staging:
        version, data = package.prepare_data(staging)
        if remote is not None and present is not None:
            check_repository(present, version.tag, private=request.private)
            findings = [*findings, *_find_exposed_history(remote, request, present, version)]
            overridden = request.select_overridden(findings)
            _find_published(remote, request, package, staging, version, data, overridden, present)
        overridden = request.select_overridden(findings)
        files, text = package.write_files(staging, version, data, overridden, present)
        return Publication.create(
            package.repo_type, version, "", files, text,
            refused=request.select_refused(findings), overridden=overridden,
        )  # fmt: skip


def _send(remote: Remote, request: PublishRequest, package: Package, findings: Sequence[Finding]) -> Publication:
    """Send everything, if nothing is refused."""
    _enforce_gate(request, findings)
    present = fetch_repository(remote)
    if present is not None:
        check_repository(present, request.tag, private=request.private)
    with package.open_staging() as staging:
        version, data = package.prepare_data(staging)
        if present is not None and request.tag is None:
            # A tag derived from the data is known only now.
            check_repository(present, version.tag, private=request.private)
        findings = [*findings, *_find_exposed_history(remote, request, present, version)]
        _enforce_gate(request, findings)
        overridden = request.select_overridden(findings)
        publication = _find_published(remote, request, package, staging, version, data, overridden, present)
        if publication is None:
            files, text = package.write_files(staging, version, data, overridden, present)
            validate_card(remote, text)
            present = ensure_repository(remote, present, private=request.private, gated=request.gated)
            commit = commit_files(
                remote, version, files, present, request.progress, private=request.private, gated=request.gated
            )
            verify_commit(remote, commit, files)
            set_tag(remote, version, commit, move=request.move_tag)
            publication = Publication.create(package.repo_type, version, commit, files, text, overridden=overridden)
        else:
            present = ensure_repository(remote, present, private=request.private, gated=request.gated)
        if not request.private and present.private:
            make_public(remote, gated=request.gated)
        staging.discard()
    return publication


def _find_published(
    remote: Remote,
    request: PublishRequest,
    package: Package,
    staging: Staging,
    version: Version,
    data: Sequence[PublishedFile],
    overridden: Sequence[Finding],
    present: Repository | None,
) -> Publication | None:
    """Return the version if it is published already, including its card; None if it is to be sent.

    Raises:
        UsageError: its tag points to other data, or to the same data with another card and is not to be moved.
    """
    tagged = fetch_tagged_version(remote, present, version.tag, version.checksum)
    if present is None or not tagged:
        return None
    # Objections to making the repository public no longer arise once it is public; the card still states them.
    record = decode_record(tagged[RECORD_FILE] or b"", request.repo, package.repo_type)
    recorded = [Finding(**finding) for finding in record["overridden"]]
    earlier = [finding for finding in recorded if finding.check == HISTORY and finding not in overridden]
    overridden = [*overridden, *earlier]
    files, text = package.write_files(staging, version, data, overridden, replace(present, card=tagged[CARD_FILE]))
    if tagged == {file.path: file.local.read_bytes() for file in files if file.path in tagged}:
        commit = present.tags[version.tag]
        return Publication.create(package.repo_type, version, commit, files, text, overridden=overridden)
    if not request.move_tag:
        raise UsageError(
            f"the tag {version.tag!r} of {request.repo!r} points to the same data with another card; pass --move-tag "
            "to move it to this card, or choose another --tag"
        )
    if present.decode_last_record().get("checksum") != version.checksum:
        raise UsageError(
            f"{request.repo!r} holds a later version than {version.tag!r}, whose card can no longer be changed; choose "
            "another --tag to publish these data as a new version"
        )
    return None


def _enforce_gate(request: PublishRequest, findings: Sequence[Finding]) -> None:
    refused = request.select_refused(findings)
    if refused:
        reasons = "\n".join(f"  - {finding}" for finding in refused)
        raise GateError(
            f"{str(request.out)!r} cannot be published as it is, and nothing was sent:\n{reasons}\n"
            "To accept the responsibility for an objection, override its check with --i-know CHECK; the card will "
            "state it."
        )


def _find_exposed_history(
    remote: Remote, request: PublishRequest, present: Repository | None, version: Version
) -> list[Finding]:
    if request.private or present is None or not present.private:
        return []
    return check_history(count_other_commits(remote, present, version.checksum))
