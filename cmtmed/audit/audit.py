"""Audit a finished build: what was redacted, what may be left, and a statement about both for the dataset card.

The recognizers' own counts cannot say what they missed. So a second pass with looser detectors suspects turns, a random
sample of suspected and unsuspected turns is drawn for a person to read, and the verdicts give an estimate of what is
left (`cmtmed.audit.residual`). The files written here hold counts, ids and verdicts, never text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cmtmed.artifacts import write_json, write_text
from cmtmed.audit.build_screening import hash_detectors, hash_dialogues, screen_build
from cmtmed.audit.content import (
    AUDIT_FILE,
    FOLDER,
    STATEMENT_FILE,
    AuditContent,
    AuditOptions,
    Counts,
    Rates,
    ReadStratum,
    ResidualRates,
    Screening,
    read_content,
)
from cmtmed.audit.residual import CONFIDENCE, Residual, Stratum, estimate_residual
from cmtmed.audit.sample import SAMPLE_FILE, Turn, read_sample
from cmtmed.audit.statement import render_statement
from cmtmed.audit.verdicts import (
    VERDICTS_FILE,
    Judgement,
    append_verdict,
    check_sampled,
    count_verdicts,
    list_origins,
    read_verdicts,
)
from cmtmed.builds.build import Build
from cmtmed.builds.manifest import library_versions
from cmtmed.engine.progress import Progress, ignore_progress
from cmtmed.errors import DatasetError, OutputError, UsageError

SIZE: Final = 300
"""Turns to read: about two hours. If none of them leaks, fewer than 20 in 1,000 turns do."""


@dataclass(frozen=True)
class Audit:
    """The result of `cmtmed.audit_build`.

    Attributes:
        out: the directory of the build.
        content: what ``audit/audit.json`` holds (``schemas/audit.v1.json``).
    """

    out: Path
    content: AuditContent

    @property
    def residual(self) -> ResidualRates:
        """The estimate of what is left: status, turns read, rates with limits per 1,000 turns and 1,000 dialogues."""
        return self.content["residual"]


def audit_build(
    out: str | Path,
    *,
    size: int = SIZE,
    seed: int = 0,
    dropped: bool = False,
    verdicts: str | Path | None = None,
    verify: bool = False,
    progress: Progress | None = None,
) -> Audit:
    """Audit a finished build and write ``audit/`` into it.

    The same build, size and seed give the same sample, and verdicts that were given are kept. As long as the dialogue
    files are the same, nothing is screened again.

    Args:
        out: directory of a build.
        size: turns to draw for reading, at least ten for each detector that suspects as many.
        seed: another seed draws another sample.
        dropped: also audit dropped dialogues, which are kept on disk and not published.
        verdicts: a file of JSON lines with ``id``, ``message`` and ``verdict`` (``leak`` or ``fine``) to import; the
            statement will say that they came from a file, and name ``reader`` if the lines do.
        verify: compare the checksums of all tables with those that the build recorded first.
        progress: called with phase, dialogues done and dialogues in all.

    Returns:
        Counts by type and action, suspected turns by detector, and the estimate. No text.

    Raises:
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        UsageError: ``size`` is not positive, or the verdicts are not of this sample.
        OutputError: the audit cannot be written.
    """
    if size < 1:
        raise UsageError(f"size is {size}; give 1 or more turns to read")
    with Build.open_checked(out, verify=verify) as build:
        folder = build.root / FOLDER
        options: AuditOptions = {
            "cmtmed": library_versions()["cmtmed"],
            "detectors": hash_detectors(),
            "scope": {"dropped": dropped},
            "sample": {"size": size, "seed": seed},
        }
        digest = hash_dialogues(build, dropped=dropped)
        try:
            screening = _read_screening(folder, options, digest) or screen_build(
                build, options, digest, progress or ignore_progress
            )
            sample = read_sample(folder / SAMPLE_FILE)
            if verdicts is not None:
                imported = read_verdicts(Path(verdicts), digest)
                check_sampled(Path(verdicts), imported, sample)
                earlier = read_audit_verdicts(folder, digest)
                for turn, judgement in imported.items():
                    if turn not in earlier or earlier[turn].verdict != judgement.verdict:
                        append_verdict(
                            folder / VERDICTS_FILE,
                            turn,
                            judgement.verdict,
                            digest,
                            method="file",
                            reader=judgement.reader,
                        )
            content = _add_estimate(screening, sample, read_audit_verdicts(folder, digest))
            statement = render_statement(content, hashed_ids=build.manifest.ids is not None)
            write_json(folder / AUDIT_FILE, content, private=True)
            write_text(folder / STATEMENT_FILE, statement, private=True)
        except OSError as error:
            raise OutputError(
                f"cannot write the audit to {str(folder)!r}: {error.strerror}; make it writable"
            ) from None
        return Audit(build.root, content)


def read_audit(out: str | Path) -> Audit:
    """Read the audit of a build, and make sure that it is an audit of the dialogues that are there now.

    Raises:
        DatasetError: there is no finished build, no audit, or the dialogues have changed since.
    """
    build = Build.open(out)
    content = read_content(build.root / FOLDER)
    if content is None:
        raise DatasetError(f"{str(build.root)!r} has no audit that can be read; run cmtmed audit {build.root}")
    if content["data"] != hash_dialogues(build, dropped=content["scope"]["dropped"]):
        raise DatasetError(
            f"the dialogues of {str(build.root)!r} have changed since the audit; run cmtmed audit {build.root}"
        )
    return Audit(build.root, content)


def is_settled(audit: Audit) -> bool:
    """Return whether an audit counts every verdict that was given; `audit_build` takes later ones into account.

    Raises:
        DatasetError: the sample or the verdicts cannot be read.
    """
    folder = audit.out / FOLDER
    read, leaks = count_verdicts(read_sample(folder / SAMPLE_FILE), read_audit_verdicts(folder, audit.content["data"]))
    return all(
        (stratum["read"], stratum["leaks"]) == (read[stratum["detector"]], leaks[stratum["detector"]])
        for stratum in audit.content["strata"]
    )


def read_audit_verdicts(folder: Path, digest: str) -> dict[Turn, Judgement]:
    """Return the verdicts on the present dialogues from the directory of an audit; none if there is no file."""
    path = folder / VERDICTS_FILE
    return read_verdicts(path, digest) if path.exists() else {}


def _read_screening(folder: Path, options: AuditOptions, digest: str) -> AuditContent | None:
    """Return the audit on disk if it is of the same dialogues and was made with the same options."""
    content = read_content(folder)
    if content is None or content["data"] != digest or not (folder / SAMPLE_FILE).is_file():
        return None
    return content if all(content.get(name) == value for name, value in options.items()) else None


def _add_estimate(
    screening: Screening | AuditContent, sample: list[tuple[Turn, str]], verdicts: dict[Turn, Judgement]
) -> AuditContent:
    """Return the content with the verdicts and what follows from them."""
    read, leaks = count_verdicts(sample, verdicts)
    strata: list[ReadStratum] = [
        {**stratum, "read": read[stratum["detector"]], "leaks": leaks[stratum["detector"]]}
        for stratum in screening["strata"]
    ]
    residual = estimate_residual(
        {
            stratum["detector"]: Stratum(stratum["turns"], stratum["prior"], stratum["read"], stratum["leaks"])
            for stratum in strata
        }
    )
    return {
        **screening,
        "strata": strata,
        "verdicts": list_origins(sample, verdicts),
        "residual": _scale_residual(residual, screening["counts"]),
    }


def _scale_residual(residual: Residual, counts: Counts) -> ResidualRates:
    """Turn shares of all turns into rates per 1,000 turns and per 1,000 dialogues."""
    shares = {"estimate": residual.estimate, "low": residual.low, "high": residual.high}
    turns_per_dialogue = counts["turns"] / max(counts["dialogues"], 1)
    return {
        "status": residual.status,
        "read": residual.read,
        "leaks": residual.leaks,
        "confidence": CONFIDENCE,
        "per_thousand_turns": _per_thousand(shares, 1),
        "per_thousand_dialogues": _per_thousand(shares, turns_per_dialogue),
    }


def _per_thousand(shares: dict[str, float], turns_per_unit: float) -> Rates:
    rates = {name: round(1000 * share * turns_per_unit, 3) for name, share in shares.items()}
    return {"estimate": rates["estimate"], "low": rates["low"], "high": rates["high"]}
