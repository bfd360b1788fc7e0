"""The result of an evaluation: counts, the measures that follow from them, and a table to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Counts:
    """Numbers of annotated, predicted and matched identifiers.

    If there are neither annotated nor predicted ones, every measure is 1: there was nothing to find, and nothing was
    found. If there are only the one or the other, precision and recall are 0. Counts can be added up.

    Attributes:
        gold: annotated identifiers.
        predicted: predicted identifiers.
        matched: pairs of the two, one to one.

    >>> Counts(gold=4, predicted=3, matched=2).recall
    0.5
    """

    gold: int = 0
    predicted: int = 0
    matched: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.gold + other.gold, self.predicted + other.predicted, self.matched + other.matched)

    @property
    def precision(self) -> float:
        """Share of the predicted identifiers that are matched."""
        return self.matched / self.predicted if self.predicted else float(not self.gold)

    @property
    def recall(self) -> float:
        """Share of the annotated identifiers that are matched."""
        return self.matched / self.gold if self.gold else float(not self.predicted)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return self.f(1.0)

    @property
    def f2(self) -> float:
        """The F-measure that weighs recall twice as much as precision: a leak is worse than a needless tag."""
        return self.f(2.0)

    def f(self, beta: float) -> float:
        """Return the F-measure in which recall weighs ``beta`` times as much as precision (van Rijsbergen 1979)."""
        weight = beta * beta
        total = weight * self.gold + self.predicted
        return (1 + weight) * self.matched / total if total else 1.0

    def to_dict(self) -> dict[str, float]:
        """Return the counts and the measures."""
        return {
            "gold": self.gold,
            "predicted": self.predicted,
            "matched": self.matched,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "f2": self.f2,
        }


@dataclass(frozen=True)
class Share:
    """A count out of a total; the rate of an empty total is 0.

    Attributes:
        count: the count.
        of: the total.
    """

    count: int = 0
    of: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.count + other.count, self.of + other.of)

    @property
    def rate(self) -> float:
        """The share, 0 to 1."""
        return self.count / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.count} of {self.of} ({self.rate:.1%})"

    def to_dict(self) -> dict[str, float]:
        """Return count, total and rate."""
        return {"count": self.count, "of": self.of, "rate": self.rate}


@dataclass(frozen=True)
class TypeScores:
    """The scores of one type.

    Attributes:
        exact: span and type are equal.
        overlap: type is equal and the spans share a character.
        leaked: identifiers with a character that no prediction covers, of whatever type.
    """

    exact: Counts = field(default_factory=Counts)
    overlap: Counts = field(default_factory=Counts)
    leaked: Share = field(default_factory=Share)

    def __add__(self, other: TypeScores) -> TypeScores:
        return TypeScores(self.exact + other.exact, self.overlap + other.overlap, self.leaked + other.leaked)

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Return everything as plain numbers."""
        return {"exact": self.exact.to_dict(), "overlap": self.overlap.to_dict(), "leaked": self.leaked.to_dict()}


_MEASURES: Final = "".join(f"{name:>7}" for name in ("P", "R", "F1", "F2"))


@dataclass(frozen=True)
class Evaluation:
    """The result of `cmtmed.anonymize.evaluate_identifiers`; ``print`` it for a table.

    Attributes:
        total: the sum of all types: micro averages.
        untyped: spans that share a character, whatever their types.
        by_type: the types that were annotated or predicted, in the order of ``TYPES``.
        leaking_texts: texts in which an identifier leaks, of the texts with identifiers.
        touched_texts: texts in which something was predicted, of the texts without identifiers.
    """

    total: TypeScores
    untyped: Counts
    by_type: Mapping[str, TypeScores]
    leaking_texts: Share
    touched_texts: Share

    @property
    def exact(self) -> Counts:
        """Counts over all types where span and type must be equal."""
        return self.total.exact

    @property
    def overlap(self) -> Counts:
        """Counts over all types where spans of one type must share a character."""
        return self.total.overlap

    @property
    def leaked(self) -> Share:
        """Identifiers that are not covered completely."""
        return self.total.leaked

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain numbers under the names of the attributes."""
        return {
            "total": self.total.to_dict(),
            "untyped": self.untyped.to_dict(),
            "by_type": {name: scores.to_dict() for name, scores in self.by_type.items()},
            "leaking_texts": self.leaking_texts.to_dict(),
            "touched_texts": self.touched_texts.to_dict(),
        }

    def __str__(self) -> str:
        return "\n".join(self._format_lines())

    def _format_lines(self) -> Iterator[str]:
        yield f"{'':<12}{'exact':<28}     overlap"
        yield f"{'':<12}{_MEASURES}     {_MEASURES}{'gold':>8}{'predicted':>11}{'leaked':>8}"
        for name, scores in [*self.by_type.items(), ("all", self.total)]:
            yield (
                f"{name:<12}{_format_measures(scores.exact)}     {_format_measures(scores.overlap)}"
                f"{scores.exact.gold:>8}{scores.exact.predicted:>11}{scores.leaked.count:>8}"
            )
        yield f"{'any type':<12}{'':<28}     {_format_measures(self.untyped)}"
        yield f"texts with identifiers in which one leaks: {self.leaking_texts}"
        yield f"texts without identifiers that are touched: {self.touched_texts}"


def _format_measures(counts: Counts) -> str:
    return "".join(f"{value:>7.3f}" for value in (counts.precision, counts.recall, counts.f1, counts.f2))
