"""Units of text at the start and end of a turn that may be canned, and their removal.

A unit is a whole sentence, the beginning of a sentence up to a comma or colon (根据您现有的资料，建议：), or the
end of one from a comma or colon on (希望对您有帮助，祝您健康！). Only units that speak of the service are candidates;
one that names a quantity, asks something, or speaks of care is none (see `cmtmed.text.service`). A part of a sentence
is a candidate only if the rest says the same without it: it holds no condition, no negation and no contrast.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from cmtmed.text.boilerplate import space_after
from cmtmed.text.sentences import SENTENCE, split
from cmtmed.text.service import CUES, OPENER, drop_care_texts, keep_service_texts, splits_off_expr

_SEPARATORS: Final = "，,：:"
_CLAUSES: Final = (1, 2, 3)
"""Numbers of clauses that a canned part of a sentence may have."""


@dataclass(frozen=True)
class Units:
    """Units of one turn that are canned: sentences, beginnings and ends of sentences."""

    sentences: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    suffixes: set[str] = field(default_factory=set)

    def add(self, position: str, unit: str) -> None:
        """Add a unit of a kind that `extract_units` returns."""
        {"sentence": self.sentences, "prefix": self.prefixes, "suffix": self.suffixes}[position].add(unit)


def extract_units(texts: pl.Series, edge: int, min_chars: int) -> pl.DataFrame:
    """Extract the units of many texts that may be canned.

    Args:
        texts: String; null has no units.
        edge: number of sentences at the start and end of a text that are looked at.
        min_chars: shorter units are left out.

    Returns:
        ``text`` (UInt32, number of the text), ``kind`` (``sentence``, ``prefix`` or ``suffix``), ``unit``, and
        ``alone`` (whether the unit is all that its text holds).
    """
    cued = (
        pl.DataFrame({"content": texts}).with_row_index("text").filter(pl.col("content").str.contains_any(list(CUES)))
    )
    table = (
        cued.select("text", pl.col("content").str.extract_all(SENTENCE).alias("unit"))
        .explode("unit", empty_as_null=False)
        .with_columns(pl.col("unit").str.strip_chars())
        .filter(pl.col("unit") != "")
    )
    owners = table["text"].to_numpy()
    position = np.arange(len(owners)) - np.searchsorted(owners, owners, side="left")
    remaining = np.searchsorted(owners, owners, side="right") - np.arange(len(owners))
    edges = (
        table.with_columns(
            pl.Series("alone", (position == 0) & (remaining == 1)),
            pl.Series("begins", position < edge),
            pl.Series("ends", remaining <= edge),
        )
        .filter(pl.col("begins") | pl.col("ends"))
        .filter(pl.col("unit").str.len_chars() >= min_chars)
        .filter(pl.col("unit").str.contains_any(list(CUES)))
    )
    parts = [_extract_parts(edges.filter("begins"), "prefix", min_chars)]
    parts += [_extract_parts(edges.filter("ends"), "suffix", min_chars)]
    whole = edges.select("text", pl.lit("sentence").alias("kind"), "unit", "alone")
    return pl.concat([keep_service_texts(whole, "unit"), *parts])


def _extract_parts(sentences: pl.DataFrame, kind: str, min_chars: int) -> pl.DataFrame:
    """Extract beginnings (``prefix``) or ends (``suffix``) of sentences, of one to three clauses that may be canned."""
    clause, separator = f"[^{_SEPARATORS}]+", f"[{_SEPARATORS}]+"
    parts = []
    for count in _CLAUSES:
        pattern = (
            rf"^((?:{clause}{separator}){{{count}}})."
            if kind == "prefix"
            else rf"{separator}({clause}(?:{separator}{clause}){{{count - 1}}})$"
        )
        table = sentences.with_columns(pl.col("unit").str.extract(pattern).alias("part")).drop_nulls("part")
        # A longer part holds a shorter one: where that is out, so are both.
        sentences = drop_care_texts(table, "part")
        parts.append(sentences.filter(pl.col("part").str.len_chars() >= min_chars))
    candidates = pl.concat(parts).filter(splits_off_expr(pl.col("part")))
    return keep_service_texts(candidates, "part").select(
        "text", pl.lit(kind).alias("kind"), pl.col("part").alias("unit"), pl.lit(value=False).alias("alone")
    )


def remove_units(text: str, units: Units, edge: int) -> str:
    """Remove canned units from the start and end of a turn; the result is empty if it holds nothing else.

    >>> remove_units("根据您现有的资料，建议：先查血常规。", Units(prefixes={"根据您现有的资料，建议："}), 2)
    '先查血常规。'
    """
    spans = split(text)
    rows = [(text[start:end], space_after(text, end)) for start, end in spans]
    kept = [
        row
        for index, row in enumerate(rows)
        if row[0] not in units.sentences or not (index < edge or index >= len(rows) - edge)
    ]
    shortened = [
        (
            _shorten_sentence(
                sentence,
                units.prefixes if index < edge else frozenset(),
                units.suffixes if index >= len(kept) - edge else frozenset(),
            ),
            space,
        )
        for index, (sentence, space) in enumerate(kept)
    ]
    return text if shortened == rows else "".join(sentence + space for sentence, space in shortened).strip()


def _shorten_sentence(sentence: str, prefixes: AbstractSet[str], suffixes: AbstractSet[str]) -> str:
    prefix = max((unit for unit in prefixes if sentence.startswith(unit)), key=len, default="")
    remainder = sentence[len(prefix) :].lstrip()
    endings = [unit for unit in suffixes if remainder.endswith(unit) and remainder != unit]
    for suffix in sorted(endings, key=len, reverse=True):
        before = remainder[: -len(suffix)].rstrip(_SEPARATORS + " ")
        clause = re.split(f"[{_SEPARATORS}]", before)[-1]
        if before and not OPENER.search(clause):
            return before + "。"
    return remainder or sentence
