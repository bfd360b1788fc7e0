"""What stands between a build and the public: every reason not to publish, with its way out.

A finding belongs to a check, and a check can be overridden by its name alone; what was overridden is written into the
card, so that whoever reads the dataset knows what its publisher knew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, Final

from cmtmed.anonymize.replace.actions import list_unredacted
from cmtmed.artifacts import HashedFile
from cmtmed.audit import is_settled, read_audit
from cmtmed.errors import DatasetError, UsageError, did_you_mean
from cmtmed.hub.dataset.benchmarks import overlapping
from cmtmed.hub.dataset.label_scan import Survey, identified
from cmtmed.hub.details import CardDetails
from cmtmed.hub.licenses import may_carry, objections

CHECKS: Final = {
    "files": "tables are as the build wrote them, weights as the training wrote them",
    "data": "a model learnt from builds, and from nothing else",
    "builds": "the builds that a model learnt from can be looked at here",
    "anonymization": "identifiers were redacted in every dialogue, and no id or department holds one",
    "audit": "an audit of these very dialogues says what may be left",
    "risk": "a person read the audit's sample, and what is left is below --max-risk",
    "licenses": "every dialogue has a licence, and the licences go together",
    "test-sets": "no dialogue for training comes from a test set or holds one's text",
    "quarantine": "whoever publishes knows how many records could not be read",
    "card": "every field of the card that people must write is written",
    "history": "a repository that becomes public shows no earlier, private version",
}
"""Name of each check and what it makes sure of."""

HISTORY: Final = "history"
MAX_RISK: Final = 20.0
"""Turns per 1,000 that may still identify somebody, by the upper confidence limit of the audit."""
_EXAMPLES: Final = 3
_DIR: Final = re.compile(r"\bDIR\b")


@dataclass(frozen=True)
class Finding:
    """A reason not to publish, in words that may go into a card.

    Attributes:
        check: which of `CHECKS` it belongs to.
        reason: what was found; no text of a dialogue and no path.
        way_out: what to do about it; ``DIR`` in it stands for the directory.
        place: the directory, for whoever works on this machine.
    """

    check: str
    reason: str
    way_out: str
    place: str = field(default="", compare=False)

    def __str__(self) -> str:
        way_out = _DIR.sub(lambda _: self.place or "DIR", self.way_out)
        return f"{self.check}: {self.reason}; {way_out}"

    def told(self) -> dict[str, str]:
        """Return what others may read of it."""
        return {"check": self.check, "reason": self.reason, "way_out": self.way_out}


@dataclass(frozen=True)
class Acknowledged:
    """What whoever publishes takes on.

    Attributes:
        quarantined: the number of records in quarantine, as they know it; None if they did not say.
        max_risk: most turns per 1,000 that may still identify somebody.
        i_know: checks whose findings are overridden.
        against: files of test sets to compare with.
    """

    quarantined: int | None = None
    max_risk: float = MAX_RISK
    i_know: tuple[str, ...] = ()
    against: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        for name in self.i_know:
            if name not in CHECKS:
                raise UsageError(f"there is no check {name!r} to override; {did_you_mean(name, CHECKS)}")
        if not self.max_risk >= 0:
            raise UsageError(f"max_risk is {self.max_risk}; give the turns per 1,000 that may be left, 0 or more")


def inspect(
    out: Path,
    manifest: Mapping[str, Any],
    report: Mapping[str, Any],
    files: Sequence[HashedFile],
    found: Survey,
    details: CardDetails,
    known: Acknowledged,
) -> list[Finding]:
    """Return every reason not to publish a build, in the order of `CHECKS`.

    Args:
        out: directory of the build.
        manifest: its manifest.
        report: its report.
        files: its tables that are to be published, as they are now.
        found: what a look at the dialogues gave.
        details: the part of the card that people write.
        known: what whoever publishes takes on.

    Raises:
        DatasetError: the dialogue table is damaged.
        InputError: a test set to compare with is missing or cannot be read.
    """
    return [
        *_files(manifest, files, found),
        *_redaction(manifest),
        *_labels(manifest, found),
        *_audit(out, known.max_risk),
        *licensed(found.licensed, found.unlicensed, details.license),
        *_test_sets(out, manifest, report["before"]["sources"], found, known.against),
        *_quarantine(manifest, known.quarantined),
        *written(details.empty_fields(), details.example),
    ]


def inspect_taught(
    out: Path,
    manifest: Mapping[str, Any],
    report: Mapping[str, Any],
    files: Sequence[HashedFile],
    found: Survey,
    known: Acknowledged,
) -> list[Finding]:
    """Return every reason not to publish a model that learnt from a build, but for licences.

    What a model can give away is text, so ids and departments, which it never saw, do not matter.

    Args:
        out: directory of the build.
        manifest: its manifest.
        report: its report.
        files: its tables as they are now.
        found: what a look at the dialogues gave.
        known: what whoever publishes takes on.

    Raises:
        DatasetError: the audit is damaged.
    """
    told = [
        *_files(manifest, files, found),
        *_redaction(manifest),
        *_audit(out, known.max_risk),
        *_test_sets(out, manifest, report["before"]["sources"], found, known.against),
    ]
    return [replace(one, reason=f"build {manifest['pipeline']['name']!r}: {one.reason}") for one in told]


def named(names: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding if names that a card tells of look like identifiers."""
    count = len(identified(sorted(set(names))))
    if count:
        yield Finding(
            "anonymization",
            f"the names of {count:,} things that the model learnt from look like identifiers",
            "rename them, or give their parts of data: another name, and train again",
        )


