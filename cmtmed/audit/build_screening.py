"""Screen a whole build: count what was redacted and what is suspected, and draw the sample to read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Final

import numpy as np
import polars as pl

from cmtmed.anonymize import TYPES
from cmtmed.anonymize.replace.actions import list_unredacted
from cmtmed.audit.content import FOLDER, FORMAT, VERSION, AuditOptions, DrawnStratum, Redaction, Screening
from cmtmed.audit.detectors import DETECTORS
from cmtmed.audit.residual import NONE, Stratum, allocate_sample
from cmtmed.audit.sample import SAMPLE_FILE, TurnSampler, write_sample
from cmtmed.audit.screening import mask_spans, screen_turns
from cmtmed.audit.split_leakage import measure_split_leakage
from cmtmed.builds.build import DIALOGUES, DROPPED, Build
from cmtmed.builds.manifest import Manifest
from cmtmed.engine.progress import Progress
from cmtmed.errors import DatasetError
from cmtmed.messages import flatten
from cmtmed.private_files import make_private_folder

UNSUSPECTED_PRIOR: Final = 0.001
"""Assumed share of leaks among unsuspected turns; it decides how many of them are drawn, not what is reported."""


def list_tables(build: Build, *, dropped: bool) -> tuple[str, ...]:
    """Return the tables to audit.

    Args:
        build: a finished build.
        dropped: also the dropped dialogues.

    Raises:
        DatasetError: the build has no file of dialogues.
    """
    if not build.paths(DIALOGUES):
        raise DatasetError(f"{str(build.root / DIALOGUES)!r} holds no dialogues; run cmtmed build again")
    return (DIALOGUES, DROPPED) if dropped else (DIALOGUES,)


def hash_dialogues(build: Build, *, dropped: bool = False) -> str:
    """Return the SHA-256 over names and bytes of the dialogue files: other dialogues, another digest.

    Raises:
        DatasetError: the build has no file of dialogues.
    """
    return build.digest(*list_tables(build, dropped=dropped))


def hash_detectors() -> str:
    """Return 16 hex digits that change with the detectors."""
    fields = [(detector.name, detector.pattern, detector.exclude, detector.prior) for detector in DETECTORS]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()[:16]


def screen_build(build: Build, options: AuditOptions, digest: str, progress: Progress) -> Screening:
    """Screen every turn, draw the sample and write it.

    Args:
        build: a finished build.
        options: scope and sample.
        digest: of the dialogue files.
        progress: called with phase, dialogues done and dialogues in all.

    Returns:
        What ``audit.json`` holds, without verdicts and estimate.

    Raises:
        DatasetError: a file of dialogues is missing or damaged.
        OSError: the sample cannot be written.
    """
    dropped, size = options["scope"]["dropped"], options["sample"]["size"]
    counts = build.manifest.counts
    total = counts["kept"] + (counts["dropped"] if dropped else 0)
    sampler = TurnSampler(max(size, 10), options["sample"]["seed"])
    identifiers: Counter[tuple[str, str]] = Counter()
    suspected: Counter[str] = Counter()
    stratum_sizes: Counter[str] = Counter()
    dialogues = turn_count = 0
    progress("screen", 0, total)
    for table in list_tables(build, dropped=dropped):
        for rows in build.iter_batches(table, ["id", "messages", "identifiers"]):
            turns = flatten(rows["messages"])
            span_counts = rows["identifiers"].list.len().to_numpy()
            spans = rows["identifiers"].explode(empty_as_null=False).struct.unnest()
            text = pl.Series("text", np.repeat(turns.first, span_counts)) + spans["message"].cast(pl.Int64)
            flags = screen_turns(mask_spans(turns.content, spans.select(text, "start", "end")))
            for identifier_type, action, count in spans.group_by("type", "action").len().iter_rows():
                identifiers[identifier_type, action] += count
            suspected.update({detector.name: int(flags[detector.name].sum()) for detector in DETECTORS})
            stratum_sizes.update(dict(flags["stratum"].value_counts().iter_rows()))
            sampler.add(rows["id"].gather(turns.dialogue), turns.message, flags["stratum"])
            dialogues += rows.height
            turn_count += len(turns.content)
            progress("screen", dialogues, total)
    priors = {**{detector.name: detector.prior for detector in DETECTORS}, NONE: UNSUSPECTED_PRIOR}
    sample_sizes = allocate_sample({name: Stratum(stratum_sizes[name], prior) for name, prior in priors.items()}, size)
    folder = build.root / FOLDER
    make_private_folder(folder)
    write_sample(folder / SAMPLE_FILE, sampler.draw(sample_sizes))
    suspected[NONE] = stratum_sizes[NONE]
    leakage = measure_split_leakage(build)
    return {
        "format": FORMAT,
        "version": VERSION,
        **options,
        "data": digest,
        "build": {"name": build.manifest.pipeline.name, "fingerprint": build.manifest.pipeline.fingerprint},
        "counts": {"dialogues": dialogues, "turns": turn_count},
        "splits": {"questions": leakage.questions, "crossing": leakage.crossing},
        "redaction": describe_redaction(build.manifest),
        "identifiers": _group_by_type(identifiers),
        "strata": [
            DrawnStratum(
                detector=name,
                prior=prior,
                suspected=suspected[name],
                turns=stratum_sizes[name],
                drawn=sample_sizes[name],
            )
            for name, prior in priors.items()
        ],
    }


def _group_by_type(identifiers: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return counts by type, in the order of `TYPES`, and action."""
    by_type: dict[str, dict[str, int]] = {}
    for (identifier_type, action), count in sorted(identifiers.items()):
        by_type.setdefault(identifier_type, {})[action] = count
    return {identifier_type: by_type[identifier_type] for identifier_type in TYPES if identifier_type in by_type}


def describe_redaction(manifest: Manifest) -> Redaction:
    """Return whether the pipeline redacts, and which types it leaves in the text although it does."""
    options = manifest.stage_options("redact_identifiers")
    return {"stage": options is not None, "kept": [] if options is None else list(list_unredacted(options))}
