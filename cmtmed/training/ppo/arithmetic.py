"""The arithmetic of PPO, free of models: advantages, whitening, clipped losses, estimators of KL.

Tables are of shape (answers, tokens), padded on the right; ``mask`` is 1 where an answer has a token.

Sources: Schulman et al. 2016, *High-Dimensional Continuous Control Using Generalized Advantage Estimation*
(arXiv:1506.02438); Schulman et al. 2017, *Proximal Policy Optimization Algorithms* (arXiv:1707.06347); Ziegler et al.
2019, *Fine-Tuning Language Models from Human Preferences* (arXiv:1909.08593); Stiennon et al. 2020, *Learning to
Summarize from Human Feedback* (arXiv:2009.01325); Huang et al. 2024, *The N Implementation Details of RLHF with PPO*
(ICLR blog posts) and *The N+ Implementation Details* (arXiv:2403.17031).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

Sum = Callable[[Tensor], Tensor]
"""Adds numbers up over all processes."""

_RATE: Final = 0.1
"""How fast the KL coefficient is adapted (Ziegler et al. 2019, section 2.2: K_beta)."""


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Return generalized advantages and the returns that values are fitted to (Schulman et al. 2016, equation 16).

    ::

        delta_t = r_t + gamma V_{t+1} - V_t            V is 0 behind the last token
        A_t     = delta_t + gamma lam A_{t+1}
        R_t     = A_t + V_t

    Args:
        rewards: of each token.
        values: expected return before each token.
        mask: where an answer has tokens.
        gamma: discount.
        lam: 0 trusts the values, 1 the rewards.
    """
    rewards, values = rewards * mask, values * mask
    advantages = torch.zeros_like(rewards)
    following = advance = torch.zeros_like(rewards[:, 0])
    for step in reversed(range(rewards.shape[1])):
        delta = rewards[:, step] + gamma * following - values[:, step]
        advance = delta + gamma * lam * advance
        advantages[:, step] = advance
        following = values[:, step]
    return advantages * mask, (advantages + values) * mask


def per_token(scores: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, kl: float) -> Tensor:
    """Return the reward of each token: the KL penalty, and the score at the last one (Ziegler et al. 2019, equation 2).

    Args:
        scores: of each answer, shape (answers,).
        logprobs: of the policy that sampled.
        reference: of the reference.
        mask: where an answer has tokens.
        kl: coefficient of the penalty.
    """
    rewards = -kl * (logprobs - reference) * mask
    last = mask.sum(-1).long() - 1
    rewards[torch.arange(len(last), device=last.device), last] += scores
    return rewards


def whiten(values: Tensor, mask: Tensor, total: Sum) -> Tensor:
    """Return values with mean 0 and variance 1 over all tokens of all processes (Huang et al. 2024)."""
    count, first = total(torch.stack([mask.sum(), (values * mask).sum()])).tolist()
    mean = first / count
    variance = total((((values.double() - mean) ** 2) * mask).sum()).item() / count
    return (values - mean) * (variance + 1e-8) ** -0.5 * mask


def policy_loss(new: Tensor, old: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """Return the clipped surrogate loss of each token, and where the clipped part was the larger.

    Schulman et al. 2017, equation 7, with the sign turned: max(-A rho, -A min(max(rho, 1 - clip), 1 + clip)).
    """
    ratio = (new - old).exp()
    plain, clipped = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(plain, clipped), (clipped > plain).to(new.dtype)


def value_loss(new: Tensor, old: Tensor, returns: Tensor, clip: float | None) -> Tensor:
    """Return half the squared error of each value; the larger of the plain one and of a value moved at most ``clip``.

    The clipping is that of the code that came with Schulman et al. 2017, described by Huang et al. 2024.
    """
    plain = (new - returns) ** 2
    if clip is None:
        return 0.5 * plain
    limited = old + (new - old).clamp(-clip, clip)
    return 0.5 * torch.maximum(plain, (limited - returns) ** 2)


def kl_estimate(new: Tensor, old: Tensor) -> Tensor:
    """Return an estimate of KL(old || new) at each token drawn from old: rho - 1 - log rho.

    Never negative and without bias (Schulman 2020, *Approximating KL Divergence*), so that a small batch tells enough
    to stop an update.
    """
    log_ratio = new - old
    return log_ratio.exp() - 1 - log_ratio


def adapted(kl: float, measured_kl: float, target: float) -> float:
    """Return the next coefficient of the KL penalty (Ziegler et al. 2019, section 2.2).

    Args:
        kl: coefficient so far.
        measured_kl: KL an answer of this update, in nats.
        target: the one wanted.

    >>> adapted(0.1, 12.0, 6.0), adapted(0.1, 6.0, 6.0)
    (0.10200000000000001, 0.1)
    """
    return kl * (1 + _RATE * min(max(measured_kl / target - 1, -0.2), 0.2))


def learning_rate(step: int, peak: float, steps: int, warmup: int, schedule: str) -> float:
    """Return the learning rate of an update.

    >>> [learning_rate(step, 1.0, 4, 2, "linear") for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak if schedule == "constant" else peak * (steps - step) / max(1, steps - warmup)
