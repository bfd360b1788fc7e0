"""Find identifiers in many texts: a cheap pass over all, a careful one over the few candidates.

Each recognizer's hint runs in Polars over all texts at once; only texts that match reach Python, and only the
recognizers whose hint matched look at them. What was found is masked and the text looked at again until
nothing new appears: a second run over the redacted text then finds nothing, by construction.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from cmtmed.anonymize.detect.canonical import Canonical, canonical, odd
from cmtmed.anonymize.detect.recognizer import Pattern, Recognizer
from cmtmed.anonymize.detect.recognizers import RECOGNIZERS
from cmtmed.anonymize.detect.repeats import repeats
from cmtmed.anonymize.detect.resolve import resolve
from cmtmed.anonymize.detect.split_numbers import pieces
from cmtmed.anonymize.identifier import FOUND, LABELS, Identifier
from cmtmed.errors import UsageError

_FORMS: Final[dict[str, list[tuple[Recognizer, list[Pattern]]]]] = defaultdict(list)
for _recognizer in RECOGNIZERS.values():
    for _hint, _patterns in _recognizer.hints.items():
        _FORMS[_hint].append((_recognizer, _patterns))
# One automaton for a few hints costs no more than one for each; for many it no longer fits its cache.
_AT_ONCE: Final = 4
_BATCHES: Final = [list(_FORMS)[at : at + _AT_ONCE] for at in range(0, len(_FORMS), _AT_ONCE)]

Spans = dict[int, list[Identifier]]


def find_identifiers(texts: Sequence[str]) -> list[list[Identifier]]:
    """Find what could tell who a person is, each text by itself.

    Args:
        texts: any number of texts.

    Returns:
        For each text its identifiers by start; spans are disjoint and in code points.

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
    result: list[list[Identifier]] = [[] for _ in texts]
    for number, start, end, kind in find(pl.Series(texts, dtype=pl.String)).iter_rows():
        result[number].append(Identifier(start, end, kind))
    return result


def find(
    texts: pl.Series,
    group: pl.Series | None = None,
    *,
    tags: Iterable[str] = tuple(LABELS.values()),
    taken: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Find identifiers in a column of texts.

    Args:
        texts: String; a null holds nothing.
        group: for each text the number of its dialogue. A name or number found once in a dialogue is found
            everywhere in it (王建国 … 建国). Without it each text is its own dialogue.
        tags: marks of an earlier redaction; nothing found touches one.
        taken: spans that nothing found may touch either, such as surrogates of an earlier redaction: columns
            ``text``, ``start``, ``end``, in any order.

    Returns:
        Columns ``text`` (position in ``texts``), ``start``, ``end`` (code points) and ``type``, sorted by text
        and start, disjoint.

    Raises:
        UsageError: ``group`` has another length than ``texts``.
    """
    if group is not None and len(group) != len(texts):
        raise UsageError(f"group has {len(group)} values for {len(texts)} texts; give one for each text")
    tags = sorted(set(tags))
    tag = re.compile("|".join(map(re.escape, tags)) or r"(?!)")
    found: Spans = {}
    tagged: dict[int, list[tuple[int, int]]] = {}
    plain = texts.fill_null("")
    folding = plain.str.contains(odd())
    if tags:
        folding |= plain.str.contains_any(tags)
    forms: dict[int, Canonical] = {}
    hidden = _by_text(taken)
    for row in sorted({*folding.arg_true().to_list(), *hidden}):
        text = plain[row]
        tagged[row] = _joined([*(match.span() for match in tag.finditer(text)), *hidden.get(row, ())])
        forms[row] = canonical(text, tagged[row])
    # scatter writes in place: the caller's column must not change.
    folded = plain.clone().scatter(list(forms), [form.text for form in forms.values()]) if forms else plain
    if group is not None:
        # First of all: a piece may look like a shorter number of its own.
        split = pieces(folded, group, forms)
        for row, spans in split.items():
            found[row] = spans
            forms[row] = canonical(plain[row], sorted([(span.start, span.end) for span in spans] + tagged.get(row, [])))
        folded = folded.clone().scatter(list(split), [forms[row].text for row in split]) if split else folded
    pending = np.arange(len(texts))
    while len(pending):
        new = _round(plain, folded, pending, forms)
        for row, spans in new.items():
            found[row] = sorted(found.get(row, []) + spans)
        if new:
            for row, spans in repeats(plain, group, new, found, tagged).items():
                found[row] = sorted(found.get(row, []) + spans)
                new[row] = new.get(row, []) + spans
        pending = np.array(sorted(new), dtype=np.int64)
        for row in new:
            masked = sorted([(start, end) for start, end, _ in found[row]] + tagged.get(row, []))
            forms[row] = canonical(plain[row], masked)
        folded = pl.Series([forms[row].text for row in pending.tolist()], dtype=pl.String)
    rows = [(row, *span) for row in sorted(found) for span in found[row]]
    return pl.DataFrame(rows, schema=dict(FOUND), orient="row")


def _by_text(taken: pl.DataFrame | None) -> dict[int, list[tuple[int, int]]]:
    spans: dict[int, list[tuple[int, int]]] = {}
    if taken is not None:
        for row, start, end in taken.select("text", "start", "end").iter_rows():
            spans.setdefault(row, []).append((start, end))
    return spans


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort spans and make one of those that overlap; neighbours stay two."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif start < end:
            result.append((start, end))
    return result


def _round(texts: pl.Series, folded: pl.Series, numbers: np.ndarray, forms: dict[int, Canonical]) -> Spans:
    """Look at some texts once."""
    wanted: dict[int, list[tuple[Recognizer, list[Pattern]]]] = defaultdict(list)
    for hints in _BATCHES:
        places = _matching(folded, "|".join(f"(?:{hint})" for hint in hints))
        if len(places):
            few = folded.gather(places)
            for hint in hints:
                for place in places.gather(_matching(few, hint)).to_list():
                    wanted[place].extend(_FORMS[hint])
    result: Spans = {}
    rows = numbers[list(wanted)].tolist()
    for row, text, forms_here in zip(rows, texts.gather(rows).to_list(), wanted.values(), strict=True):
        form = forms.get(row) or Canonical(text)
        spans = resolve(
            (found.start, found.end, recognizer.type, found.confidence)
            for recognizer, patterns in forms_here
            for found in recognizer.scan(form, patterns)
        )
        if spans:
            result[row] = [Identifier(*form.original(span.start, span.end), span.type) for span in spans]
    return result


# Polars compiles a pattern anew once it has seen 32 others; for a handful of texts that would be all the work.
_HANDFUL: Final = 24


def _matching(texts: pl.Series, hint: str) -> pl.Series:
    """Return the positions of the texts that match; hints mean the same to Polars and to ``re``."""
    if len(texts) > _HANDFUL:
        return texts.str.contains(hint).arg_true()
    search = _compiled(hint).search
    return pl.Series([place for place, text in enumerate(texts.to_list()) if search(text)], dtype=pl.UInt32)


@cache
def _compiled(hint: str) -> re.Pattern[str]:
    # An inline flag opens a hint in Polars; joined with others it stands inside, where ``re`` wants a group.
    scoped = re.sub(r"\(\?:\(\?i\)", "(?i:", hint)
    return re.compile(scoped.replace("$", r"\Z"))
