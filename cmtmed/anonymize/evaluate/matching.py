"""Compare predicted identifiers with those that are there, as the shared tasks on de-identification do.

Three ways of matching, one to one, micro-averaged:

- exact: span and type are equal; the strict measure of the i2b2/UTHealth 2014 and CEGS N-GRID 2016 tracks (Stubbs,
  Kotfila, Uzuner 2015, doi:10.1016/j.jbi.2015.06.007; Stubbs, Filannino, Uzuner 2017, doi:10.1016/j.jbi.2017.06.011).
- overlap: equal types, and the spans share a character: the partial match of Ferrández et al. 2012
  (doi:10.1186/1471-2288-12-109), who also report F2. It forgives more than the relaxed measure of i2b2, which lets a
  span end up to two characters off, for the sake of endings such as 's: Chinese has none.
- untyped: the spans share a character whatever their types, the question of MEDDOCAN's sensitive-span track (Marimon et
  al. 2019), whose strict measure asks for equal bounds.

Tokens, the other unit since the track of 2006 (Uzuner, Luo, Szolovits 2007), depend on a segmenter in Chinese and are
not counted. Nor is i2b2's HIPAA subset: the types here are those that Chinese consultations hold; to evaluate a subset,
pass only its spans.

Besides, what a release turns on: in how many texts anything leaks, and how many clean texts are damaged. Leaks look at
characters, not at types: a name tagged as a hospital is gone all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from cmtmed.anonymize.evaluate.scores import Counts, Evaluation, Share, TypeScores
from cmtmed.anonymize.identifier import TYPES, Identifier
from cmtmed.errors import UsageError, did_you_mean

Span = tuple[int, int, str]
_TYPES: Final = frozenset(TYPES)


def evaluate(
    gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], *, texts: Sequence[str] | None = None
) -> Evaluation:
    """Compare predicted identifiers with those that are there.

    Args:
        gold: for each text what is there: `Identifier` or ``(start, end, type)`` in code points, disjoint, in any
            order.
        predicted: the same for what was predicted; these may overlap, as the output of some tools does.
        texts: the texts themselves. With them spans that reach beyond a text are refused, and an identifier does
            not leak where only white space or punctuation at its ends is left uncovered.

    Returns:
        Counts, measures and leaks, overall and by type.

    Raises:
        UsageError: lengths differ, a span is none or lies outside its text, a type is unknown, or gold spans
            overlap; the message names the place, never the text.

    >>> report = evaluate([[(0, 2, "PERSON"), (5, 16, "PHONE")], []], [[(0, 1, "PERSON"), (5, 16, "PHONE")], []])
    >>> report.exact.f1, report.overlap.f1, str(report.leaking_texts)
    (0.5, 1.0, '1 of 1 (100.0%)')
    """
    if len(gold) != len(predicted):
        raise UsageError(f"gold has {len(gold)} texts and predicted {len(predicted)}; give one list for each text")
    if texts is not None and len(texts) != len(gold):
        raise UsageError(f"texts has {len(texts)} texts and gold {len(gold)}; give one list for each text")
    by_type = {kind: TypeScores() for kind in TYPES}
    untyped, leaking, touched = Counts(), Share(), Share()
    for number, (there, told) in enumerate(zip(gold, predicted, strict=True)):
        text = None if texts is None else texts[number]
        right = _checked(there, f"gold[{number}]", text)
        found = _checked(told, f"predicted[{number}]", text)
        for one, other in pairwise(right):
            if other.start < one.end:
                raise UsageError(
                    f"gold[{number}] has spans that overlap, {one.start}-{one.end} and {other.start}-{other.end}; "
                    "keep the one that the annotation means"
                )
        untyped += Counts(len(right), len(found), _overlapping(right, found))
        leaks = [span for span in right if _leaks(span, found, text)]
        for kind in {span.type for span in (*right, *found)}:
            ours, theirs = [span for span in right if span.type == kind], [span for span in found if span.type == kind]
            by_type[kind] += TypeScores(
                Counts(len(ours), len(theirs), len(set(ours) & set(theirs))),
                Counts(len(ours), len(theirs), _overlapping(ours, theirs)),
                Share(sum(span.type == kind for span in leaks), len(ours)),
            )
        if right:
            leaking += Share(bool(leaks), 1)
        else:
            touched += Share(bool(found), 1)
    present = {kind: scores for kind, scores in by_type.items() if scores.exact.gold or scores.exact.predicted}
    return Evaluation(sum(present.values(), TypeScores()), untyped, present, leaking, touched)


def _checked(spans: Sequence[Span], name: str, text: str | None) -> list[Identifier]:
    """Return the spans by start; raise on what is none."""
    for place, span in enumerate(spans):
        if len(span) != 3 or not isinstance(span[0], int) or not isinstance(span[1], int):
            raise UsageError(f"{name}[{place}] is no (start, end, type); give two integers and a type")
        start, end, kind = span
        if kind not in _TYPES:
            raise UsageError(f"{name}[{place}] is of the unknown type {kind!r}; {did_you_mean(str(kind), TYPES)}")
        if not 0 <= start < end:
            raise UsageError(f"{name}[{place}] spans {start}-{end}; a span starts at 0 or later and ends after that")
        if text is not None and end > len(text):
            raise UsageError(f"{name}[{place}] spans {start}-{end} of a text of {len(text)}; count code points")
    return sorted(Identifier(*span) for span in spans)


def _overlapping(gold: list[Identifier], predicted: list[Identifier]) -> int:
    """Return how many pairs that share a character can be made, each span in one pair at most.

    As the gold spans are disjoint, every prediction overlaps a run of them; then taking for each gold span in turn
    the free prediction that ends first gives a maximum matching (Glover 1967, convex bipartite graphs).
    """
    free = sorted(predicted, key=lambda span: span.end)
    pairs = 0
    for span in gold:
        for place, other in enumerate(free):
            if other.start < span.end and span.start < other.end:
                del free[place]
                pairs += 1
                break
    return pairs


def _leaks(span: Identifier, predicted: list[Identifier], text: str | None) -> bool:
    """Say whether a character of a span is covered by no prediction; predictions come by start."""
    start, end = span.start, span.end
    if text is not None:
        while start < end and not text[start].isalnum():
            start += 1
        while start < end and not text[end - 1].isalnum():
            end -= 1
        if start == end:  # an identifier of punctuation only: all of it counts
            start, end = span.start, span.end
    for other in predicted:
        if other.start <= start < other.end:
            start = other.end
    return start < end
