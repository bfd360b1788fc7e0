"""How much is left, estimated from a stratified sample that somebody read, with a confidence interval.

The unit is the turn; its stratum is the detector that suspects it, or none. The normal approximation would give an
interval of zero width where a reader found nothing, so neither limit uses it.

Upper limit: each stratum is bounded by Clopper and Pearson's exact interval ("The use of confidence or fiducial limits
illustrated in the case of the binomial", Biometrika 26, 1934), 3.7/n at 95 % where nothing was found, and the strata
are combined by recovering variances from these limits (Zou, Huang, Zhang, "A note on confidence interval estimation for
a linear function of binomial proportions", Computational Statistics and Data Analysis 53, 2009).

Lower limit: the weighted sum of small counts follows a gamma distribution (Fay, Feuer, "Confidence intervals for
directly standardized rates", Statistics in Medicine 16, 1997), whose quantile is approximated after Wilson and Hilferty
("The distribution of chi-square", PNAS 17, 1931). Recovered variances are too small here: an exact limit that cannot
go below zero hides part of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Final

from cmtmed.audit.content import Status

CONFIDENCE: Final = 0.95
NONE: Final = "none"
"""The stratum of turns that no detector suspects."""

FLOOR: Final = 10
"""Minimum number of turns to draw from a stratum, if it has as many."""


@dataclass(frozen=True)
class Stratum:
    """The turns of one stratum, and what was read of them.

    Attributes:
        turns: number of turns.
        prior: share that is assumed to leak as long as nobody has read one, 0 to 1.
        read: how many were read, drawn at random without replacement.
        leaks: how many of those hold an identifier.
    """

    turns: int
    prior: float
    read: int = 0
    leaks: int = 0


@dataclass(frozen=True)
class Residual:
    """An estimate of what is left.

    Attributes:
        status: ``unread``: nobody has read anything; the figures weigh suspicion by experience and are no bound.
            ``partial``: nothing was read of some stratum, which counts as anything from none to all of its turns.
            ``read``: an estimate with a confidence interval.
        estimate: share of turns in which an identifier is left, 0 to 1.
        low: lower limit.
        high: upper limit; while unread, the share of suspected turns.
        read: turns read.
        leaks: of these, turns that leak.
    """

    status: Status
    estimate: float
    low: float
    high: float
    read: int
    leaks: int


@lru_cache(maxsize=4096)
def clopper_pearson_interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact two-sided confidence interval of a binomial share.

    The limits are quantiles of beta distributions; they are found by bisection on the binomial tail, which needs only
    logarithms of factorials.

    >>> tuple(round(limit, 4) for limit in clopper_pearson_interval(0, 10)), tuple(
    ...     round(limit, 4) for limit in clopper_pearson_interval(5, 100))
    ((0.0, 0.3085), (0.0164, 0.1128))
    """
    alpha = (1 - confidence) / 2
    low = 0.0 if successes == 0 else 1 - _find_upper_limit(trials - successes, trials, alpha)
    high = 1.0 if successes == trials else _find_upper_limit(successes, trials, alpha)
    return low, high


