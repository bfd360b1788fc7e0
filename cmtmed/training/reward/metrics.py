"""Agreement of rewards with rankings: accuracy, margin, calibration, overall and per aspect.

All metrics cover pairs in which one answer is better; a tie has no right side, so ties do not count towards accuracy
and only their margin is reported. Nothing heavy is imported: the numbers are plain floats.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from cmtmed.training.reward.encoding import EncodedRankings

BINS: Final = 10


def compute_accuracy(margins: Sequence[float]) -> float:
    """Compute the share of margins above zero (reward of the better answer minus that of the worse).

    >>> compute_accuracy([1.0, -1.0, 0.0, 2.0])
    0.5
    """
    return sum(margin > 0 for margin in margins) / len(margins)


def compute_reliability(margins: Iterable[float], bins: int = BINS) -> list[dict[str, float]]:
    """Compute the reliability diagram: accuracy by confidence (Guo et al. 2017, arXiv:1706.04599, section 2).

    The model prefers the answer with the higher reward; its confidence is the probability sigmoid(abs(margin)) of
    Bradley and Terry (1952).

    Args:
        margins: one per pair that is not a tie.
        bins: number of equal bins over the range of confidence, from .5 to 1.

    Returns:
        For each bin that holds pairs ``from``, ``to``, ``pairs``, mean ``confidence`` and ``accuracy``.
    """
    predictions: dict[int, list[tuple[float, bool]]] = {}
    for margin in margins:
        confidence = _sigmoid(abs(margin))
        index = min(bins - 1, int((confidence - 0.5) * 2 * bins))
        predictions.setdefault(index, []).append((confidence, margin > 0))
    return [
        {
            "from": 0.5 + index / bins / 2,
            "to": 0.5 + (index + 1) / bins / 2,
            "pairs": len(in_bin),
            "confidence": sum(confidence for confidence, _ in in_bin) / len(in_bin),
            "accuracy": sum(correct for _, correct in in_bin) / len(in_bin),
        }
        for index, in_bin in sorted(predictions.items())
    ]


def compute_calibration_error(margins: Sequence[float], bins: int = BINS) -> float:
    """Compute the expected calibration error: mean distance of accuracy and confidence, weighted by pairs per bin.

    >>> round(compute_calibration_error([math.log(3)] * 4), 3)  # confidence .75, always right
    0.25
    >>> round(compute_calibration_error([math.log(3)] * 3 + [-math.log(3)]), 3)
    0.0
    """
    table = compute_reliability(margins, bins)
    return sum(row["pairs"] * abs(row["accuracy"] - row["confidence"]) for row in table) / len(margins)


def summarize_margins(margins: Sequence[float]) -> dict[str, float]:
    """Return ``accuracy``, ``margin`` (the mean) and ``calibration_error``; empty without pairs."""
    if not margins:
        return {}
    return {
        "accuracy": compute_accuracy(margins),
        "margin": sum(margins) / len(margins),
        "calibration_error": compute_calibration_error(margins),
    }


def report_agreement(encoded: EncodedRankings, rewards: Sequence[float]) -> dict[str, object]:
    """Report how well rewards agree with rankings.

    Args:
        encoded: the rankings.
        rewards: of each answer, in the order of ``encoded.flat_ids``.

    Returns:
        ``pairs``, ``ties``, `summarize_margins`, ``reliability``, ``aspects`` (aspect to ``pairs`` whose scores differ
        and ``accuracy``), ``longer_is_better`` (accuracy of the baseline that prefers the answer with more tokens,
        which a reward model has to beat), and ``tie_margin`` (mean distance of rewards over ties).
    """
    margins: list[float] = []
    tie_distances: list[float] = []
    length_differences: list[float] = []
    aspects: dict[str, list[float]] = {}
    start = 0
    for ranking, ids, pairs in zip(encoded.rankings, encoded.ids, encoded.pairs, strict=True):
        ranking_rewards = rewards[start : start + len(ids)]
        start += len(ids)
        for pair in pairs:
            margin = ranking_rewards[pair.chosen] - ranking_rewards[pair.rejected]
            if pair.tie:
                tie_distances.append(abs(margin))
                continue
            margins.append(margin)
            length_differences.append(float(len(ids[pair.chosen]) - len(ids[pair.rejected])))
        for aspect, scores in ranking.aspects.items():
            aspects.setdefault(aspect, []).extend(_compute_aspect_margins(scores, ranking_rewards))
    report: dict[str, object] = {"pairs": len(margins), "ties": len(tie_distances), **summarize_margins(margins)}
    if margins:
        correct = sum((difference > 0) + (difference == 0) / 2 for difference in length_differences)
        report["longer_is_better"] = correct / len(length_differences)
        report["reliability"] = compute_reliability(margins)
    if tie_distances:
        report["tie_margin"] = sum(tie_distances) / len(tie_distances)
    report["aspects"] = {
        aspect: {"pairs": len(aspect_margins), "accuracy": compute_accuracy(aspect_margins)}
        for aspect, aspect_margins in aspects.items()
        if aspect_margins
    }
    return report


def _compute_aspect_margins(scores: Sequence[float | None], rewards: Sequence[float]) -> list[float]:
    """Compute the reward margin of every two answers whose scores differ, positive where the rewards agree."""
    margins = []
    for first in range(len(scores)):
        for second in range(first + 1, len(scores)):
            first_score, second_score = scores[first], scores[second]
            if first_score is not None and second_score is not None and first_score != second_score:
                margin = rewards[first] - rewards[second]
                margins.append(margin if first_score > second_score else -margin)
    return margins


def _sigmoid(value: float) -> float:
    """Return 1 / (1 + exp(-value)) of a value that is not negative."""
    return 1 / (1 + math.exp(-value))
