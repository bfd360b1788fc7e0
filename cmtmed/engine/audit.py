"""Audit a finished build: what was redacted, what may be left, and a statement about both for the dataset card.

The recognizers' own counts cannot say what they missed. So another pass with looser detectors suspects turns, a random
sample of suspected and unsuspected turns is drawn for a person to read, and the verdicts give an estimate of what is
left (`cmtmed.anonymize.residual`). Files written here hold counts, ids and verdicts, never text.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from cmtmed.anonymize import TYPES
from cmtmed.anonymize.detectors import DETECTORS
from cmtmed.anonymize.replace.actions import list_unredacted
from cmtmed.anonymize.residual import CONFIDENCE, NONE, Residual, Stratum, allocate, estimate
from cmtmed.anonymize.suspects import mask, places, screen
from cmtmed.artifacts import write_json
from cmtmed.builds.manifest import Manifest, library_versions
from cmtmed.engine.privacy import statement
from cmtmed.engine.progress import Progress, ignore_progress
from cmtmed.engine.sample import (
    FILE as SAMPLE,
)
from cmtmed.engine.sample import (
    VERDICTS,
    Draw,
    Turn,
    Verdict,
    append_verdict,
    check_known,
    read_sample,
    read_verdicts,
    tally,
    write_sample,
)
from cmtmed.errors import DatasetError, OutputError, UsageError
from cmtmed.messages import flatten

FOLDER: Final = "audit"
FILE: Final = "audit.json"
STATEMENT: Final = "privacy.md"
FORMAT: Final = "cmtmed.audit"
VERSION: Final = 1
SIZE: Final = 300
"""Turns to read: about two hours. If none of them leaks, fewer than 20 in 1,000 turns do."""

_HELD: Final = (
    "cmtmed",
    "scope",
    "sample",
    "data",
    "build",
    "counts",
    "redaction",
    "identifiers",
    "strata",
    "residual",
)

UNSUSPECTED: Final = 0.001
"""Supposed share of leaks among unsuspected turns; decides how many of them are drawn, not what is reported."""
_BATCHES: Final = 16


@dataclass(frozen=True)
class Audit:
    """The result of `cmtmed.audit`.

    Attributes:
        out: the directory of the build.
        content: what ``audit/audit.json`` holds (``schemas/audit.v1.json``).
    """

    out: Path
    content: dict[str, Any]

    @property
    def residual(self) -> dict[str, Any]:
        """What is supposed to be left: status, turns read, estimate and limits per 1,000 turns and dialogues."""
        told: dict[str, Any] = self.content["residual"]
        return told


@dataclass(frozen=True)
class Shown:
    """A turn of the sample with its text. **It holds the text**: it was asked for.

    Attributes:
        turn: where it stands.
        detector: which stratum it was drawn from.
        role: who speaks.
        text: the turn as it stands in the dataset.
        places: where detectors see something, in code points; empty for an unsuspected turn.
    """

    turn: Turn
    detector: str
    role: str
    text: str
    places: list[tuple[int, int]]


def audit(
    out: str | Path,
    *,
    size: int = SIZE,
    seed: int = 0,
    dropped: bool = False,
    verdicts: str | Path | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit a finished build and write ``audit/`` into it.

    The same build, size and seed give the same sample; verdicts that were given stay. Nothing is screened again
    while the dialogue files are the same.

    Args:
        out: directory of a build.
        size: turns to draw for reading, at least ten of each kind of suspicion where there are as many.
        seed: another seed draws another sample.
        dropped: also audit dropped dialogues, which are kept on disk and not published.
        verdicts: a file of JSON lines with ``id``, ``message`` and ``verdict`` (``leak`` or ``fine``) to take over.
        progress: called with phase, dialogues done and dialogues in all.

    Returns:
        Counts by type and action, suspects by detector, and the estimate. No text.

    Raises:
        DatasetError: ``out`` holds no finished build, or its files are damaged.
        UsageError: ``size`` is not positive, or the verdicts are not of this sample.
        OutputError: the audit cannot be written.
    """
    if size < 1:
        raise UsageError(f"size is {size}; give 1 or more turns to read")
    out = Path(out)
    manifest = Manifest.read(out)
    folder = out / FOLDER
    facts = {
        "cmtmed": library_versions()["cmtmed"],
        "detectors": _detectors_digest(),
        "scope": {"dropped": dropped},
        "sample": {"size": size, "seed": seed},
    }
    digest = data_digest(out, dropped=dropped)
    try:
        content = _known(folder, facts, digest)
        if content is None:
            content = _screened(out, manifest, facts, digest, progress or ignore_progress)
        sample = read_sample(folder / SAMPLE)
        if verdicts is not None:
            taken = read_verdicts(Path(verdicts), digest)
            check_known(Path(verdicts), taken, sample)
            known = _verdicts(folder, digest)
            for turn, verdict in taken.items():
                if known.get(turn) != verdict:
                    append_verdict(folder / VERDICTS, turn, verdict, digest)
        return Audit(out, _concluded(folder, content, sample, digest))
    except OSError as error:
        raise OutputError(f"cannot write the audit to {str(folder)!r}: {error.strerror}; make it writable") from None


