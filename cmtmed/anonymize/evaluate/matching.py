"""Compare predicted identifiers with annotated ones, as the shared tasks on de-identification do.

Three ways of matching, one to one, micro-averaged:

- exact: span and type are equal; the strict measure of the i2b2/UTHealth 2014 and CEGS N-GRID 2016 tracks (Stubbs,
  Kotfila, Uzuner 2015, doi:10.1016/j.jbi.2015.06.007; Stubbs, Filannino, Uzuner 2017, doi:10.1016/j.jbi.2017.06.011).
- overlap: the types are equal, and the spans share a character: the partial match of Ferrández et al. 2012
  (doi:10.1186/1471-2288-12-109), who also report F2. It is more lenient than the relaxed measure of i2b2, which lets a
  span end up to two characters off to allow for endings such as 's: Chinese has none.
- untyped: the spans share a character, whatever their types: the question of MEDDOCAN's sensitive-span track (Marimon
  et al. 2019), whose strict measure requires equal bounds.

Tokens, the other unit since the track of 2006 (Uzuner, Luo, Szolovits 2007), depend on a segmenter in Chinese and are
not counted. Nor is i2b2's HIPAA subset: the types here are those that Chinese consultations contain. To evaluate a
subset, pass only its spans.

Two further figures decide about a release: in how many texts anything leaks, and how many clean texts are damaged.
Leaks are counted by character, not by type: a name tagged as a hospital is gone all the same.
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


def evaluate_identifiers(
    gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], *, texts: Sequence[str] | None = None
) -> Evaluation:
    """Compare predicted identifiers with annotated ones.

    Args:
        gold: the annotated identifiers of each text: `Identifier` or ``(start, end, type)`` in code points, disjoint,
            in any order.
        predicted: the predicted identifiers of each text; these may overlap, as the output of some tools does.
        texts: the texts themselves. With them, spans that reach beyond a text are refused, and an identifier does not
            count as leaking if only white space or punctuation at its ends is left uncovered.

    Returns:
        Counts, measures and leaks, overall and by type.

    Raises:
        UsageError: lengths differ, a span is malformed or lies outside its text, a type is unknown, or gold spans
            overlap; the message names the position, never the text.

    >>> report = evaluate_identifiers(
    ...     [[(0, 2, "PERSON"), (5, 16, "PHONE")], []], [[(0, 1, "PERSON"), (5, 16, "PHONE")], []])
    >>> report.exact.f1, report.overlap.f1, str(report.leaking_texts)
    (0.5, 1.0, '1 of 1 (100.0%)')
    """
    if len(gold) != len(predicted):
        raise UsageError(f"gold has {len(gold)} texts and predicted {len(predicted)}; give one list for each text")
    if texts is not None and len(texts) != len(gold):
        raise UsageError(f"texts has {len(texts)} texts and gold {len(gold)}; give one list for each text")
    by_type = {identifier_type: TypeScores() for identifier_type in TYPES}
    untyped, leaking_texts, touched_texts = Counts(), Share(), Share()
    for index, (gold_spans, predicted_spans) in enumerate(zip(gold, predicted, strict=True)):
        text = None if texts is None else texts[index]
        annotated = _sort_spans(gold_spans, f"gold[{index}]", text)
        predictions = _sort_spans(predicted_spans, f"predicted[{index}]", text)
        _check_disjoint(annotated, f"gold[{index}]")
        untyped += Counts(len(annotated), len(predictions), _count_overlaps(annotated, predictions))
        leaks = [span for span in annotated if _leaks(span, predictions, text)]
        for identifier_type in {span.type for span in (*annotated, *predictions)}:
            by_type[identifier_type] += _score_type(identifier_type, annotated, predictions, leaks)
        if annotated:
            leaking_texts += Share(bool(leaks), 1)
        else:
            touched_texts += Share(bool(predictions), 1)
    present = {
        identifier_type: scores
        for identifier_type, scores in by_type.items()
        if scores.exact.gold or scores.exact.predicted
    }
    return Evaluation(sum(present.values(), TypeScores()), untyped, present, leaking_texts, touched_texts)


def _score_type(
    identifier_type: str, annotated: list[Identifier], predictions: list[Identifier], leaks: list[Identifier]
) -> TypeScores:
    """Score the spans of one type in one text."""
    annotated = [span for span in annotated if span.type == identifier_type]
    predictions = [span for span in predictions if span.type == identifier_type]
    return TypeScores(
        Counts(len(annotated), len(predictions), len(set(annotated) & set(predictions))),
        Counts(len(annotated), len(predictions), _count_overlaps(annotated, predictions)),
        Share(sum(span.type == identifier_type for span in leaks), len(annotated)),
    )


def _sort_spans(spans: Sequence[Span], name: str, text: str | None) -> list[Identifier]:
    """Return the spans sorted by start.

    Args:
        spans: in any order.
        name: where they come from, for the message.
        text: their text, if it is known.

    Raises:
        UsageError: a span is malformed.
    """
    for index, span in enumerate(spans):
        if len(span) != 3 or not isinstance(span[0], int) or not isinstance(span[1], int):
            raise UsageError(f"{name}[{index}] is not a (start, end, type); give two integers and a type")
        start, end, identifier_type = span
        if identifier_type not in _TYPES:
            raise UsageError(
                f"{name}[{index}] has the unknown type {identifier_type!r}; {did_you_mean(str(identifier_type), TYPES)}"
            )
        if not 0 <= start < end:
            raise UsageError(f"{name}[{index}] spans {start}-{end}; a span starts at 0 or later and ends after that")
        if text is not None and end > len(text):
            raise UsageError(
                f"{name}[{index}] spans {start}-{end}, but its text has {len(text)} characters; count code points"
            )
    return sorted(Identifier(*span) for span in spans)


def _check_disjoint(spans: list[Identifier], name: str) -> None:
    for span, next_span in pairwise(spans):
        if next_span.start < span.end:
            raise UsageError(
                f"{name} has spans that overlap, {span.start}-{span.end} and {next_span.start}-{next_span.end}; "
                "keep the intended one"
            )


def _count_overlaps(annotated: list[Identifier], predictions: list[Identifier]) -> int:
    """Return the maximum number of pairs that share a character, each span in one pair at most.

    As the annotated spans are disjoint, every prediction overlaps a run of them; so taking for each annotated span in
    turn the free prediction that ends first gives a maximum matching (Glover 1967, convex bipartite graphs).
    """
    free = sorted(predictions, key=lambda span: span.end)
    pairs = 0
    for span in annotated:
        for index, prediction in enumerate(free):
            if prediction.start < span.end and span.start < prediction.end:
                del free[index]
                pairs += 1
                break
    return pairs


def _leaks(span: Identifier, predictions: list[Identifier], text: str | None) -> bool:
    """Return whether no prediction covers some character of a span; predictions are sorted by start."""
    start, end = span.start, span.end
    if text is not None:
        while start < end and not text[start].isalnum():
            start += 1
        while start < end and not text[end - 1].isalnum():
            end -= 1
        if start == end:  # an identifier of punctuation only: all of it counts
            start, end = span.start, span.end
    for prediction in predictions:
        if prediction.start <= start < prediction.end:
            start = prediction.end
    return start < end
