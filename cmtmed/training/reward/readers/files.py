"""Read ranking files in the formats of this project and of others.

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
the file. Messages name file, row and reason, and never quote text.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cmtmed.errors import DatasetError, UsageError, did_you_mean
from cmtmed.training.reward.rankings import Ranking
from cmtmed.training.reward.readers.json_rows import parse_pair, parse_ranking, parse_scored_dialogues
from cmtmed.training.reward.readers.ranking_table import read_shown_answers, read_table
from cmtmed.training.reward.readers.turns import UnreadableRowError
from cmtmed.training.reward.settings import FORMATS, RankingSource
from cmtmed.training.run.fingerprint import fingerprint_path
from cmtmed.training.run.views import identify_view

log = logging.getLogger("cmtmed.training")

_REQUIRED_COLUMNS: Final[Mapping[str, Sequence[frozenset[str]]]] = {
    "ranking": [frozenset(("answers", "ranks"))],
    "scores": [frozenset(("turns", "scores"))],
    "pairs": [frozenset(("chosen", "rejected")), frozenset(("response_chosen", "response_rejected"))],
}
_HOW_TO_RANK: Final = (
    "a reward model learns from rankings: sample answers to the view 'prompts', have them ranked, and write them as "
    "schemas/ranking.v1.json says"
)


@dataclass
class LoadedRankings:
    """Rankings read from one source.

    Attributes:
        name: of the source in messages and metrics.
        rankings: from the rows that could be read.
        rows: number of rows in the file.
        left_out: reason to number of rows that could not be read.
    """

    name: str
    rankings: list[Ranking]
    rows: int
    left_out: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, object]:
        """Return the counts, for ``run.json``."""
        return {
            "source": self.name,
            "rows": self.rows,
            "rows_read": self.rows - self.left_out.total(),
            "left_out": dict(sorted(self.left_out.items())),
            "rankings": len(self.rankings),
        }


def describe_sources(sources: Sequence[RankingSource]) -> list[dict[str, object]]:
    """Return what identifies the data of a run in its fingerprint.

    Raises:
        UsageError: a path does not exist.
    """
    for name in [name for source in sources for name in (source.path, source.answers) if name]:
        if not Path(name).exists():
            raise UsageError(f"data: {name!r} does not exist")
    return [
        {
            "weight": source.weight,
            "content": [fingerprint_path(Path(name)) for name in (source.path, source.answers) if name],
        }
        for source in sources
    ]


def read_rankings(source: RankingSource, min_difference: float = 0.5) -> LoadedRankings:
    """Read a source of rankings.

    Args:
        source: path, format and the meaning of its ranks.
        min_difference: for score tables, the smallest difference of mean scores that counts as a preference.

    Raises:
        UsageError: it is a view of a build or another type of file, or a setting is missing.
        DatasetError: it is damaged, or no row can be read.
    """
    path = Path(source.path)
    if source.format not in {"auto", *FORMATS}:
        raise UsageError(f"data: unknown format {source.format!r}; {did_you_mean(source.format, ['auto', *FORMATS])}")
    if path.is_dir():
        raise UsageError(_describe_directory(path))
    format_name = source.format if source.format != "auto" else "tsv" if path.suffix.lower() in {".tsv", ".tab"} else ""
    first_rows: Counter[str] = Counter()  # reason to the first row that it applies to
    if format_name == "tsv":
        if source.ranks is None:
            raise UsageError(
                f"{source.label}: set what the columns of the table mean: ranks=order (rank1 holds the best answer) or "
                "ranks=positions (written by the published tool); the file cannot tell"
            )
        shown_answers = read_shown_answers(source.answers, source.label) if source.ranks == "positions" else None
        loaded = _collect(source.label, read_table(path, shown_answers), first_rows)
    else:
        if source.ranks is not None or source.answers:
            raise UsageError(
                f"{source.label}: ranks and answers are settings of a tsv, and this is not a tsv; remove them"
            )
        rows = list(_read_rows(path))
        format_name = format_name or _detect_format(rows, path)
        if format_name == "scores":
            loaded = _collect(source.label, parse_scored_dialogues(rows, min_difference), first_rows)
        else:
            parse: Callable[[object, int], Ranking] = parse_ranking if format_name == "ranking" else parse_pair
            loaded = _collect(
                source.label, ((number, _try_parse(parse, row, number)) for number, row in rows), first_rows
            )
    for reason, count in loaded.left_out.most_common():
        log.warning("%s: %d rows left out: %s (the first: row %d)", source.label, count, reason, first_rows[reason])
    if not loaded.rankings:
        reasons = "; ".join(f"{reason} (row {first_rows[reason]})" for reason, _ in loaded.left_out.most_common(3))
        raise DatasetError(
            f"{path}: none of {loaded.rows} rows can be used as {format_name}: {reasons or 'it is empty'}"
        )
    return loaded


def _try_parse(parse: Callable[[object, int], Ranking], row: object, number: int) -> Ranking | UnreadableRowError:
    try:
        return parse(row, number)
    except UnreadableRowError as error:
        return error


def _collect(
    name: str, results: Iterator[tuple[int, Ranking | UnreadableRowError | None]], first_rows: Counter[str]
) -> LoadedRankings:
    """Count rows: each has a ranking, the reason why there is none, or None (it belongs to another row's ranking)."""
    loaded = LoadedRankings(name, [], 0)
    for number, result in results:
        loaded.rows += 1
        if isinstance(result, UnreadableRowError):
            loaded.left_out[result.reason] += 1
            first_rows.setdefault(result.reason, number)
        elif result is not None:
            loaded.rankings.append(result)
    return loaded


def _read_rows(path: Path) -> Iterator[tuple[int, object]]:
    """Yield number and value of each line of JSON lines (None for what is not JSON), or element of an array."""
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
            raise DatasetError(f"{path}: not JSON at character {getattr(error, 'pos', 0)}; fix the file") from None
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError:
                yield number, None


def _detect_format(rows: Sequence[tuple[int, object]], path: Path) -> str:
    """Detect the format from the columns of the first row that is an object."""
    columns = next((set(row) for _, row in rows if isinstance(row, dict)), None)
    if columns is None:
        raise DatasetError(f"{path}: none of {len(rows)} rows is a JSON object; {_HOW_TO_RANK}")
    for format_name, column_sets in _REQUIRED_COLUMNS.items():
        if any(required <= columns for required in column_sets):
            return format_name
    raise UsageError(f"{path}: columns {', '.join(sorted(columns))} do not hold rankings; {_HOW_TO_RANK}")


def _describe_directory(path: Path) -> str:
    """Describe the content of a directory, which holds no rankings."""
    from datasets import Dataset, load_from_disk

    if (path / "manifest.json").is_file():
        return f"{str(path)!r} is a build and holds no rankings; {_HOW_TO_RANK}"
    try:
        dataset = load_from_disk(str(path))
    except Exception:  # noqa: BLE001 (whatever the reason, it is not a dataset)
        return f"{str(path)!r} is a directory, not a file of rankings; {_HOW_TO_RANK}"
    columns = dataset.column_names if isinstance(dataset, Dataset) else next(iter(dataset.values())).column_names
    view = identify_view(columns)
    content = f"the view {view!r}" if view else f"columns {', '.join(columns)}"
    return f"{str(path)!r} holds {content}, but the reward trainer reads ranking files; {_HOW_TO_RANK}"