def read_audit(out: str | Path) -> Audit:
    """Read the audit of a build, and make sure that it is one of these very dialogues.

    Raises:
        DatasetError: there is no finished build, no audit, or the dialogues have changed since.
    """
    out = Path(out)
    Manifest.read(out)
    content = _content(out / FOLDER)
    if content is None:
        raise DatasetError(f"{str(out)!r} has no audit that can be read; run cmtmed audit {out}")
    if content["data"] != data_digest(out, dropped=content["scope"]["dropped"]):
        raise DatasetError(f"the audit of {str(out)!r} is not of the dialogues that are there; run cmtmed audit {out}")
    return Audit(out, content)


def is_settled(audited: Audit) -> bool:
    """Say whether an audit counts every verdict that was given; `audit`, called again, takes later ones into account.

    Raises:
        DatasetError: the sample or the verdicts cannot be read.
    """
    folder = audited.out / FOLDER
    read, leaks = tally(read_sample(folder / SAMPLE), _verdicts(folder, audited.content["data"]))
    return all(
        (one["read"], one["leaks"]) == (read[one["detector"]], leaks[one["detector"]])
        for one in audited.content["strata"]
    )


def judge(audited: Audit, turn: Turn, verdict: Verdict) -> None:
    """Write down a verdict on a turn of the sample; `audit` takes it into account when it is called next."""
    append_verdict(audited.out / FOLDER / VERDICTS, turn, verdict, audited.content["data"])


def sampled(audited: Audit, limit: int | None = None, *, unread: bool = False) -> list[Shown]:
    """Return turns of the sample with their text, in reading order.

    Args:
        audited: what `audit` or `read_audit` returned.
        limit: at most so many.
        unread: only turns on which there is no verdict yet.

    Raises:
        DatasetError: the sample or the dialogues cannot be read.
    """
    folder = audited.out / FOLDER
    sample = read_sample(folder / SAMPLE)
    if unread:
        known = _verdicts(folder, audited.content["data"])
        sample = [(turn, stratum) for turn, stratum in sample if turn not in known]
    sample = sample[:limit]
    wanted = pa.array(sorted({turn.id for turn, _ in sample}), type=pa.string())
    rows: dict[str, dict[str, Any]] = {}
    for table in _tables(audited.out, dropped=audited.content["scope"]["dropped"]):
        rows |= {row["id"]: row for row in table.filter(pc.is_in(table["id"], wanted)).to_pylist()}
    return [_shown(rows[turn.id], turn, stratum) for turn, stratum in sample]


def _shown(row: Mapping[str, Any], turn: Turn, stratum: str) -> Shown:
    message = row["messages"][turn.message]
    spans = [(0, span["start"], span["end"]) for span in row["identifiers"] if span["message"] == turn.message]
    told = pl.DataFrame(spans, schema=["text", "start", "end"], orient="row")
    text = message["content"] or ""
    covered = mask(pl.Series([text], dtype=pl.String), told)[0]
    return Shown(turn, stratum, message["role"], text, places(covered, [stratum]))


def data_digest(out: Path, *, dropped: bool = False) -> str:
    """Return a SHA-256 over names and bytes of the dialogue files: another dialogue, another digest."""
    whole = hashlib.sha256()
    for file in _files(out, dropped=dropped):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{file.relative_to(out).as_posix()} {digest}\n".encode())
    return whole.hexdigest()


def _files(out: Path, *, dropped: bool) -> list[Path]:
    files = sorted(out.glob("dialogues/*/*.arrow"))
    if not files:
        raise DatasetError(f"{str(out / 'dialogues')!r} holds no dialogues; run cmtmed build again")
    return files + (sorted(out.glob("dropped/*.arrow")) if dropped else [])


def _tables(out: Path, *, dropped: bool) -> Iterator[pa.Table]:
    """Yield what the audit reads of the dialogues, some thousand rows at a time."""
    for file in _files(out, dropped=dropped):
        try:
            with pa.memory_map(str(file)) as source:
                reader = pa.ipc.open_stream(source)
                waiting: list[pa.RecordBatch] = []
                for batch in reader:
                    waiting.append(batch.select(["id", "messages", "identifiers"]))
                    if len(waiting) == _BATCHES:
                        yield pa.Table.from_batches(waiting)
                        waiting = []
                if waiting:
                    yield pa.Table.from_batches(waiting)
        except (pa.ArrowInvalid, KeyError):
            raise DatasetError(f"{str(file)!r} is damaged; run cmtmed build again") from None


