"""Files of rankings, as this project and others write them, read into one form.

=======  =======================================================================================================
format   a row
=======  =======================================================================================================
ranking  ``{"id", "prompt", "answers": [{"text", "model"?}], "ranks", "correction"?, "annotator"?, "scores"?}``:
         ours, ``schemas/ranking.v1.json``
tsv      columns ``id  query  history  rank1 … rankK`` of the ranking tool that Zhongjing published
pairs    ``question, response_chosen, response_rejected`` (MedicalGPT); ``prompt, chosen, rejected``;
         ``conversations, chosen, rejected``; ``chosen, rejected`` that begin alike
scores   ``{"set"?, "id", "model"?, "scores": {aspect: number}, "turns"}``: whole dialogues of several models on one
         case; the case is the prompt
=======  =======================================================================================================

A row that cannot be read is left out and counted under its reason; rows read and rows left out add up to the rows of
the file. A message names file, row and reason and quotes no text.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from cmtmed.errors import DatasetError, UsageError, did_you_mean
from cmtmed.training.data import kind_of
from cmtmed.training.fingerprint import fingerprint_of_path
from cmtmed.training.reward.preferences import Ranking
from cmtmed.training.reward.rows import Unreadable, cases, of_pair, of_ranking
from cmtmed.training.reward.tsv import of_table, shown_answers
from cmtmed.training.settings import Part

log = logging.getLogger("cmtmed.training")

FORMATS: Final = ("ranking", "tsv", "pairs", "scores")
_TOLD_BY: Final[Mapping[str, Sequence[frozenset[str]]]] = {
    "ranking": [frozenset(("answers", "ranks"))],
    "scores": [frozenset(("turns", "scores"))],
    "pairs": [frozenset(("chosen", "rejected")), frozenset(("response_chosen", "response_rejected"))],
}
_MAKE: Final = (
    "a reward model learns from rankings: sample answers to the view 'prompts', have them ranked, and write them as "
    "schemas/ranking.v1.json says"
)


class RankingPart(Part):
    """One source of rankings."""

    format: str = Field(default="auto", description=f"{', '.join(FORMATS)}; auto tells by name and columns.")
    ranks: Literal["order", "positions"] | None = Field(
        default=None,
        description="Of a tsv: order (column rank1 holds the best answer) or positions (the published tool's way: the "
        "column of answer i holds the answer whose number is the rank of i). No file says which.",
    )
    answers: str = Field(
        default="", description="Of a tsv with positions: the JSON file of answers that the tool showed."
    )

    @field_validator("ranks", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if value == "auto":
            raise ValueError("no file says whether its columns are order or positions, so auto cannot tell; say which")
        return value


@dataclass
class Source:
    """What was read from a file.

    Attributes:
        name: what messages and metrics call it.
        rankings: of the rows that could be read.
        rows: rows of the file.
        left_out: reason to rows that could not be read.
    """

    name: str
    rankings: list[Ranking]
    rows: int
    left_out: Counter[str] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        """Return the counts, for ``run.json``."""
        return {
            "source": self.name,
            "rows": self.rows,
            "rows_read": self.rows - self.left_out.total(),
            "left_out": dict(sorted(self.left_out.items())),
            "rankings": len(self.rankings),
        }


def described(parts: Sequence[RankingPart]) -> list[Any]:
    """Return what identifies the data of a run, for its fingerprint.

    Raises:
        UsageError: a path does not exist.
    """
    for name in [name for part in parts for name in (part.path, part.answers) if name]:
        if not Path(name).exists():
            raise UsageError(f"data: {name!r} does not exist")
    return [
        {"weight": part.weight, "content": [fingerprint_of_path(Path(one)) for one in (part.path, part.answers) if one]}
        for part in parts
    ]


def read_rankings(part: RankingPart, min_difference: float = 0.5) -> Source:
    """Read a source of rankings.

    Args:
        part: where it is and what it holds.
        min_difference: of score tables: smallest difference of two mean scores that says which dialogue is better.

    Raises:
        UsageError: it is a view of a build or another kind of file, or a setting is missing.
        DatasetError: it is damaged, or not one row can be read.
    """
    path = Path(part.path)
    if part.format not in {"auto", *FORMATS}:
        raise UsageError(f"data: no format is called {part.format!r}; {did_you_mean(part.format, ['auto', *FORMATS])}")
    if path.is_dir():
        raise UsageError(_directory(path))
    form = part.format if part.format != "auto" else "tsv" if path.suffix.lower() in {".tsv", ".tab"} else ""
    first: Counter[str] = Counter()  # the row in which a reason was seen first
    if form == "tsv":
        if part.ranks is None:
            raise UsageError(
                f"{part.label}: say what the columns of the table are: ranks=order (rank1 holds the best answer) or "
                "ranks=positions (written by the published tool); the file cannot tell"
            )
        shown = shown_answers(part.answers, part.label) if part.ranks == "positions" else None
        source = _collect(part.label, of_table(path, shown), first)
    else:
        if part.ranks is not None or part.answers:
            raise UsageError(
                f"{part.label}: ranks and answers are settings of a tsv, and this is no tsv; leave them out"
            )
        rows = list(_rows(path))
        form = form or _form(rows, path)
        if form == "scores":
            source = _collect(part.label, cases(rows, min_difference), first)
        else:
            make: Callable[[Any, int], Ranking] = of_ranking if form == "ranking" else of_pair
            source = _collect(part.label, ((number, _made(make, row, number)) for number, row in rows), first)
    for reason, count in source.left_out.most_common():
        log.warning("%s: %d rows left out: %s (the first: row %d)", part.label, count, reason, first[reason])
    if not source.rankings:
        reasons = "; ".join(f"{reason} (row {first[reason]})" for reason, _ in source.left_out.most_common(3))
        raise DatasetError(f"{path}: none of {source.rows} rows can be used as {form}: {reasons or 'it is empty'}")
    return source


def _made(make: Callable[[Any, int], Ranking], row: Any, number: int) -> Ranking | Unreadable:
    try:
        return make(row, number)
    except Unreadable as error:
        return error


def _collect(name: str, found: Iterator[tuple[int, Ranking | Unreadable | None]], first: Counter[str]) -> Source:
    """Count rows: each comes with a ranking, with the reason why there is none, or with None (part of another's)."""
    source = Source(name, [], 0)
    for number, made in found:
        source.rows += 1
        if isinstance(made, Unreadable):
            source.left_out[made.reason] += 1
            first.setdefault(made.reason, number)
        elif made is not None:
            source.rankings.append(made)
    return source


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each line of JSON lines (`Unreadable` for what is no JSON), or element of an array."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: byte {error.start} is not UTF-8; convert the file") from None
    if text.lstrip().startswith("["):
        try:
            yield from enumerate(json.loads(text), start=1)
        except ValueError as error:
            raise DatasetError(f"{path}: not JSON at character {getattr(error, 'pos', 0)}; mend the file") from None
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError:
                yield number, None


