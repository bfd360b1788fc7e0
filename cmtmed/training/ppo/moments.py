"""Running mean and variance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RunningMoments:
    """Mean and variance of all numbers added so far (Chan et al. 1983, the pairwise update).

    Attributes:
        count: how many numbers.
        mean: their mean.
        squares: sum of squared differences from the mean.
    """

    count: float = 0.0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, count: float, mean: float, squares: float) -> None:
        """Add a batch, given by its own count, mean and sum of squared differences."""
        total = self.count + count
        difference = mean - self.mean
        self.squares += squares + difference**2 * self.count * count / total
        self.mean += difference * count / total
        self.count = total

    @property
    def deviation(self) -> float:
        """Standard deviation; 1 as long as all numbers are equal."""
        return (self.squares / self.count) ** 0.5 if self.count and self.squares else 1.0
