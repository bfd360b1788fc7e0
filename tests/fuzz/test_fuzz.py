"""A fixed sample of the fuzzer; ``make fuzz`` reads many more."""

from __future__ import annotations

import pytest

from tests.fuzz.check import check_input

SEEDS = 300


@pytest.mark.parametrize("first", range(0, SEEDS, 50))
def test_damaged_files_cost_their_own_records_alone(tmp_path, first):
    for seed in range(first, first + 50):
        check_input(seed, tmp_path)
