"""Groups of similar length."""

from __future__ import annotations

import pytest

from cmtmed.training.ppo.batches import iter_length_groups

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def test_batches_hold_each_row_once_and_like_lengths():
    lengths = [5, 1, 9, 7, 3]
    groups = list(iter_length_groups(lengths, 2))
    assert sorted(index for group in groups for index in group) == list(range(5))
    assert [[lengths[index] for index in group] for group in groups] == [[9, 7], [5, 3], [1]]
