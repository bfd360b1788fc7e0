"""Find identifiers in many texts: a cheap pass over all of them, a careful one over the few that can hold any.

Each recognizer's hints run in Polars over all texts at once; only texts that match a hint reach Python, and only the
patterns behind that hint look at them. Whatever is found is masked and the text is searched again until nothing new
appears: a second run over the redacted text then finds nothing, by construction.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from cmtmed.anonymize.detect.canonical import CanonicalText, build_fold_pattern, canonicalize
from cmtmed.anonymize.detect.overlaps import resolve_overlaps
from cmtmed.anonymize.detect.recognizer import Pattern, Recognizer
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.anonymize.detect.repeats import find_repeats
from cmtmed.anonymize.detect.split_numbers import find_split_numbers
from cmtmed.anonymize.identifier import IDENTIFIER_SCHEMA, LABELS, Identifier, IdentifiersByRow
from cmtmed.errors import UsageError

_PATTERNS_BY_HINT: Final[dict[str, list[tuple[Recognizer, list[Pattern]]]]] = defaultdict(list)
for _recognizer in RECOGNIZERS.values():
    for _hint, _patterns in _recognizer.patterns_by_hint.items():
        _PATTERNS_BY_HINT[_hint].append((_recognizer, _patterns))
# One automaton for a few hints costs no more than one for each; for many it no longer fits its cache.
_HINTS_PER_BATCH: Final = 4
_HINT_BATCHES: Final = [
    list(_PATTERNS_BY_HINT)[index : index + _HINTS_PER_BATCH]
    for index in range(0, len(_PATTERNS_BY_HINT), _HINTS_PER_BATCH)
]


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
    needs_folding = plain.str.contains(build_fold_pattern())
    if tags:
        needs_folding |= plain.str.contains_any(tags)
    canonical_texts: dict[int, CanonicalText] = {}
    given_spans = _group_spans(protected) if protected is not None else {}
    for row in sorted({*needs_folding.arg_true().to_list(), *given_spans}):
        text = plain[row]
        tag_spans = [match.span() for match in tag_pattern.finditer(text)]
        protected_spans[row] = _merge_spans([*tag_spans, *given_spans.get(row, ())])
        canonical_texts[row] = canonicalize(text, protected_spans[row])
    # scatter writes in place: the caller's column must not change.
    canonical = plain
    if canonical_texts:
        canonical = plain.clone().scatter(list(canonical_texts), [text.text for text in canonical_texts.values()])
    if group is not None:
        # Before everything else: a fragment may look like a shorter number of its own.
        split_numbers = find_split_numbers(canonical, group, canonical_texts)
        for row, spans in split_numbers.items():
            identifiers[row] = spans
            masked = sorted([(span.start, span.end) for span in spans] + protected_spans.get(row, []))
            canonical_texts[row] = canonicalize(plain[row], masked)
        if split_numbers:
            canonical = canonical.clone().scatter(
                list(split_numbers), [canonical_texts[row].text for row in split_numbers]
            )
    pending = np.arange(len(texts))
    while len(pending):
        new = _run_recognizers(plain, canonical, pending, canonical_texts)
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
        canonical = pl.Series([canonical_texts[row].text for row in pending.tolist()], dtype=pl.String)
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


def _run_recognizers(
    texts: pl.Series, canonical: pl.Series, pending: np.ndarray, canonical_texts: dict[int, CanonicalText]
) -> IdentifiersByRow:
    """Run all recognizers once over the pending texts.

    Args:
        texts: all texts.
        canonical: canonical form of the pending texts.
        pending: positions of these in ``texts``.
        canonical_texts: canonical texts by position; a text without an entry is in canonical form already.
    """
    patterns_by_index: dict[int, list[tuple[Recognizer, list[Pattern]]]] = defaultdict(list)
    for hints in _HINT_BATCHES:
        candidates = _match_hint(canonical, "|".join(f"(?:{hint})" for hint in hints))
        if len(candidates):
            candidate_texts = canonical.gather(candidates)
            for hint in hints:
                for index in candidates.gather(_match_hint(candidate_texts, hint)).to_list():
                    patterns_by_index[index].extend(_PATTERNS_BY_HINT[hint])
    identifiers: IdentifiersByRow = {}
    rows = pending[list(patterns_by_index)].tolist()
    for row, text, patterns_of_row in zip(rows, texts.gather(rows).to_list(), patterns_by_index.values(), strict=True):
        canonical_text = canonical_texts.get(row) or CanonicalText(text)
        spans = resolve_overlaps(
            (candidate.start, candidate.end, recognizer.type, candidate.confidence)
            for recognizer, patterns in patterns_of_row
            for candidate in recognizer.scan(canonical_text, patterns)
        )
        if spans:
            identifiers[row] = [
                Identifier(*canonical_text.original_span(span.start, span.end), span.type) for span in spans
            ]
    return identifiers


# Polars compiles a pattern anew once it has seen 32 others; for a handful of texts that would be all the work.
_HANDFUL: Final = 24


def _match_hint(texts: pl.Series, hint: str) -> pl.Series:
    """Return the positions of the texts that match; hints mean the same to Polars and to ``re``."""
    if len(texts) > _HANDFUL:
        return texts.str.contains(hint).arg_true()
    search = _compile_hint(hint).search
    return pl.Series([index for index, text in enumerate(texts.to_list()) if search(text)], dtype=pl.UInt32)


@cache
def _compile_hint(hint: str) -> re.Pattern[str]:
    # In Polars an inline flag opens a hint; joined with others it stands inside, where ``re`` requires a group.
    scoped = re.sub(r"\(\?:\(\?i\)", "(?i:", hint)
    return re.compile(scoped.replace("$", r"\Z"))
