"""Types shared by all sources of reward: what they score, and how they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class AnsweredPrompts(NamedTuple):
    """Prompts with the policy's answers.

    Attributes:
        prompts: messages of each (``role`` and ``content``), ending with the patient.
        answers: what the policy said.
        lengths: tokens of each answer.
    """

    prompts: Sequence[Sequence[Mapping[str, str]]]
    answers: Sequence[str]
    lengths: Sequence[int]

    @property
    def conversations(self) -> list[list[dict[str, str]]]:
        """The messages with the answer as the last."""
        pairs = zip(self.prompts, self.answers, strict=True)
        return [[*map(dict, prompt), {"role": "assistant", "content": answer}] for prompt, answer in pairs]


Score = Callable[[AnsweredPrompts], Sequence[float]]


class Scorer(NamedTuple):
    """A source of reward.

    Attributes:
        name: what the metrics call it.
        weight: its factor in the sum.
        score: gives the numbers.
    """

    name: str
    weight: float
    score: Score
