"""Find identifiers in many texts: a cheap pass over all of them, a careful one over the few that can hold any.

The hints of all recognizers are matched in one pass over all texts (`cmtmed.text.scan`); only texts that match a hint
reach Python, and only the patterns behind that hint look at them. Whatever is found is masked and the text is searched
again until nothing new appears: a second run over the redacted text then finds nothing, by construction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from cmtmed.anonymize.detect.canonical import CanonicalText, build_fold_pattern, canonicalize
from cmtmed.anonymize.detect.overlaps import resolve_overlaps
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.anonymize.detect.repeats import find_repeats
from cmtmed.anonymize.detect.split_numbers import SPLIT_NUMBER_HINTS, find_split_numbers
from cmtmed.anonymize.identifier import IDENTIFIER_SCHEMA, LABELS, Identifier, IdentifiersByRow
from cmtmed.errors import UsageError
from cmtmed.text.scan import PatternSet

_RULES: Final = tuple(
    (recognizer, hints, patterns)
    for recognizer in RECOGNIZERS.values()
    for hints, patterns in recognizer.patterns_by_hint.items()
)
_HINTS: Final = tuple(dict.fromkeys(hint for _, (hint, _), _ in _RULES))
_REQUIRED: Final = tuple(dict.fromkeys(required for _, (_, required), _ in _RULES if required))
_FOLDING: Final = len(_HINTS)
_SPLIT_NUMBERS: Final = slice(_FOLDING + 1, _FOLDING + 1 + len(SPLIT_NUMBER_HINTS))


@cache
def _load_hints() -> PatternSet:
    """Return the hints of all recognizers, of a text to be folded, and of numbers that are split over turns."""
    return PatternSet([*_HINTS, build_fold_pattern(), *SPLIT_NUMBER_HINTS], _REQUIRED)


def _select_rules(matches: npt.NDArray[np.bool_], pending: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the position of each pending text and the number of each rule that has to look at it, in order."""
    columns = matches[pending].T
    selected = []
    for _, (hint, required), _ in _RULES:
        column = columns[_HINTS.index(hint)]
        selected.append(column & columns[_SPLIT_NUMBERS.stop + _REQUIRED.index(required)] if required else column)
    indexes, rules = np.nonzero(np.stack(selected, axis=1))
    return zip(pending[indexes].tolist(), rules.tolist(), strict=True)


def find_identifiers(texts: Sequence[str]) -> list[list[Identifier]]:
    """Find personal identifiers, each text by itself.

    Args:
        texts: any number of texts.

    Returns:
        The identifiers of each text, sorted by start; spans are disjoint and in code points.

    Raises:
        UsageError: an element is not a string; the message names its position and type.

    >>> find_identifiers(["王医生您好，我的电话13800138000", "谢谢医生"])
    [[Identifier(start=0, end=1, type='PERSON'), Identifier(start=10, end=21, type='PHONE')], []]
    """
    if isinstance(texts, str):
        raise UsageError("texts is one string; pass a list of strings")
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(f"texts[{position}] is of type {type(text).__name__}; pass strings only")
    identifiers: list[list[Identifier]] = [[] for _ in texts]
    for row, start, end, identifier_type in find(pl.Series(texts, dtype=pl.String)).iter_rows():
        identifiers[row].append(Identifier(start, end, identifier_type))
    return identifiers


