"""The sample as a reader sees it, with text, and the verdicts that the reader gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import polars as pl

from cmtmed.audit.audit import Audit, read_audit_verdicts
from cmtmed.audit.build_screening import list_tables
from cmtmed.audit.content import FOLDER, Method
from cmtmed.audit.sample import SAMPLE_FILE, Turn, read_sample
from cmtmed.audit.screening import find_suspect_spans, mask_spans
from cmtmed.audit.verdicts import VERDICTS_FILE, Verdict, append_verdict
from cmtmed.builds.build import Build
from cmtmed.errors import DatasetError


@dataclass(frozen=True)
class SampledTurn:
    """A turn of the sample with its text. **It holds text of a dialogue**: somebody asked to see it.

    Attributes:
        turn: its position.
        detector: the stratum that it was drawn from.
        role: who speaks.
        text: the turn as it stands in the dataset.
        spans: what the detector of its stratum suspects, in code points; empty for an unsuspected turn.
    """

    turn: Turn
    detector: str
    role: str
    text: str
    spans: list[tuple[int, int]]


class _Message(TypedDict):
    role: str
    content: str | None


class _Span(TypedDict):
    message: int
    start: int
    end: int


class _Dialogue(NamedTuple):
    messages: list[_Message]
    identifiers: list[_Span]


def record_verdict(audit: Audit, turn: Turn, verdict: Verdict, *, method: Method = "file", reader: str = "") -> None:
    """Write down a verdict on a turn of the sample; the next call of `audit_build` takes it into account.

    Args:
        audit: from `audit_build` or `read_audit`.
        turn: what was read.
        verdict: ``leak`` or ``fine``.
        method: ``terminal`` or ``page`` if a person has just given it there; ``file`` for what a program passes on.
        reader: name of the reader, which the privacy statement will give.
    """
    path = audit.out / FOLDER / VERDICTS_FILE
    append_verdict(path, turn, verdict, audit.content["data"], method=method, reader=reader)


def read_sampled_turns(audit: Audit, limit: int | None = None, *, unread: bool = False) -> list[SampledTurn]:
    """Read turns of the sample with their text, in reading order.

    Args:
        audit: from `audit_build` or `read_audit`.
        limit: maximum number of turns.
        unread: only turns on which there is no verdict yet.

    Raises:
        DatasetError: the sample or the dialogues cannot be read.
    """
    folder = audit.out / FOLDER
    sample = read_sample(folder / SAMPLE_FILE)
    if unread:
        verdicts = read_audit_verdicts(folder, audit.content["data"])
        sample = [(turn, stratum) for turn, stratum in sample if turn not in verdicts]
    sample = sample[:limit]
    build = Build.open(audit.out)
    ids = pl.Series(sorted({turn.id for turn, _ in sample}), dtype=pl.String).implode()
    dialogues: dict[str, _Dialogue] = {}
    for table in list_tables(build, dropped=audit.content["scope"]["dropped"]):
        for batch in build.iter_batches(table, ["id", "messages", "identifiers"]):
            for id_, messages, identifiers in batch.filter(pl.col("id").is_in(ids)).iter_rows():
                dialogues[id_] = _Dialogue(messages, identifiers)
    for turn, _ in sample:
        if turn.id not in dialogues or turn.message >= len(dialogues[turn.id].messages):
            raise DatasetError(
                f"{str(folder / SAMPLE_FILE)!r} lists a turn that the build does not have; run cmtmed audit {audit.out}"
            )
    return [_read_turn(dialogues[turn.id], turn, stratum) for turn, stratum in sample]


def _read_turn(dialogue: _Dialogue, turn: Turn, stratum: str) -> SampledTurn:
    message = dialogue.messages[turn.message]
    spans = [(0, span["start"], span["end"]) for span in dialogue.identifiers if span["message"] == turn.message]
    span_table = pl.DataFrame(spans, schema=["text", "start", "end"], orient="row")
    text = message["content"] or ""
    masked = mask_spans(pl.Series([text], dtype=pl.String), span_table)[0]
    return SampledTurn(turn, stratum, message["role"], text, find_suspect_spans(masked, [stratum]))
