"""Rankings of answers and the preference pairs that follow from them.

A ranking holds one prompt, K answers and a utility for each. Of its K(K-1)/2 pairs, those with different utilities say
which answer is better; those with equal utilities are ties (Ouyang et al. 2022, arXiv:2203.02155, section 3.5, train on
all pairs of a ranking).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One prompt, its answers and their utilities.

    Attributes:
        id: of the row, for messages.
        prompt: turns; the last is the patient's.
        answers: the turns that follow, per answer; usually one turn of the doctor, more for whole dialogues.
        utilities: one per answer; higher is better, equal is a tie.
        min_difference: smallest difference of utilities that counts as a preference; a smaller non-zero one is ignored.
        aspects: aspect, such as safety, to one score per answer (None where none was given).
    """

    id: str
    prompt: Sequence[Message]
    answers: Sequence[Sequence[Message]]
    utilities: Sequence[float]
    min_difference: float = 0.0
    aspects: Mapping[str, Sequence[float | None]] = field(default_factory=dict)


class Pair(NamedTuple):
    """Two answers of a ranking, by index; the order of a tie is meaningless."""

    chosen: int
    rejected: int
    tie: bool


def build_pairs(ranking: Ranking) -> tuple[list[Pair], int]:
    """Return the pairs for which a ranking states a preference or a tie, and how many are too close to call.

    D > B = A > C, answers in the order A, B, C, D:

    >>> pairs, close = build_pairs(Ranking("1", [], [[], [], [], []], utilities=[2, 2, 1, 3]))
    >>> [tuple("ABCD"[index] for index in pair[:2]) for pair in pairs if not pair.tie]
    [('A', 'C'), ('D', 'A'), ('B', 'C'), ('D', 'B'), ('D', 'C')]
    >>> [pair for pair in pairs if pair.tie], close
    ([Pair(chosen=0, rejected=1, tie=True)], 0)
    """
    pairs: list[Pair] = []
    close = 0
    for first in range(len(ranking.answers)):
        for second in range(first + 1, len(ranking.answers)):
            difference = ranking.utilities[first] - ranking.utilities[second]
            if difference == 0:
                pairs.append(Pair(first, second, tie=True))
            elif abs(difference) < ranking.min_difference - 1e-9:  # mean scores are rounded
                close += 1
            else:
                pairs.append(Pair(*((first, second) if difference > 0 else (second, first)), tie=False))
    return pairs, close
