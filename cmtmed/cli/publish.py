"""``cmtmed publish``: publish a build or a training run as a version of a dataset or model on the Hugging Face Hub."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cmtmed.cli.console import fail, messages, output, print_json, progress_bar, show_logs
from cmtmed.hub.gate import CHECKS, MAX_RISK
from cmtmed.hub.publication import Publication
from cmtmed.hub.publish import KEY, publish

_CHECKS = ", ".join(CHECKS)
_MOVE_TAG = "Move an existing tag of the same data to the new card."
_HASH_IDS = f"Publish keyed hashes instead of ids; the key is in {KEY}."


class _Gated(StrEnum):
    auto = "auto"
    manual = "manual"


def command(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a build, or of a training run.")],
    repo: Annotated[str, typer.Argument(metavar="ORG/NAME", help="Name on the Hub; created if it does not exist.")],
    public: Annotated[bool, typer.Option("--public", help="Make the repository public; private by default.")] = False,
    gated: Annotated[
        _Gated | None,
        typer.Option("--gated", help="Require people to agree to terms; access is granted at once or by you."),
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Name of the version, such as v1.0.")] = None,
    move_tag: Annotated[bool, typer.Option("--move-tag", help=_MOVE_TAG)] = False,
    config: Annotated[
        list[str] | None, typer.Option("--config", metavar="VIEW", help="Publish only this view; may be repeated.")
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option("--card", metavar="FILE", help="YAML file with the part of the card that you write."),
    ] = None,
    template: Annotated[
        Path | None, typer.Option("--template", metavar="FILE", help="Jinja template of the card.")
    ] = None,
    hash_ids: Annotated[bool, typer.Option("--hash-ids", help=_HASH_IDS)] = False,
    quarantined: Annotated[
        int | None, typer.Option("--quarantined", metavar="N", help="Confirm that N records could not be read.")
    ] = None,
    max_risk: Annotated[
        float,
        typer.Option("--max-risk", metavar="N", help="Maximum turns per 1,000 that may still identify somebody."),
    ] = MAX_RISK,
    against: Annotated[
        list[Path] | None, typer.Option("--against", metavar="FILE", help="Test set to compare with; may be repeated.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", metavar="DIR", help="Build that the model was trained on, if moved; may be repeated."),
    ] = None,
    i_know: Annotated[
        list[str] | None,
        typer.Option("--i-know", metavar="CHECK", help=f"Override a check; may be repeated: {_CHECKS}."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every file and the card, and upload nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the publication as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Publish a build or a model to the Hugging Face Hub. Nothing is uploaded if a check objects."""
    verbose = not quiet and not as_json
    with show_logs(enabled=verbose), progress_bar(enabled=messages.is_terminal and verbose) as progress:
        publication = publish(
            out, repo, private=not public, gated=gated.value if gated else None, tag=tag, move_tag=move_tag,
            configs=config or (), card=card, template=template, hash_ids=hash_ids, quarantined=quarantined,
            max_risk=max_risk, against=against or (), data=data or (), i_know=i_know or (), dry_run=dry_run,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(publication.to_dict())
    elif not quiet:
        show(publication)
    if publication.refused:
        reasons = "\n".join(f"  - {finding}" for finding in publication.refused)
        fail(f"{str(out)!r} may not be published as it is:\n{reasons}")
        sys.exit(1)


def show(publication: Publication) -> None:
    """Print what was published, or the files and the card of a dry run."""
    if not publication.commit:
        width = max(len(f"{file.bytes:,}") for file in publication.files)
        for file in publication.files:
            output.print(f"{file.sha256}  {file.bytes:>{width},}  {file.path}")
        output.print(f"\n--- README.md of {publication.repo}, version {publication.tag} ---\n")
        output.print(publication.card)
        return
    size = sum(file.bytes for file in publication.files)
    output.print(
        f"{publication.repo}@{publication.tag}: {len(publication.files):,} files, {size:,} bytes, "
        f"commit {publication.commit}",
        markup=False,
    )
    for finding in publication.overridden:
        output.print(f"overridden, as the card says: {finding}")
    output.print(publication.url)