def _find_upper_limit(successes: int, trials: int, alpha: float) -> float:
    """Return the share at which the probability of ``successes`` or fewer is ``alpha``."""
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        if _binomial_tail(successes, trials, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def _binomial_tail(successes: int, trials: int, share: float) -> float:
    """Return the probability of ``successes`` or fewer among ``trials``, 0 < share < 1."""
    log_trials_factorial = math.lgamma(trials + 1)
    terms = (
        log_trials_factorial
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(share)
        + (trials - k) * math.log1p(-share)
        for k in range(successes + 1)
    )
    return math.fsum(math.exp(term) for term in terms)


def allocate_sample(strata: Mapping[str, Stratum], size: int, floor: int = FLOOR) -> dict[str, int]:
    """Return how many turns of each stratum to read.

    Neyman's allocation ("On the two different aspects of the representative method", Journal of the Royal Statistical
    Society 97, 1934): in proportion to turns times the standard deviation that the prior gives, with at least
    ``floor`` of each. The sum may exceed ``size`` where the floors alone do.

    Args:
        strata: by name.
        size: turns to read in all.
        floor: minimum from each stratum, or all of it.

    >>> allocate_sample({"number": Stratum(30, 0.5), "none": Stratum(1000, 0.001)}, 40)
    {'number': 16, 'none': 24}
    """
    allocation = {name: min(floor, stratum.turns) for name, stratum in strata.items()}
    weights = {name: stratum.turns * math.sqrt(stratum.prior * (1 - stratum.prior)) for name, stratum in strata.items()}
    while (remaining := size - sum(allocation.values())) > 0:
        open_weights = {
            name: weights[name] for name in strata if allocation[name] < strata[name].turns and weights[name] > 0
        }
        if not open_weights:
            break
        total_weight = sum(open_weights.values())
        shares = {name: remaining * weight / total_weight for name, weight in open_weights.items()}
        increments = {name: int(share) for name, share in shares.items()}
        if not any(increments.values()):
            increments = {max(shares, key=lambda name: (shares[name], name)): 1}
        for name, increment in increments.items():
            allocation[name] = min(allocation[name] + increment, strata[name].turns)
    return allocation


def estimate_residual(strata: Mapping[str, Stratum], confidence: float = CONFIDENCE) -> Residual:
    """Estimate the share of turns that leak.

    Args:
        strata: all turns, each in one stratum.
        confidence: of the interval, between 0 and 1.

    Returns:
        Shares of all turns.
    """
    nonempty = [stratum for stratum in strata.values() if stratum.turns]
    turns = sum(stratum.turns for stratum in nonempty)
    read, leaks = sum(stratum.read for stratum in nonempty), sum(stratum.leaks for stratum in nonempty)
    if not turns:
        return Residual("unread", 0.0, 0.0, 0.0, 0, 0)
    if not read:
        suspected = [stratum for name, stratum in strata.items() if name != NONE]
        expected = sum(stratum.turns * stratum.prior for stratum in suspected)
        return Residual("unread", expected / turns, 0.0, sum(stratum.turns for stratum in suspected) / turns, 0, 0)
    estimate = upper_variance = certain_share = 0.0
    sampled_share = sampled_variance = 0.0
    unread_estimate = unread_share = 0.0
    for stratum in nonempty:
        weight = stratum.turns / turns
        if not stratum.read:
            unread_estimate += weight * stratum.prior
            unread_share += weight
            continue
        share = stratum.leaks / stratum.read
        estimate += weight * share
        if stratum.read == stratum.turns:
            certain_share += weight * share  # read completely: nothing to estimate
            continue
        # What was read is known, so no more than the rest can leak.
        high = min(
            clopper_pearson_interval(stratum.leaks, stratum.read, confidence)[1],
            (stratum.turns - stratum.read + stratum.leaks) / stratum.turns,
        )
        upper_variance += (weight * (high - share)) ** 2
        sampled_share += weight * share
        sampled_variance += (weight / stratum.read) ** 2 * stratum.leaks * (1 - stratum.leaks / (stratum.read + 2))
    floor, ceiling = leaks / turns, (turns - read + leaks) / turns
    return Residual(
        "partial" if unread_share else "read",
        estimate + unread_estimate,
        max(floor, certain_share + _gamma_quantile(sampled_share, sampled_variance, confidence)),
        min(ceiling, estimate + math.sqrt(upper_variance) + unread_share),
        read,
        leaks,
    )


def _gamma_quantile(mean: float, variance: float, confidence: float) -> float:
    """Return the lower quantile of the gamma distribution with that mean and variance."""
    if not mean or not variance:
        return mean
    shape = mean * mean / variance
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    root = 1 - 1 / (9 * shape) - z / (3 * math.sqrt(shape))
    return mean * max(0.0, root) ** 3
