"""What all sources of reward share: what they score, how they are called, and the check of what they return."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cmtmed.errors import BuildError


class AnsweredPrompts(NamedTuple):
    """Prompts with the policy's answers.

    Attributes:
        prompts: messages of each prompt (``role`` and ``content``), ending with the patient.
        answers: text of each answer.
        lengths: tokens of each answer.
    """

    prompts: Sequence[Sequence[Mapping[str, str]]]
    answers: Sequence[str]
    lengths: Sequence[int]

    @property
    def conversations(self) -> list[list[dict[str, str]]]:
        """The messages of each prompt, followed by the answer."""
        pairs = zip(self.prompts, self.answers, strict=True)
        return [[*map(dict, prompt), {"role": "assistant", "content": answer}] for prompt, answer in pairs]


Score = Callable[[AnsweredPrompts], Sequence[float]]
"""Returns a number for each answer."""


class Scorer(NamedTuple):
    """A source of reward.

    Attributes:
        name: its name in the metrics.
        weight: its factor in the sum.
        score: computes the numbers.
    """

    name: str
    weight: float
    score: Score


def score_answers(scorers: Sequence[Scorer], batch: AnsweredPrompts) -> dict[str, list[float]]:
    """Score answers with every source.

    Returns:
        Name of the source to numbers, in the order of the answers.

    Raises:
        BuildError: a source returns another count of numbers, or something that is no finite number.
    """
    rewards = {}
    for scorer in scorers:
        output = scorer.score(batch)
        try:
            numbers = [float(item) for item in output]
        except (TypeError, ValueError):
            raise BuildError(
                f"reward {scorer.name!r} returned a {type(output).__name__} that does not contain numbers"
            ) from None
        if len(numbers) != len(batch.answers):
            raise BuildError(
                f"reward {scorer.name!r} returned {len(numbers)} numbers for {len(batch.answers)} answers; "
                "it must return one for each"
            )
        invalid = next((index for index, number in enumerate(numbers) if not math.isfinite(number)), None)
        if invalid is not None:
            raise BuildError(
                f"reward {scorer.name!r} returned {numbers[invalid]} for answer {invalid}; it must be finite"
            )
        rewards[scorer.name] = numbers
    return rewards
