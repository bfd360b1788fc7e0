"""The arithmetic of PPO without any model: advantages, whitening, clipped losses, and estimates of KL.

Tensors are of shape (answers, tokens), padded on the right; ``mask`` is 1 where an answer has a token.

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
"""Sums a tensor over all processes."""

_KL_GAIN: Final = 0.1
"""How fast the KL coefficient adapts (K_beta in Ziegler et al. 2019, section 2.2)."""


def compute_advantages(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """Compute generalized advantages, and the returns that values are fitted to (Schulman et al. 2016, equation 16).

    ::

        delta_t = r_t + gamma V_{t+1} - V_t            V is 0 after the last token
        A_t     = delta_t + gamma lam A_{t+1}
        R_t     = A_t + V_t

    Args:
        rewards: reward of each token.
        values: expected return before each token.
        mask: where an answer has tokens.
        gamma: discount factor.
        lam: lambda of GAE: 0 relies on the values, 1 on the rewards.

    Returns:
        Advantages and returns.
    """
    rewards, values = rewards * mask, values * mask
    advantages = torch.zeros_like(rewards)
    next_value = advantage = torch.zeros_like(rewards[:, 0])
    for step in reversed(range(rewards.shape[1])):
        delta = rewards[:, step] + gamma * next_value - values[:, step]
        advantage = delta + gamma * lam * advantage
        advantages[:, step] = advantage
        next_value = values[:, step]
    return advantages * mask, (advantages + values) * mask


def compute_token_rewards(scores: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, kl: float) -> Tensor:
    """Compute the reward of each token: the KL penalty, plus the score at the last token.

    Ziegler et al. 2019, equation 2.

    Args:
        scores: score of each answer, shape (answers,).
        logprobs: log-probabilities under the policy that sampled.
        reference: log-probabilities under the reference policy.
        mask: where an answer has tokens.
        kl: coefficient of the penalty.
    """
    rewards = -kl * (logprobs - reference) * mask
    last = mask.sum(-1).long() - 1
    rewards[torch.arange(len(last), device=last.device), last] += scores
    return rewards


def whiten(values: Tensor, mask: Tensor, sum_processes: Sum) -> Tensor:
    """Shift and scale values to mean 0 and variance 1 over all tokens of all processes (Huang et al. 2024)."""
    count, total = sum_processes(torch.stack([mask.sum(), (values * mask).sum()])).tolist()
    mean = total / count
    variance = sum_processes((((values.double() - mean) ** 2) * mask).sum()).item() / count
    return (values - mean) * (variance + 1e-8) ** -0.5 * mask


def compute_policy_loss(logprobs: Tensor, old: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """Compute the clipped surrogate loss of each token, and where clipping took effect.

    Schulman et al. 2017, equation 7, negated: max(-A rho, -A min(max(rho, 1 - clip), 1 + clip)) with
    rho = exp(logprobs - old).

    Returns:
        The losses, and 1 where the clipped term was the larger one.
    """
    ratio = (logprobs - old).exp()
    unclipped_loss, clipped_loss = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(unclipped_loss, clipped_loss), (clipped_loss > unclipped_loss).to(logprobs.dtype)


def compute_value_loss(values: Tensor, old: Tensor, returns: Tensor, clip: float | None) -> Tensor:
    """Compute half the squared error of each value: the larger of the error as it is and after clipping the change.

    The clipping is that of the code published with Schulman et al. 2017, described by Huang et al. 2024.

    Args:
        values: expected returns now.
        old: expected returns when the answers were sampled.
        returns: targets.
        clip: largest change from ``old`` that counts; None disables clipping.
    """
    errors = (values - returns) ** 2
    if clip is None:
        return 0.5 * errors
    clipped_values = old + (values - old).clamp(-clip, clip)
    return 0.5 * torch.maximum(errors, (clipped_values - returns) ** 2)


def estimate_kl(logprobs: Tensor, old: Tensor) -> Tensor:
    """Estimate KL(old || new) at each token sampled from old: rho - 1 - log rho.

    Non-negative and unbiased (Schulman 2020, *Approximating KL Divergence*), so a small batch suffices to decide
    whether to stop an update.
    """
    log_ratio = logprobs - old
    return log_ratio.exp() - 1 - log_ratio


def adapt_kl_coefficient(kl: float, measured_kl: float, target: float) -> float:
    """Compute the next coefficient of the KL penalty (Ziegler et al. 2019, section 2.2).

    Args:
        kl: the coefficient so far.
        measured_kl: KL per answer in this update, in nats.
        target: the KL per answer to aim at.

    >>> adapt_kl_coefficient(0.1, 12.0, 6.0), adapt_kl_coefficient(0.1, 6.0, 6.0)
    (0.10200000000000001, 0.1)
    """
    return kl * (1 + _KL_GAIN * min(max(measured_kl / target - 1, -0.2), 0.2))


def compute_learning_rate(step: int, peak: float, steps: int, warmup: int, schedule: str) -> float:
    """Compute the learning rate of an update.

    >>> [compute_learning_rate(step, 1.0, 4, 2, "linear") for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak if schedule == "constant" else peak * (steps - step) / max(1, steps - warmup)
