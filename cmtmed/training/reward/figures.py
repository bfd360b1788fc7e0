"""How well rewards agree with rankings: accuracy, margin, calibration, and each aspect by itself.

All figures are of pairs in which one answer is better; a tie has no right side, so ties are left out of accuracy and
only their margin is told. Nothing heavy is imported: the numbers are plain floats.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from cmtmed.training.reward.preferences import Answers

BINS: Final = 10


def accuracy(margins: Sequence[float]) -> float:
    """Return the share of margins above zero (reward of the better answer less that of the worse).

    >>> accuracy([1.0, -1.0, 0.0, 2.0])
    0.5
    """
    return sum(margin > 0 for margin in margins) / len(margins)


def reliability(margins: Iterable[float], bins: int = BINS) -> list[dict[str, float]]:
    """Return how often the model is right where it is so sure (Guo et al. 2017, arXiv:1706.04599, section 2).

    Of a pair the model prefers the answer with the higher reward, with the probability sigmoid(abs(margin)) of
    Bradley and Terry (1952), which is its confidence.

    Args:
        margins: one a pair that is no tie.
        bins: equal parts of the range of confidence, which goes from .5 to 1.

    Returns:
        For each bin that holds pairs ``from``, ``to``, ``pairs``, mean ``confidence`` and ``accuracy``.
    """
    held: dict[int, list[tuple[float, bool]]] = {}
    for margin in margins:
        confidence = _sigmoid(abs(margin))
        held.setdefault(min(bins - 1, int((confidence - 0.5) * 2 * bins)), []).append((confidence, margin > 0))
    return [
        {
            "from": 0.5 + place / bins / 2,
            "to": 0.5 + (place + 1) / bins / 2,
            "pairs": len(inside),
            "confidence": sum(confidence for confidence, _ in inside) / len(inside),
            "accuracy": sum(right for _, right in inside) / len(inside),
        }
        for place, inside in sorted(held.items())
    ]


def calibration_error(margins: Sequence[float], bins: int = BINS) -> float:
    """Return the expected calibration error: mean distance of accuracy and confidence, bins weighed by their pairs.

    >>> round(calibration_error([math.log(3)] * 4), 3)  # sure at .75, always right
    0.25
    >>> round(calibration_error([math.log(3)] * 3 + [-math.log(3)]), 3)
    0.0
    """
    table = reliability(margins, bins)
    return sum(row["pairs"] * abs(row["accuracy"] - row["confidence"]) for row in table) / len(margins)


def measured(margins: Sequence[float]) -> dict[str, float]:
    """Return ``accuracy``, ``margin`` (the mean) and ``calibration_error``; nothing of no pairs."""
    if not margins:
        return {}
    return {
        "accuracy": accuracy(margins),
        "margin": sum(margins) / len(margins),
        "calibration_error": calibration_error(margins),
    }


def report(answers: Answers, rewards: Sequence[float]) -> dict[str, Any]:
    """Return all there is to say of the rewards of rankings.

    Args:
        answers: the rankings, encoded.
        rewards: of each answer, in the order of ``answers.flat``.

    Returns:
        ``pairs``, ``ties``, `measured`, ``reliability``, ``aspects`` (aspect to ``pairs`` whose scores differ and
        ``accuracy``), ``longer_is_better`` (what the rule of that name, tokens counted, would reach: a reward model
        has to beat it), and ``tie_margin`` (mean distance of rewards over ties).
    """
    margins: list[float] = []
    apart: list[float] = []
    longer: list[float] = []
    aspects: dict[str, list[float]] = {}
    at = 0
    for ranking, ids, found in zip(answers.rankings, answers.ids, answers.pairs, strict=True):
        own = rewards[at : at + len(ids)]
        at += len(ids)
        for pair in found:
            margin = own[pair.chosen] - own[pair.rejected]
            if pair.tie:
                apart.append(abs(margin))
                continue
            margins.append(margin)
            longer.append(float(len(ids[pair.chosen]) - len(ids[pair.rejected])))
        for aspect, scores in ranking.aspects.items():
            aspects.setdefault(aspect, []).extend(_agreements(scores, own))
    told: dict[str, Any] = {"pairs": len(margins), "ties": len(apart), **measured(margins)}
    if margins:
        told["longer_is_better"] = sum((more > 0) + (more == 0) / 2 for more in longer) / len(longer)
        told["reliability"] = reliability(margins)
    if apart:
        told["tie_margin"] = sum(apart) / len(apart)
    told["aspects"] = {
        aspect: {"pairs": len(found), "accuracy": accuracy(found)} for aspect, found in aspects.items() if found
    }
    return told


def _agreements(scores: Sequence[float | None], rewards: Sequence[float]) -> list[float]:
    """Return the margin of every two answers whose scores differ, above 0 where the better score has more reward."""
    found = []
    for first in range(len(scores)):
        for second in range(first + 1, len(scores)):
            one, other = scores[first], scores[second]
            if one is not None and other is not None and one != other:
                margin = rewards[first] - rewards[second]
                found.append(margin if one > other else -margin)
    return found


def _sigmoid(value: float) -> float:
    """Return 1 / (1 + exp(-value)) of a value that is not negative."""
    return 1 / (1 + math.exp(-value))