def find(
    texts: pl.Series,
    group: pl.Series | None = None,
    *,
    tags: Iterable[str] = tuple(LABELS.values()),
    protected: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Find identifiers in a column of texts.

    Args:
        texts: String; a null holds no identifier.
        group: the number of each text's dialogue. A name or number found once in a dialogue is found everywhere in
            it (王建国 … 建国). Without it, each text is a dialogue of its own.
        tags: tags of an earlier redaction; no finding touches one.
        protected: further spans that no finding may touch, such as surrogates of an earlier redaction: columns
            ``text``, ``start``, ``end``, in any order.

    Returns:
        Columns ``text`` (position in ``texts``), ``start``, ``end`` (code points) and ``type``, sorted by text and
        start, disjoint.

    Raises:
        UsageError: ``group`` and ``texts`` differ in length.
    """
    if group is not None and len(group) != len(texts):
        raise UsageError(f"group has {len(group)} values for {len(texts)} texts; give one for each text")
    tags = sorted(set(tags))
    tag_pattern = re.compile("|".join(map(re.escape, tags)) or r"(?!)")
    identifiers: IdentifiersByRow = {}
    protected_spans: dict[int, list[tuple[int, int]]] = {}
    plain = texts.fill_null("")
    matches = _load_hints().match(plain)
    needs_folding = matches[:, _FOLDING]
    if tags:
        needs_folding = needs_folding | plain.str.contains_any(tags).to_numpy()
    canonical_texts: dict[int, CanonicalText] = {}
    given_spans = _group_spans(protected) if protected is not None else {}
    for row in sorted({*np.flatnonzero(needs_folding).tolist(), *given_spans}):
        text = plain[row]
        tag_spans = [match.span() for match in tag_pattern.finditer(text)]
        protected_spans[row] = _merge_spans([*tag_spans, *given_spans.get(row, ())])
        canonical_texts[row] = canonicalize(text, protected_spans[row])
    _match_again(matches, canonical_texts)
    if group is not None:
        # Before everything else: a fragment may look like a shorter number of its own.
        split_numbers = find_split_numbers(plain, group, canonical_texts, matches[:, _SPLIT_NUMBERS])
        for row, spans in split_numbers.items():
            identifiers[row] = spans
            masked = sorted([(span.start, span.end) for span in spans] + protected_spans.get(row, []))
            canonical_texts[row] = canonicalize(plain[row], masked)
        _match_again(matches, {row: canonical_texts[row] for row in split_numbers})
    pending = np.arange(len(texts))
    while len(pending):
        new = _run_recognizers(plain, pending, matches, canonical_texts)
        for row, spans in new.items():
            identifiers[row] = sorted(identifiers.get(row, []) + spans)
        if new:
            for row, spans in find_repeats(plain, group, new, identifiers, protected_spans).items():
                identifiers[row] = sorted(identifiers.get(row, []) + spans)
                new[row] = new.get(row, []) + spans
        pending = np.array(sorted(new), dtype=np.int64)
        for row in new:
            masked = sorted([(start, end) for start, end, _ in identifiers[row]] + protected_spans.get(row, []))
            canonical_texts[row] = canonicalize(plain[row], masked)
        _match_again(matches, {row: canonical_texts[row] for row in sorted(new)})
    rows = [(row, *span) for row in sorted(identifiers) for span in identifiers[row]]
    return pl.DataFrame(rows, schema=dict(IDENTIFIER_SCHEMA), orient="row")


def _group_spans(table: pl.DataFrame) -> dict[int, list[tuple[int, int]]]:
    """Group a table of spans by the position of their text."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for row, start, end in table.select("text", "start", "end").iter_rows():
        spans.setdefault(row, []).append((start, end))
    return spans


def _merge_spans(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort spans and merge those that overlap; adjacent ones stay separate."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _match_again(matches: npt.NDArray[np.bool_], canonical_texts: Mapping[int, CanonicalText]) -> None:
    """Match the hints against texts in their present canonical form."""
    if canonical_texts:
        texts = pl.Series([text.text for text in canonical_texts.values()], dtype=pl.String)
        matches[list(canonical_texts)] = _load_hints().match(texts)


def _run_recognizers(
    texts: pl.Series,
    pending: npt.NDArray[np.int64],
    matches: npt.NDArray[np.bool_],
    canonical_texts: Mapping[int, CanonicalText],
) -> IdentifiersByRow:
    """Run all recognizers once over the pending texts.

    Args:
        texts: all texts.
        pending: positions of the texts to look at.
        matches: for each text which hints its canonical form matches.
        canonical_texts: canonical texts by position; a text without an entry is in canonical form already.
    """
    identifiers: IdentifiersByRow = {}
    for row, selected in groupby(_select_rules(matches, pending), key=itemgetter(0)):
        canonical_text = canonical_texts.get(row) or CanonicalText(texts[row])
        candidates = [
            (candidate.start, candidate.end, _RULES[rule][0].type, candidate.confidence)
            for _, rule in selected
            for candidate in _RULES[rule][0].scan(canonical_text, _RULES[rule][2])
        ]
        if candidates:
            identifiers[row] = [
                Identifier(*canonical_text.original_span(start, end), identifier_type)
                for start, end, identifier_type in resolve_overlaps(candidates)
            ]
    return identifiers
