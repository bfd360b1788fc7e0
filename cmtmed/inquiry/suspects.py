"""Selection of the sentences that may ask, in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.inquiry.clauses import RUN_ON, split_run_ons
from cmtmed.inquiry.cues import SUSPECT
from cmtmed.inquiry.rules import RuleTable, find_possible_rules
from cmtmed.text.scan import PatternSet
from cmtmed.text.sentences import sentences

_CLOSING_SIGNS: Final = "”’』」》）)\"' "
"""What may stand behind the question mark of a sentence."""
_EXAMPLES: Final = "^(?:比如|例如|譬如|像)"


def is_marked(sentence: str) -> bool:
    """Return whether a sentence ends in a question mark."""
    return sentence.rstrip(_CLOSING_SIGNS).endswith(("?", "？"))


def find_suspects(turns: pl.Series, cues: RuleTable) -> tuple[pl.DataFrame, Iterator[bytes]]:
    """Find the sentences that may ask, and those that may give examples of what the one before asks for.

    Args:
        turns: doctors' turns; null holds no sentence.
        cues: the rules of which one must match a sentence without a question mark.

    Returns:
        A row for each part of these sentences (a run-on is split): ``text`` (number of the turn), ``place`` of the
        sentence in it, ``start``, ``sentence``, ``begin`` of the part in the sentence, ``part``, and ``can_ask``. For
        each row which rules can match the part, a byte each.
    """
    table = sentences(turns).with_columns(pl.int_range(pl.len()).over("text").alias("place"))
    matches = _load_patterns().match(table["sentence"])
    suspects = table.filter(pl.Series(matches[:, 0])).select("text", "place", "start", "sentence")
    rows, parts = _split_sentences(suspects["sentence"], matches[matches[:, 0], 2])
    possible = find_possible_rules(parts["part"])
    _verify_back_references(parts["part"], possible, cues)
    unclosed = pl.col("part").str.strip_chars_end(_CLOSING_SIGNS)
    is_asked = parts.select(unclosed.str.ends_with("?") | unclosed.str.ends_with("？")).to_series().to_numpy()
    can_ask = is_asked | possible[:, [rule.number for rule in cues]].any(axis=1)
    selected = np.flatnonzero(can_ask | matches[matches[:, 0], 1][rows])
    table = pl.concat(
        [suspects[rows[selected]], parts[selected], pl.DataFrame({"can_ask": can_ask[selected]})], how="horizontal"
    )
    return table, (row.tobytes() for row in possible[selected])


@cache
def _load_patterns() -> PatternSet:
    return PatternSet([SUSPECT, _EXAMPLES], [RUN_ON.pattern])


def _split_sentences(suspects: pl.Series, runs_on: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], pl.DataFrame]:
    """Split the sentences that may run on.

    Returns:
        For each part the row of its sentence, and ``begin`` and ``part``; in order.
    """
    running = np.flatnonzero(runs_on)
    cut = [
        (row, begin, sentence[begin:end])
        for row, sentence in zip(running.tolist(), suspects.gather(running).to_list(), strict=True)
        for begin, end in split_run_ons(sentence)
    ]
    whole = np.flatnonzero(~runs_on)
    schema = {"row": pl.Int64, "begin": pl.Int64, "part": pl.String}
    parts = pl.concat(
        [
            pl.DataFrame(
                {"row": whole, "begin": np.zeros(len(whole), np.int64), "part": suspects.gather(whole)}, schema
            ),
            pl.DataFrame(cut, schema, orient="row"),
        ]
    ).sort("row", "begin")
    return parts["row"].to_numpy(), parts.select("begin", "part")


def _verify_back_references(parts: pl.Series, possible: npt.NDArray[np.bool_], cues: RuleTable) -> None:
    """Match rules with references, such as 疼不疼: that both words are the same no set of characters can say.

    A clause is cut where no such rule looks any further, so that a part without a match has no clause with one.
    """
    for rule in cues:
        if "(?P=" in rule.pattern.pattern:
            rows = np.flatnonzero(possible[:, rule.number])
            search = rule.pattern.search
            found = [search(part) is not None for part in parts.gather(rows).to_list()]
            possible[rows, rule.number] = np.array(found, dtype=bool)