def _screened(
    out: Path, manifest: Manifest, facts: Mapping[str, Any], digest: str, progress: Progress
) -> dict[str, Any]:
    """Look at every turn, draw the sample, and return the content without its estimate."""
    whole = manifest.counts["kept"] + (manifest.counts["dropped"] if facts["scope"]["dropped"] else 0)
    draw = Draw(max(facts["sample"]["size"], 10), facts["sample"]["seed"])
    found: Counter[tuple[str, str]] = Counter()
    suspected: Counter[str] = Counter()
    strata: Counter[str] = Counter()
    dialogues = turns = 0
    progress("screen", 0, whole)
    for table in _tables(out, dropped=facts["scope"]["dropped"]):
        rows = pl.DataFrame(pl.from_arrow(table))
        said = flatten(rows["messages"])
        count = rows["identifiers"].list.len().to_numpy()
        spans = rows["identifiers"].explode(empty_as_null=False).struct.unnest()
        text = pl.Series("text", np.repeat(said.first, count)) + spans["message"].cast(pl.Int64)
        flags = screen(mask(said.content, spans.select(text, "start", "end")))
        found.update({(kind, action): number for kind, action, number in spans.group_by("type", "action").len().rows()})
        suspected.update({one.name: int(flags[one.name].sum()) for one in DETECTORS})
        strata.update(dict(flags["stratum"].value_counts().iter_rows()))
        draw.add(rows["id"].gather(said.dialogue), said.message, flags["stratum"])
        dialogues += rows.height
        turns += len(said.content)
        progress("screen", dialogues, whole)
    priors = {**{one.name: one.prior for one in DETECTORS}, NONE: UNSUSPECTED}
    numbers = allocate({name: Stratum(strata[name], prior) for name, prior in priors.items()}, facts["sample"]["size"])
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    write_sample(folder / SAMPLE, draw.taken(numbers))
    return {
        "format": FORMAT,
        "version": VERSION,
        **facts,
        "data": digest,
        "build": {"name": manifest.pipeline.name, "fingerprint": manifest.pipeline.fingerprint},
        "counts": {"dialogues": dialogues, "turns": turns},
        "redaction": _redaction(manifest),
        "identifiers": {
            kind: {action: number for (other, action), number in sorted(found.items()) if other == kind}
            for kind in TYPES
            if any(other == kind for other, _ in found)
        },
        "strata": [
            {
                "detector": name,
                "prior": prior,
                "suspected": suspected[name] if name != NONE else strata[NONE],
                "turns": strata[name],
                "drawn": numbers[name],
            }
            for name, prior in priors.items()
        ],
    }


def _redaction(manifest: Manifest) -> dict[str, Any]:
    """Return whether the pipeline redacts, and which types it leaves in the text although it does."""
    options = manifest.stage_options("redact_identifiers")
    return {"stage": options is not None, "kept": [] if options is None else list(list_unredacted(options))}


def _concluded(folder: Path, content: dict[str, Any], sample: list[tuple[Turn, str]], digest: str) -> dict[str, Any]:
    """Add what was read and what follows from it, and write everything."""
    read, leaks = tally(sample, _verdicts(folder, digest))
    for stratum in content["strata"]:
        stratum |= {"read": read[stratum["detector"]], "leaks": leaks[stratum["detector"]]}
    residual = estimate(
        {one["detector"]: Stratum(one["turns"], one["prior"], one["read"], one["leaks"]) for one in content["strata"]}
    )
    content["residual"] = _told(residual, content["counts"])
    write_json(folder / FILE, content)
    partial = (folder / STATEMENT).with_suffix(".partial")
    partial.write_text(statement(content), encoding="utf-8")
    partial.replace(folder / STATEMENT)
    return content


def _told(residual: Residual, counts: Mapping[str, int]) -> dict[str, Any]:
    figures = asdict(residual)
    shares = {name: figures.pop(name) for name in ("estimate", "low", "high")}
    per_dialogue = counts["turns"] / max(counts["dialogues"], 1)
    return {
        **figures,
        "confidence": CONFIDENCE,
        "per_thousand_turns": {name: round(1000 * share, 3) for name, share in shares.items()},
        "per_thousand_dialogues": {name: round(1000 * share * per_dialogue, 3) for name, share in shares.items()},
    }


def _verdicts(folder: Path, digest: str) -> dict[Turn, Verdict]:
    path = folder / VERDICTS
    return read_verdicts(path, digest) if path.exists() else {}


def _content(folder: Path) -> dict[str, Any] | None:
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(content, dict) and content.get("format") == FORMAT and content.get("version") == VERSION
    return content if known and set(_HELD) <= set(content) else None


def _known(folder: Path, facts: Mapping[str, Any], digest: str) -> dict[str, Any] | None:
    """Return the audit that is there, if it is of the same data and was made in the same way."""
    content = _content(folder)
    if content is None or content.get("data") != digest or not (folder / SAMPLE).is_file():
        return None
    return content if all(content.get(name) == value for name, value in facts.items()) else None


def _detectors_digest() -> str:
    told = [(one.name, one.pattern, one.innocent, one.prior) for one in DETECTORS]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:16]
