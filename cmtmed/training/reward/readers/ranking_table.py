"""The table of the ranking tool that Zhongjing published, in both of its meanings.

The tool shows K answers, asks for the rank of each, and is meant to write them in order, best first. Its page
``generate_rank.py`` does (``index`` of each rank). Its page ``list_rank.py``, which writes the header ``id query
history rank1 … rankK``, stores ``response_{rank-1} for rank in ranks`` instead: where answer i has rank p(i), column i
holds the answer with the number p(i), which is the inverse permutation. Where p is its own inverse both agree
(for four answers, in 10 of 24 orders); otherwise a table read as an order misstates the doctor's ranks.

Such a table alone does not determine the true ranks: column i holds answer p(i), whose rank is p(p(i)), and p is not
recorded. It can be recovered only from the answers in the order shown, so ``positions`` needs the tool's JSON.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.reward.rankings import Ranking
from cmtmed.training.reward.readers.json_rows import deduplicate_answers
from cmtmed.training.reward.readers.turns import UnreadableRowError, make_turn, parse_history

_HEADER: Final = ("id", "query", "history")
_SHOWN: Final = re.compile(r"response_(\d+)")


def read_shown_answers(path: str, name: str) -> dict[str, list[str]]:
    """Read the tool's JSON: ``{id: {"query", "history", "response_0", …}}``.

    Args:
        path: the file.
        name: of the table in messages.

    Returns:
        Id to the answers in the order in which they were shown.

    Raises:
        UsageError: no path is given, or the file cannot be read.
        DatasetError: it is not in the tool's format.
    """
    if not path:
        raise UsageError(
            f"{name}: ranks=positions needs answers=, the JSON file of the answers that the tool showed: column i "
            "holds the answer whose number is the rank of answer i, so without the order shown the ranks are lost"
        )
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        shown_by_id = {}
        for key, entry in content.items():
            numbered = {int(match[1]): value for field, value in entry.items() if (match := _SHOWN.fullmatch(field))}
            shown_by_id[str(key)] = [str(numbered[number]) for number in sorted(numbered)]
    except OSError as error:
        raise UsageError(f"cannot read the answers {path!r}: {error.strerror}") from error
    except (ValueError, AttributeError) as error:
        raise DatasetError(
            f"{path}: not the JSON of the ranking tool ({type(error).__name__}); it maps an id to response_0, …"
        ) from None
    return shown_by_id


def read_table(
    path: Path, shown_answers: Mapping[str, list[str]] | None
) -> Iterator[tuple[int, Ranking | UnreadableRowError]]:
    """Read the rows of a table.

    Args:
        path: tab-separated, with the tool's header.
        shown_answers: id to the answers as they were shown, for a table of positions; None for a table in order.

    Yields:
        Line number and ranking, or line number and the reason why there is none.

    Raises:
        UsageError: it cannot be read, or lacks the header.
        DatasetError: it is not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter="\t")
            header = next(rows, [])
            if tuple(header[:3]) != _HEADER or len(header) < 5:
                raise UsageError(
                    f"{path}: the table needs the header id, query, history, rank1, rank2, …; one written without "
                    "prompts cannot train a reward model"
                )
            for row in rows:
                try:
                    yield rows.line_num, _parse_row(row, len(header), shown_answers)
                except UnreadableRowError as error:
                    yield rows.line_num, error
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: byte {error.start} is not UTF-8; convert the file") from None


def _parse_row(row: list[str], width: int, shown_answers: Mapping[str, list[str]] | None) -> Ranking:
    if len(row) != width:
        raise UnreadableRowError("the number of columns differs from the header")
    name, query, history, *columns = row
    texts, utilities = columns, [-float(index) for index in range(len(columns))]
    if shown_answers is not None:
        if name not in shown_answers:
            raise UnreadableRowError("its id is not among the answers that were shown")
        texts = shown_answers[name]
        utilities = [-float(rank) for rank in recover_ranks(columns, texts)]
    prompt = [*parse_history(_parse_literal(history)), make_turn("user", query)]
    return deduplicate_answers(Ranking(name, prompt, [[make_turn("assistant", text)] for text in texts], utilities))


def recover_ranks(columns: list[str], shown_answers: list[str]) -> list[int]:
    """Recover the ranks that the doctor gave from a row of positions.

    Args:
        columns: the answers as the table holds them.
        shown_answers: the answers in the order in which they were shown.

    Returns:
        The rank of each answer shown: column i holds the answer whose number is the rank of answer i.

    Raises:
        UnreadableRowError: the answers differ, or two of them are identical, so that their numbers are ambiguous.

    Answers A, B, C with ranks 2, 3, 1 are stored as B, C, A:

    >>> recover_ranks(["B", "C", "A"], ["A", "B", "C"])
    [2, 3, 1]
    """
    number = {text: index for index, text in enumerate(shown_answers, start=1)}
    if len(number) < len(shown_answers):
        raise UnreadableRowError("two answers shown are the same, so their ranks cannot be told apart")
    if sorted(columns) != sorted(shown_answers):
        raise UnreadableRowError("its answers are not those that were shown")
    return [number[text] for text in columns]


def _parse_literal(text: str) -> object:
    """Parse a list as pandas writes it: as JSON or as a Python literal."""
    if not text.strip():
        return []
    for parse in (json.loads, ast.literal_eval):
        try:
            value: object = parse(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return value
    raise UnreadableRowError("history is not a list of pairs")
