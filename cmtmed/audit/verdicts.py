"""What a reader said of the turns of the sample. The file of the verdicts holds no text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, TypeGuard

from cmtmed.artifacts import append_private_line
from cmtmed.audit.sample import SAMPLE_FILE, Turn, iter_json_lines
from cmtmed.errors import UsageError, did_you_mean

VERDICTS_FILE: Final = "verdicts.jsonl"
Verdict = Literal["leak", "fine"]
VERDICTS: Final[tuple[Verdict, ...]] = ("leak", "fine")


def append_verdict(path: Path, turn: Turn, verdict: Verdict, data: str) -> None:
    """Append one verdict to a file at once, so that an interrupted reader continues where they stopped.

    Args:
        path: the file of verdicts.
        turn: what was read.
        verdict: ``leak`` or ``fine``.
        data: digest of the dialogue files that were read.
    """
    row = {"id": turn.id, "message": turn.message, "verdict": verdict, "data": data}
    append_private_line(path, json.dumps(row, ensure_ascii=False))


def read_verdicts(path: Path, data: str) -> dict[Turn, Verdict]:
    """Read the verdicts on the present dialogues; of several on a turn the last one counts.

    Args:
        path: a file of JSON lines with ``id``, ``message``, ``verdict`` and optionally ``data``.
        data: digest of the dialogue files; verdicts on others are skipped.

    Raises:
        UsageError: the file is missing, or a line is not a verdict; the message gives the line.
    """
    verdicts: dict[Turn, Verdict] = {}
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
                verdicts[turn] = verdict
            line += 1
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read ({type(error).__name__}); give a file of verdicts") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            f"{str(path)!r}, line {line}: not of the form "
            '{"id": …, "message": …, "verdict": "leak" or "fine"}; correct the line'
        ) from None
    return verdicts


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
    sample: Iterable[tuple[Turn, str]], verdicts: Mapping[Turn, Verdict]
) -> tuple[Counter[str], Counter[str]]:
    """Count the turns that were read, and those of them that leak, by stratum."""
    read: Counter[str] = Counter()
    leaks: Counter[str] = Counter()
    for turn, stratum in sample:
        if turn in verdicts:
            read[stratum] += 1
            leaks[stratum] += verdicts[turn] == "leak"
    return read, leaks