def _form(rows: Sequence[tuple[int, Any]], path: Path) -> str:
    """Tell the format by the columns of the first row that is an object."""
    columns = next((set(row) for _, row in rows if isinstance(row, dict)), None)
    if columns is None:
        raise DatasetError(f"{path}: none of {len(rows)} rows is a JSON object; {_MAKE}")
    for form, signs in _TOLD_BY.items():
        if any(sign <= columns for sign in signs):
            return form
    raise UsageError(f"{path}: columns {', '.join(sorted(columns))} are no ranking; {_MAKE}")


def _directory(path: Path) -> str:
    """Say what a directory holds instead of rankings."""
    from datasets import Dataset, load_from_disk

    if (path / "manifest.json").is_file():
        return f"{str(path)!r} is a build and holds no rankings; {_MAKE}"
    try:
        opened = load_from_disk(str(path))
    except Exception:  # noqa: BLE001 (whatever it is, it is no dataset)
        return f"{str(path)!r} is a directory and no file of rankings; {_MAKE}"
    columns = opened.column_names if isinstance(opened, Dataset) else next(iter(opened.values())).column_names
    kind = kind_of(columns)
    what = f"the view {kind!r}" if kind else f"columns {', '.join(columns)}"
    return f"{str(path)!r} holds {what}, and the reward trainer reads files of rankings; {_MAKE}"
