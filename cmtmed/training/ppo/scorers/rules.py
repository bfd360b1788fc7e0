"""Rewards computed by a rule: proactivity and length."""

from __future__ import annotations

from cmtmed.inquiry.proactivity import proactivity
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts, Score
from cmtmed.training.ppo.settings import LengthReward, ProactivityReward


def build_proactivity_score(source: ProactivityReward) -> Score:
    """Reward answers that ask: different things asked for before the first advice; ``enough`` of them give 1.

    Asking for the same thing in ten ways earns no more than asking once, so that a policy cannot gain by repetition.
    """

    def score_proactivity(batch: AnsweredPrompts) -> list[float]:
        results = [proactivity([{"role": "assistant", "content": answer}]) for answer in batch.answers]
        return [min(len(result.slots), result.before_advice, source.enough) / source.enough for result in results]

    return score_proactivity


def build_length_penalty(source: LengthReward) -> Score:
    """Penalize length: 0 up to the target, -1 at twice and -2 at three times the target."""

    def penalize_length(batch: AnsweredPrompts) -> list[float]:
        return [-max(0, length - source.target) / source.target for length in batch.lengths]

    return penalize_length
