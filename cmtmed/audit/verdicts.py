"""What a reader said of the turns of the sample. The file of the verdicts holds no text."""

from __future__ import annotations

import getpass
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeGuard

from cmtmed.audit.content import Method, Origin
from cmtmed.audit.sample import SAMPLE_FILE, Turn, iter_json_lines
from cmtmed.errors import UsageError, did_you_mean
from cmtmed.private_files import append_private_line

VERDICTS_FILE: Final = "verdicts.jsonl"
Verdict = Literal["leak", "fine"]
VERDICTS: Final[tuple[Verdict, ...]] = ("leak", "fine")
METHODS: Final[tuple[Method, ...]] = ("terminal", "page", "file")
"""How a verdict came: from a person at a terminal or on a page, or from a file or a program, whoever wrote it."""


class Judgement(NamedTuple):
    """A verdict and where it comes from.

    Attributes:
        verdict: ``leak`` or ``fine``.
        method: how it came.
        reader: the name that the reader gave; empty if none.
        date: the day on which it was given or imported, as YYYY-MM-DD; empty if unknown.
    """

    verdict: Verdict
    method: Method = "file"
    reader: str = ""
    date: str = ""


def append_verdict(path: Path, turn: Turn, verdict: Verdict, data: str, *, method: Method, reader: str = "") -> None:
    """Append one verdict to a file at once, so that an interrupted reader continues where they stopped.

    Args:
        path: the file of verdicts.
        turn: what was read.
        verdict: ``leak`` or ``fine``.
        data: digest of the dialogue files that were read.
        method: how the verdict came.
        reader: the name that the reader gave; the account of this machine is written down besides.
    """
    row = {
        "id": turn.id,
        "message": turn.message,
        "verdict": verdict,
        "data": data,
        "method": method,
        "reader": reader,
        "account": _get_account(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    append_private_line(path, json.dumps(row, ensure_ascii=False))


def _get_account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # An account without a name, as in some containers.
        return ""


def read_verdicts(path: Path, data: str) -> dict[Turn, Judgement]:
    """Read the verdicts on the present dialogues; of several on a turn the last one counts.

    Args:
        path: a file of JSON lines with ``id``, ``message``, ``verdict``, and optionally ``data``, ``method``,
            ``reader`` and ``time``.
        data: digest of the dialogue files; verdicts on others are skipped.

    Raises:
        UsageError: the file is missing, or a line is not a verdict; the message gives the line.
    """
    judgements: dict[Turn, Judgement] = {}
    line = 1
    try:
        for row in iter_json_lines(path):
            turn, verdict = Turn(str(row["id"]), int(row["message"])), row["verdict"]
            if not _is_verdict(verdict):
                raise UsageError(
                    f"{str(path)!r}, line {line}: {str(verdict)[:20]!r} is not a verdict; "
                    f"{did_you_mean(str(verdict), VERDICTS)}"
                )
            if row.get("data", data) == data:
                method = row.get("method")
                judgements[turn] = Judgement(
                    verdict, method if _is_method(method) else "file", _get_text(row, "reader"),
                    _get_text(row, "time")[: len("YYYY-MM-DD")],
                )  # fmt: skip
            line += 1
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read ({type(error).__name__}); give a file of verdicts") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise UsageError(
            f"{str(path)!r}, line {line}: not of the form "
            '{"id": …, "message": …, "verdict": "leak" or "fine"}; correct the line'
        ) from None
    return judgements


def _get_text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name, "")
    return value if isinstance(value, str) else ""


def _is_method(value: object) -> TypeGuard[Method]:
    return value in METHODS


def _is_verdict(value: object) -> TypeGuard[Verdict]:
    return value in VERDICTS


def check_sampled(path: Path, verdicts: Iterable[Turn], sample: Iterable[tuple[Turn, str]]) -> None:
    """Refuse verdicts on turns that were not drawn: turns that somebody picked are not a random sample.

    Args:
        path: the file of verdicts, for the message.
        verdicts: the turns that were judged.
        sample: the turns that were drawn.

    Raises:
        UsageError: the message gives the number of such turns, and the first.
    """
    drawn_turns = {turn for turn, _ in sample}
    strangers = [turn for turn in verdicts if turn not in drawn_turns]
    if strangers:
        raise UsageError(
            f"{str(path)!r}: {len(strangers)} verdicts are on turns that are not in the sample, the first on message "
            f"{strangers[0].message} of {strangers[0].id!r}; judge the turns of audit/{SAMPLE_FILE}"
        )


def count_verdicts(
    sample: Iterable[tuple[Turn, str]], judgements: Mapping[Turn, Judgement]
) -> tuple[Counter[str], Counter[str]]:
    """Count the turns that were read, and those of them that leak, by stratum."""
    read: Counter[str] = Counter()
    leaks: Counter[str] = Counter()
    for turn, stratum in sample:
        if turn in judgements:
            read[stratum] += 1
            leaks[stratum] += judgements[turn].verdict == "leak"
    return read, leaks


def list_origins(sample: Iterable[tuple[Turn, str]], judgements: Mapping[Turn, Judgement]) -> list[Origin]:
    """List how the verdicts on the turns of the sample came, by whom and when, in the order of `METHODS`."""
    counted = [judgements[turn] for turn, _ in sample if turn in judgements]
    origins: list[Origin] = []
    for method in METHODS:
        judged = [judgement for judgement in counted if judgement.method == method]
        dates = sorted(judgement.date for judgement in judged if judgement.date)
        if judged:
            origins.append({
                "method": method,
                "turns": len(judged),
                "readers": sorted({judgement.reader for judgement in judged if judgement.reader}),
                "first": dates[0] if dates else "",
                "last": dates[-1] if dates else "",
            })  # fmt: skip
    return origins
