"""Units of text at the start and end of a turn that may be canned, and their removal.

A unit is a whole sentence, the beginning of a sentence up to a comma or colon (根据您现有的资料，建议：), or the
end of one from a comma or colon on (希望对您有帮助，祝您健康！). Only units that speak of the service are candidates;
one that names a quantity, asks something, or speaks of care is none (see `cmtmed.text.service`). A part of a sentence
is a candidate only if the rest says the same without it: it holds no condition, no negation and no contrast.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from cmtmed.text.boilerplate import space_after
from cmtmed.text.canned import DIGIT_RANGES
from cmtmed.text.sentences import CLOSERS, SENTENCE, STOPS, split
from cmtmed.text.service import CUES, OPENER, PLAIN_CARE, find_service_texts, splits_off_expr
from cmtmed.text.words.word_sets import WordSets, view_texts

_SEPARATORS: Final = "，,：:"
_SPACES: Final = "\t\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Polars takes for white space, besides line breaks."""
_DIGITS: Final = [chr(code) for first, last in DIGIT_RANGES for code in range(ord(first), ord(last) + 1)]
_WORDS: Final = WordSets(
    [CUES, [*PLAIN_CARE, *_DIGITS], ["http://", "https://", "www."], STOPS, CLOSERS, "\n", _SEPARATORS, _SPACES]
)
"""What the kernel looks for, in the order of its constants."""


@dataclass(frozen=True)
class Units:
    """Units of one turn that are canned: sentences, beginnings and ends of sentences."""

    sentences: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    suffixes: set[str] = field(default_factory=set)

    def add(self, position: str, unit: str) -> None:
        """Add a unit of a kind that `extract_units` returns."""
        {"sentence": self.sentences, "prefix": self.prefixes, "suffix": self.suffixes}[position].add(unit)


def extract_units(
    texts: pl.Series, edge: int, min_chars: int, is_known: Callable[[pl.Series], pl.Series] | None = None
) -> pl.DataFrame:
    """Extract the units of many texts that may be canned.

    Args:
        texts: String; null has no units.
        edge: number of sentences at the start and end of a text that are looked at.
        min_chars: shorter units are left out.
        is_known: returns which of some units are asked for; all by default.

    Returns:
        ``text`` (UInt32, number of the text), ``kind`` (``sentence``, ``prefix`` or ``suffix``), ``unit``, and
        ``alone`` (whether the unit is all that its text holds).
    """
    edges = _list_sentences(texts, edge, min_chars).filter(pl.col("unit").str.len_chars() >= min_chars)
    begins, ends = pl.col("position") < edge, pl.col("remaining") < edge
    alone = (pl.col("position") == 0) & (pl.col("remaining") == 0)
    whole = edges.filter(pl.col("whole")).select("text", pl.lit("sentence").alias("kind"), "unit", alone.alias("alone"))
    units = pl.concat(
        [
            whole,
            _extract_parts(edges.filter(begins, pl.col("prefix")), "prefix", min_chars),
            _extract_parts(edges.filter(ends, pl.col("suffix")), "suffix", min_chars),
        ]
    )
    if is_known is not None:
        units = units.filter(is_known(units["unit"]))
    return units.filter(pl.Series(find_service_texts(units["unit"])))


def _list_sentences(texts: pl.Series, edge: int, min_chars: int) -> pl.DataFrame:
    """List the sentences at the edges of texts that may be canned, or whose beginning or end may be.

    Returns:
        ``text`` (UInt32, number of the text), ``position`` and ``remaining`` (UInt32, numbers of sentences before and
        behind it), ``whole``, ``prefix`` and ``suffix`` (Boolean, what may be canned), and ``unit``, in order.
    """
    from cmtmed.text.kernels.sentences import PREFIX, SUFFIX, UNSPLIT, WHOLE, copy_spans, find_sentences

    data, offsets = view_texts(texts)
    words = _WORDS.automaton
    automaton = (words.class_of, words.class_masks, words.following, words.state_masks)
    rows, spans = find_sentences(data, offsets, automaton, edge, min_chars)
    starts = np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])]).astype(np.int64)
    copied = np.empty(max(1, int(starts[-1])), dtype=np.uint8)
    copy_spans(data, spans, copied, starts)
    unit = pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(starts), pa.py_buffer(copied))
    marks = pl.Series(rows[:, 3])
    sentences = pl.DataFrame(
        {
            "text": rows[:, 0],
            "position": rows[:, 1],
            "remaining": rows[:, 2],
            **{name: marks & mark != 0 for name, mark in (("whole", WHOLE), ("prefix", PREFIX), ("suffix", SUFFIX))},
            "unit": pl.Series(unit).str.strip_chars(),
        }
    )
    unsplit = marks == UNSPLIT
    if not unsplit.any():
        return sentences
    return pl.concat([sentences.filter(~unsplit), _split(sentences.filter(unsplit), edge)]).sort("text", "position")


def _split(texts: pl.DataFrame, edge: int) -> pl.DataFrame:
    """Split texts with addresses, whose marks end no sentence, as `_list_sentences` does."""
    sentences = (
        texts.with_columns(pl.col("unit").str.extract_all(SENTENCE))
        .explode("unit", empty_as_null=False)
        .with_columns(pl.col("unit").str.strip_chars())
        .filter(pl.col("unit") != "")
    )
    position = pl.int_range(pl.len(), dtype=pl.UInt32).over("text")
    length = pl.len().over("text").cast(pl.UInt32)
    return (
        sentences.with_columns(position.alias("position"), (length - 1 - position).alias("remaining"))
        .with_columns(pl.lit(value=True).alias(name) for name in ("whole", "prefix", "suffix"))
        .filter((pl.col("position") < edge) | (pl.col("remaining") < edge))
    )


def _extract_parts(sentences: pl.DataFrame, kind: str, min_chars: int) -> pl.DataFrame:
    """Extract beginnings (``prefix``) or ends (``suffix``) of one to three clauses, without which the rest stands."""
    clause, separator = f"[^{_SEPARATORS}]+", f"[{_SEPARATORS}]+"
    if kind == "prefix":
        pattern = rf"^({clause}{separator})(?:({clause}{separator})({clause}{separator})?)?."
        groups = [_concat("1"), _concat("1", "2"), _concat("1", "2", "3")]
    else:
        # With two clauses, the first group takes the one before the last, and the second is left out.
        pattern = rf"{separator}({clause}{separator})?({clause}{separator})?({clause})$"
        groups = [_concat("3"), pl.coalesce(_concat("2", "3"), _concat("1", "3")), _concat("1", "2", "3")]
    clauses = sentences.select("text", pl.col("unit").str.extract_groups(pattern).alias("groups"))
    parts = [
        clauses.select("text", group.alias("unit")).filter(pl.col("unit").str.len_chars() >= min_chars)
        for group in groups
    ]
    candidates = pl.concat(parts).filter(splits_off_expr(pl.col("unit")))
    return candidates.select("text", pl.lit(kind).alias("kind"), "unit", pl.lit(value=False).alias("alone"))


def _concat(*names: str) -> pl.Expr:
    """Return clauses one after another; null if one of them is not there."""
    return pl.concat_str([pl.col("groups").struct.field(name) for name in names])


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
