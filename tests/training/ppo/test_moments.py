"""Running mean and variance."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from cmtmed.training.ppo.moments import RunningMoments

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@budget(max_examples=40)
@given(st.lists(st.lists(st.floats(-100, 100), min_size=1, max_size=6), min_size=1, max_size=5))
def test_moments_of_parts_are_those_of_all(batches):
    moments = RunningMoments()
    for batch in batches:
        mean = sum(batch) / len(batch)
        moments.add(len(batch), mean, sum((number - mean) ** 2 for number in batch))
    numbers = torch.tensor([number for batch in batches for number in batch], dtype=torch.float64)
    assert math.isclose(moments.mean, numbers.mean().item(), abs_tol=1e-9)
    assert math.isclose(moments.squares, ((numbers - numbers.mean()) ** 2).sum().item(), rel_tol=1e-6, abs_tol=1e-6)
