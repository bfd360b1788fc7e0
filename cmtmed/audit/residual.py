"""How much is left, from a stratified sample that somebody read: an estimate with a confidence interval.

The unit is the turn; its stratum is the detector that suspects it, or none. The normal approximation gives an interval
of width nought where a reader found nothing, so neither limit uses it.

Upper limit: each stratum is bounded by Clopper and Pearson's exact interval ("The use of confidence or fiducial limits
illustrated in the case of the binomial", Biometrika 26, 1934), 3.7/n at 95 % where nothing was found, and the strata
are joined by recovering variances from these limits (Zou, Huang, Zhang, "A note on confidence interval estimation for a
linear function of binomial proportions", Computational Statistics and Data Analysis 53, 2009).

Lower limit: the weighted sum of few counts follows a gamma distribution (Fay, Feuer, "Confidence intervals for directly
standardized rates", Statistics in Medicine 16, 1997), its quantile as Wilson and Hilferty give it ("The distribution of
chi-square", PNAS 17, 1931). Recovered variances are too small here: an exact limit that nought stops hides them.
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
"""So many turns of a stratum are drawn at least, or all of it."""


@dataclass(frozen=True)
class Stratum:
    """Turns of one kind and what was read of them.

    Attributes:
        turns: how many there are.
        prior: share that is supposed to leak as long as nobody has read one, 0 to 1.
        read: how many were read, drawn at random without replacement.
        leaks: how many of those hold something identifying.
    """

    turns: int
    prior: float
    read: int = 0
    leaks: int = 0


@dataclass(frozen=True)
class Residual:
    """What is supposed to be left.

    Attributes:
        status: ``unread``: nobody read anything, the figures are suspicion weighted by experience and no bound;
            ``partial``: of some stratum nothing was read, it counts as anything between nothing and all;
            ``read``: an estimate with a confidence interval.
        estimate: share of turns in which something identifying is left, 0 to 1.
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

    The limits are the quantiles of beta distributions; here they are found by bisection on the binomial tail, which
    needs nothing but logarithms of factorials.

    >>> tuple(round(limit, 4) for limit in clopper_pearson_interval(0, 10)), tuple(
    ...     round(limit, 4) for limit in clopper_pearson_interval(5, 100))
    ((0.0, 0.3085), (0.0164, 0.1128))
    """
    alpha = (1 - confidence) / 2
    low = 0.0 if successes == 0 else 1 - _upper(trials - successes, trials, alpha)
    high = 1.0 if successes == trials else _upper(successes, trials, alpha)
    return low, high


def _upper(successes: int, trials: int, alpha: float) -> float:
    """Return the share at which ``successes`` or fewer come up with probability ``alpha``."""
    left, right = 0.0, 1.0
    while right - left > 1e-12:
        middle = (left + right) / 2
        if _at_most(successes, trials, middle) > alpha:
            left = middle
        else:
            right = middle
    return right


def _at_most(successes: int, trials: int, share: float) -> float:
    """Return the probability of ``successes`` or fewer among ``trials``, 0 < share < 1."""
    whole = math.lgamma(trials + 1)
    terms = (
        whole
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(share)
        + (trials - k) * math.log1p(-share)
        for k in range(successes + 1)
    )
    return math.fsum(math.exp(term) for term in terms)


def allocate_sample(strata: Mapping[str, Stratum], size: int, floor: int = FLOOR) -> dict[str, int]:
    """Say how many turns of each stratum are to be read.

    Neyman's allocation ("On the two different aspects of the representative method", Journal of the Royal Statistical
    Society 97, 1934): in proportion to turns times the standard deviation that the prior gives, with at least
    ``floor`` of each. The sum may exceed ``size`` where the floors alone do.

    Args:
        strata: by name.
        size: turns to read in all.
        floor: at least so many of each stratum, or all of it.

    >>> allocate_sample({"number": Stratum(30, 0.5), "none": Stratum(1000, 0.001)}, 40)
    {'number': 16, 'none': 24}
    """
    taken = {name: min(floor, stratum.turns) for name, stratum in strata.items()}
    weight = {name: one.turns * math.sqrt(one.prior * (1 - one.prior)) for name, one in strata.items()}
    while (left := size - sum(taken.values())) > 0:
        open_ = {name: weight[name] for name in strata if taken[name] < strata[name].turns and weight[name] > 0}
        if not open_:
            break
        total = sum(open_.values())
        shares = {name: left * value / total for name, value in open_.items()}
        given = {name: int(share) for name, share in shares.items()}
        if not any(given.values()):
            given = {max(shares, key=lambda name: (shares[name], name)): 1}
        for name, number in given.items():
            taken[name] = min(taken[name] + number, strata[name].turns)
    return taken


def estimate_residual(strata: Mapping[str, Stratum], confidence: float = CONFIDENCE) -> Residual:
    """Estimate the share of turns that leak.

    Args:
        strata: all turns, each in one stratum.
        confidence: of the interval, between 0 and 1.

    Returns:
        Shares of all turns.
    """
    full = [stratum for stratum in strata.values() if stratum.turns]
    turns = sum(stratum.turns for stratum in full)
    read, leaks = sum(stratum.read for stratum in full), sum(stratum.leaks for stratum in full)
    if not turns:
        return Residual("unread", 0.0, 0.0, 0.0, 0, 0)
    if not read:
        suspected = [stratum for name, stratum in strata.items() if name != NONE]
        expected = sum(stratum.turns * stratum.prior for stratum in suspected)
        return Residual("unread", expected / turns, 0.0, sum(one.turns for one in suspected) / turns, 0, 0)
    middle = above = known = 0.0
    total = spread = 0.0
    unread_middle = unread_share = 0.0
    for stratum in full:
        weight = stratum.turns / turns
        if not stratum.read:
            unread_middle += weight * stratum.prior
            unread_share += weight
            continue
        share = stratum.leaks / stratum.read
        middle += weight * share
        if stratum.read == stratum.turns:
            known += weight * share  # read whole: nothing to estimate
            continue
        # What was read is known, so that no more than the rest can leak.
        high = min(
            clopper_pearson_interval(stratum.leaks, stratum.read, confidence)[1],
            (stratum.turns - stratum.read + stratum.leaks) / stratum.turns,
        )
        above += (weight * (high - share)) ** 2
        total += weight * share
        spread += (weight / stratum.read) ** 2 * stratum.leaks * (1 - stratum.leaks / (stratum.read + 2))
    floor, ceiling = leaks / turns, (turns - read + leaks) / turns
    return Residual(
        "partial" if unread_share else "read",
        middle + unread_middle,
        max(floor, known + _gamma_low(total, spread, confidence)),
        min(ceiling, middle + math.sqrt(above) + unread_share),
        read,
        leaks,
    )


def _gamma_low(mean: float, variance: float, confidence: float) -> float:
    """Return the lower quantile of the gamma distribution of that mean and variance."""
    if not mean or not variance:
        return mean
    shape = mean * mean / variance
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    root = 1 - 1 / (9 * shape) - z / (3 * math.sqrt(shape))
    return mean * max(0.0, root) ** 3