def exposed(commits: int) -> list[Finding]:
    """Return the finding that a repository must not become public as it is, if it holds commits of earlier versions."""
    reason = f"{commits:,} commit{'s' * (commits > 1)} with other, private data would become public with it"
    way_out = "publish to a new name"
    return [Finding(HISTORY, reason, way_out)] if commits else []


def _files(manifest: Mapping[str, Any], files: Sequence[HashedFile], found: Survey) -> Iterator[Finding]:
    """The audit looks at the table of dialogues; views hold the same text only if nobody touched them since."""
    kept = manifest["counts"]["kept"]
    if found.rows != kept:
        yield Finding("files", f"the manifest tells of {kept:,} dialogues, and {found.rows:,} are there", "build again")
    told = {one["path"]: one["sha256"] for one in manifest.get("files", ())}
    if not told:
        yield Finding("files", "an earlier cmtmed built it, without checksums of its tables", "build again")
        return
    changed = [one.path for one in files if told.get(one.path) != one.sha256]
    tables = {one.path.split("/")[0] for one in files}
    gone = {path for path in told if path.split("/")[0] in tables} - {one.path for one in files}
    if changed or gone:
        names = ", ".join(sorted([*changed, *gone])[:_EXAMPLES])
        yield Finding(
            "files",
            f"{len(changed) + len(gone):,} files are not as they were built ({names})",
            "build again; change rows by a stage, so that every table has the change",
        )


