"""Advantages, whitening, losses and estimates of KL, against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from cmtmed.training.ppo import arithmetic

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

NUMBERS = st.floats(-3, 3, width=32)


@st.composite
def tables(draw_):
    lengths = draw_(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    width = max(lengths)
    mask = torch.tensor([[float(column < length) for column in range(width)] for length in lengths])
    table = st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=len(lengths), max_size=len(lengths))
    return mask, torch.tensor(draw_(table)).double(), torch.tensor(draw_(table)).double()


@budget(max_examples=60)
@given(tables(), st.floats(0, 1), st.floats(0, 1))
def test_advantages_are_the_double_sum_of_the_paper(given_, gamma, lam):
    mask, rewards, values = given_
    advantages, returns = arithmetic.compute_advantages(rewards, values, mask, gamma, lam)
    for row, length in enumerate(mask.sum(-1).int().tolist()):
        v = [*values[row, :length].tolist(), 0.0]
        delta = [rewards[row, t].item() + gamma * v[t + 1] - v[t] for t in range(length)]
        for t in range(mask.shape[1]):
            expected = sum((gamma * lam) ** (k - t) * delta[k] for k in range(t, length)) if t < length else 0.0
            assert math.isclose(advantages[row, t].item(), expected, abs_tol=1e-9)
            assert math.isclose(returns[row, t].item(), expected + (v[t] if t < length else 0), abs_tol=1e-9)


@budget(max_examples=60)
@given(tables())
def test_with_lambda_and_gamma_one_the_return_is_what_is_still_to_come(given_):
    mask, rewards, values = given_
    _, returns = arithmetic.compute_advantages(rewards, values, mask, 1.0, 1.0)
    ahead = (rewards * mask).flip(-1).cumsum(-1).flip(-1) * mask
    assert torch.allclose(returns, ahead, atol=1e-9)


@budget(max_examples=60)
@given(tables())
def test_whitening_gives_mean_zero_and_variance_one_over_what_counts(given_):
    mask, values, _ = given_
    white = arithmetic.whiten(values, mask, lambda total: total)
    unmasked = white[mask.bool()]
    assert abs(unmasked.mean()) < 1e-4
    assert white[~mask.bool()].abs().sum() == 0
    if values[mask.bool()].var(unbiased=False) > 1e-3:
        assert math.isclose(unmasked.var(unbiased=False).item(), 1, abs_tol=1e-4)


def test_whitening_over_two_processes_is_whitening_over_all():
    table, mask = torch.randn(6, 5, generator=torch.Generator().manual_seed(0)), torch.ones(6, 5)
    expected = arithmetic.whiten(table, mask, lambda total: total)
    shards = [table[:4], table[4:]]
    answers = iter(
        [[torch.tensor([12.0 + 18, table.sum()]), ((table.double() - table.double().mean()) ** 2).sum()]] * 2
    )
    for shard, rows in zip(shards, (slice(0, 4), slice(4, 6)), strict=True):
        sums = iter(next(answers))
        assert torch.allclose(
            arithmetic.whiten(shard, torch.ones_like(shard), lambda _: next(sums)),  # noqa: B023
            expected[rows],
            atol=1e-5,
        )


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "clipped"),
    [(1.0, 2.0, -2.0, 0), (1.5, 2.0, -2.4, 1), (1.5, -2.0, 3.0, 0), (0.5, 2.0, -1.0, 0), (0.5, -2.0, 1.6, 1)],
)
def test_the_policy_loss_by_hand(ratio, advantage, loss, clipped):
    new = torch.tensor([math.log(ratio)])
    losses, clip_mask = arithmetic.compute_policy_loss(new, torch.zeros(1), torch.tensor([advantage]), 0.2)
    assert math.isclose(losses.item(), loss, rel_tol=1e-6)
    assert clip_mask.item() == clipped


@pytest.mark.parametrize(
    ("new", "old", "target", "clip", "loss"),
    [
        (1.0, 0.0, 2.0, None, 0.5),
        (1.0, 0.0, 2.0, 0.2, 0.5 * 1.8**2),
        (2.0, 0.0, 0.0, 0.2, 2.0),
        (0.1, 0.0, 1.0, 0.2, 0.405),
    ],
)
def test_the_value_loss_by_hand(new, old, target, clip, loss):
    losses = arithmetic.compute_value_loss(torch.tensor([new]), torch.tensor([old]), torch.tensor([target]), clip)
    assert math.isclose(losses.item(), loss, rel_tol=1e-5)


@budget(max_examples=40)
@given(st.lists(st.floats(-2, 2), min_size=2, max_size=5), st.lists(st.floats(-2, 2), min_size=5, max_size=5))
def test_the_estimate_of_kl_is_never_negative_and_right_on_average(old, new):
    old = torch.tensor(old).double().log_softmax(-1)
    new = torch.tensor(new[: len(old)]).double().log_softmax(-1)
    estimate = arithmetic.estimate_kl(new, old)
    assert (estimate >= -1e-12).all()
    exact = (old.exp() * (old - new)).sum()
    assert math.isclose((old.exp() * estimate).sum().item(), exact.item(), abs_tol=1e-9)


def test_the_score_stands_at_the_last_token_and_kl_at_each():
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    rewards = arithmetic.compute_token_rewards(
        torch.tensor([1.0, -1.0]), torch.full((2, 3), -1.0), torch.full((2, 3), -3.0), mask, 0.5
    )
    assert rewards.tolist() == [[-1.0, 0.0, 0.0], [-1.0, -1.0, -2.0]]
