"""The table of the ranking tool that Zhongjing published, in both of its meanings.

The tool shows K answers, asks for the rank of each, and is meant to write them in order, the best one first. Its page
``generate_rank.py`` does (``index`` of each rank). Its page ``list_rank.py``, which writes the header ``id query
history rank1 … rankK``, stores ``response_{rank-1} for rank in ranks`` instead: where answer i has rank p(i), column i
holds the answer with the number p(i), which is the inverse permutation. Where p is its own inverse both are the same
(of four answers 10 of 24 orders); otherwise the table read as an order says something that the doctor did not.

The true ranks cannot be found in such a table alone: column i holds answer p(i), whose rank is p(p(i)), and p is not
written down. It can be read off only beside the answers as they were shown, so ``positions`` asks for the tool's JSON.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.reward.preferences import Ranking
from cmtmed.training.reward.rows import Unreadable, distinct, read_history, turn

_HEADER: Final = ("id", "query", "history")
_SHOWN: Final = re.compile(r"response_(\d+)")


def shown_answers(path: str, name: str) -> dict[str, list[str]]:
    """Read the tool's JSON: ``{id: {"query", "history", "response_0", …}}``.

    Args:
        path: the file.
        name: what messages call the table.

    Returns:
        Id to the answers in the order in which they were shown.

    Raises:
        UsageError: none was given, or it cannot be read.
        DatasetError: it is not what the tool reads.
    """
    if not path:
        raise UsageError(
            f"{name}: ranks=positions needs answers=, the JSON of answers that the tool showed: column i holds the "
            "answer whose number is the rank of answer i, and without the order shown the ranks are lost"
        )
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        found = {}
        for key, entry in content.items():
            numbered = {int(match[1]): value for field, value in entry.items() if (match := _SHOWN.fullmatch(field))}
            found[str(key)] = [str(numbered[number]) for number in sorted(numbered)]
    except OSError as error:
        raise UsageError(f"cannot read the answers {path!r}: {error.strerror}") from error
    except (ValueError, AttributeError) as error:
        raise DatasetError(
            f"{path}: not the JSON of the ranking tool ({type(error).__name__}); it maps an id to response_0, …"
        ) from None
    return found


def of_table(path: Path, shown: Mapping[str, list[str]] | None) -> Iterator[tuple[int, Ranking | Unreadable]]:
    """Read the rows of a table.

    Args:
        path: tab-separated, with the tool's header.
        shown: the answers as they were shown, of a table of positions; None for a table in order.

    Yields:
        Line and ranking, or line and why there is none.

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
                    yield rows.line_num, _ranking(row, len(header), shown)
                except Unreadable as error:
                    yield rows.line_num, error
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: byte {error.start} is not UTF-8; convert the file") from None


def _ranking(row: list[str], width: int, shown: Mapping[str, list[str]] | None) -> Ranking:
    if len(row) != width:
        raise Unreadable("as many columns as the header has are needed")
    name, query, history, *columns = row
    texts, worth = columns, [-float(place) for place in range(len(columns))]
    if shown is not None:
        if name not in shown:
            raise Unreadable("its id is not among the answers that were shown")
        texts = shown[name]
        worth = [-float(rank) for rank in ranks_of(columns, texts)]
    prompt = [*read_history(_literal(history)), turn("user", query)]
    return distinct(Ranking(name, prompt, [[turn("assistant", text)] for text in texts], worth))


def ranks_of(columns: list[str], shown: list[str]) -> list[int]:
    """Return the ranks that the doctor gave, from a row of positions.

    Args:
        columns: what the table holds.
        shown: the answers in the order shown.

    Returns:
        The rank of each answer shown: column i holds the answer whose number is the rank of answer i.

    Raises:
        Unreadable: the answers are others, or two are the same, so that their numbers cannot be told apart.

    Answers A, B, C with ranks 2, 3, 1 are stored as B, C, A:

    >>> ranks_of(["B", "C", "A"], ["A", "B", "C"])
    [2, 3, 1]
    """
    number = {text: place for place, text in enumerate(shown, start=1)}
    if len(number) < len(shown):
        raise Unreadable("two answers shown are the same, so their ranks cannot be told apart")
    if sorted(columns) != sorted(shown):
        raise Unreadable("its answers are not those that were shown")
    return [number[text] for text in columns]


def _literal(text: str) -> Any:
    """Read a list as pandas wrote it: as JSON or as Python prints it."""
    if not text.strip():
        return []
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    raise Unreadable("history is no list of pairs")