def _redaction(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    names = [name for stage in manifest["pipeline"]["stages"] for name in stage]
    if "redact_identifiers" not in names:
        yield Finding(
            "anonymization",
            f"pipeline {manifest['pipeline']['name']!r} has no stage redact_identifiers, so nothing was replaced",
            "add the stage and build again",
        )
        return
    options = next(
        stage["redact_identifiers"] for stage in manifest["pipeline"]["stages"] if "redact_identifiers" in stage
    )
    kept = list_unredacted(options)
    if kept:
        yield Finding(
            "anonymization",
            f"the pipeline leaves identifiers in the text: {', '.join(sorted(kept))}",
            "give these types another action than keep and build again",
        )


def _labels(manifest: Mapping[str, Any], found: Survey) -> Iterator[Finding]:
    inputs = [PurePath(one["path"]).name for one in manifest["inputs"]]
    for what, names in (("sources", list(found.placed)), ("input files", inputs)):
        count = len(identified(names))
        if count:
            yield Finding(
                "anonymization", f"the names of {count:,} {what} look like identifiers", "rename them and build again"
            )
    if found.sentences:
        yield Finding(
            "anonymization",
            f"{found.sentences:,} departments are as long as sentences",
            "map the field to another one in the source and build again",
        )
    for name, count in found.identifying.items():
        yield Finding(
            "anonymization",
            f"{count:,} values of the column {name!r} look like identifiers",
            "publish with --hash-ids" if name.endswith("id") else "map the field to none in the source and build again",
        )


def _audit(out: Path, max_risk: float) -> Iterator[Finding]:
    try:
        audited = read_audit(out)
    except DatasetError:
        way_out = "run cmtmed audit DIR"
        there = (out / "audit" / "audit.json").is_file()
        reason = (
            "the audit is damaged, or of other dialogues than those that are there" if there else "there is no audit"
        )
        yield Finding("audit", reason, way_out, str(out))
        yield Finding("risk", "without an audit nobody knows what is left", way_out, str(out))
        return
    if audited.content["scope"]["dropped"]:
        yield Finding(
            "audit",
            "the audit counts dropped dialogues too, which are not published",
            "run cmtmed audit DIR without --dropped",
            str(out),
        )
    if not is_settled(audited):
        yield Finding(
            "risk",
            "verdicts were given since the audit was made, and it does not count them",
            "run cmtmed audit DIR",
            str(out),
        )
        return
    residual = audited.residual
    if residual["status"] != "read":
        read = f"a person read {residual['read']:,} turns of it" if residual["read"] else "nobody read it"
        yield Finding(
            "risk", f"the sample of the audit is not read ({read}), so what is left is not known",
            "cmtmed audit DIR --review", str(out),
        )  # fmt: skip
        return
    most = residual["per_thousand_turns"]["high"]
    if most > max_risk:
        yield Finding(
            "risk",
            f"up to {most:.1f} of 1,000 turns may still identify somebody, and --max-risk is {max_risk:g}",
            "add recognizers or stricter actions and build again, read a larger sample (cmtmed audit --size), or "
            "give the risk that you answer for as --max-risk",
        )


def licensed(names: Sequence[str], unlicensed: Mapping[str, int], chosen: str | None) -> Iterator[Finding]:
    """Yield what speaks against publishing what was made of sources under these licences.

    Args:
        names: licences of the sources.
        unlicensed: dialogues without one, by source.
        chosen: licence of the whole, None if it has none of its own.
    """
    if unlicensed:
        where = ", ".join(f"{source} {count:,}" for source, count in sorted(unlicensed.items())[:_EXAMPLES])
        yield Finding(
            "licenses", f"{sum(unlicensed.values()):,} dialogues have no licence ({where})",
            "write license: into these sources of the pipeline and build again",
        )  # fmt: skip
    way_out = "leave a source out, or agree on other terms with whoever holds the rights"
    for reason in objections(names):
        yield Finding("licenses", reason, way_out)
    if chosen is not None:
        for reason in may_carry(chosen, names):
            yield Finding("licenses", reason, "choose another license in the card's file")


def _test_sets(
    out: Path, manifest: Mapping[str, Any], read: Mapping[str, int], found: Survey, against: Sequence[Path]
) -> Iterator[Finding]:
    named = [
        source
        for stage in manifest["pipeline"]["stages"]
        for source in (stage.get("drop_benchmark_overlap") or {}).get("test_sources", ())
    ]
    if not named and not against:
        yield Finding(
            "test-sets",
            "the dialogues were not compared with any test set",
            "name the sources that are test sets in drop_benchmark_overlap.test_sources and build again, or give their "
            "files with --against",
        )
    missing = [source for source in named if source not in read]
    if missing:
        yield Finding(
            "test-sets",
            f"sources named as test sets hold no dialogue: {', '.join(sorted(missing))}",
            "mend their names, or give their files to the build",
        )
    inside = {source: count for source in named if (count := found.placed.get(source, 0))}
    if inside:
        told = ", ".join(f"{source} {count:,}" for source, count in sorted(inside.items()))
        yield Finding(
            "test-sets",
            f"dialogues of test sets are among those for training ({told})",
            "name these sources in assign_split.test_sources and build again",
        )
    for file in against:
        count = overlapping(out, file)
        if count:
            yield Finding(
                "test-sets", f"{count:,} dialogues hold text of {file.name}",
                "make the file a source of the pipeline, name it in drop_benchmark_overlap.test_sources, build again",
            )  # fmt: skip


def _quarantine(manifest: Mapping[str, Any], quarantined: int | None) -> Iterator[Finding]:
    count = manifest["counts"]["quarantined"]
    if count and quarantined != count:
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in manifest["quarantine"].items())
        said = "" if quarantined is None else f", not {quarantined:,}"
        yield Finding(
            "quarantine", f"{count:,} records could not be read{said} ({reasons})",
            f"look at quarantine/ in the build, then mend the source or say --quarantined {count}",
        )  # fmt: skip


def written(empty: Sequence[str], example: str) -> Iterator[Finding]:
    """Yield the finding that fields of a card are empty, if some are; ``example`` is a bundled file that has them."""
    if empty:
        yield Finding(
            "card", f"nobody wrote {', '.join(empty)}",
            f"write them into a YAML file and give it with --card (cmtmed path {example} shows one)",
        )  # fmt: skip
