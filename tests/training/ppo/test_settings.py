"""Settings that are refused."""

from __future__ import annotations

import pytest

from cmtmed.errors import UsageError
from tests.support.ppo import (
    make_settings,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"training": {"max_steps": 3}}, "training.max_steps: PPO has its own loop"),
        ({"reward": [{"kind": "length", "targett": 3}]}, "unknown key 'targett'; did you mean 'target'?"),
        ({"reward": [{"kind": "lenght", "target": 3}]}, "kind"),
        ({"reward": []}, "reward"),
        ({"reward": [{"kind": "proactivity"}] * 2}, "two rewards are called 'proactivity'"),
        ({"value_adapter": True}, "value_adapter needs lora"),
        ({"kl": 0, "kl_target": 6.0}, "kl_target adapts the penalty kl, which is 0"),
        ({"batch": 2, "minibatches": 3}, "3 minibatches of 2 prompts"),
        ({"kl_cofficient": 1}, "unknown key 'kl_cofficient'"),
    ],
)
def test_settings_that_make_no_sense(given_, message):
    with pytest.raises(UsageError) as error:
        make_settings("base", **given_)
    assert message in str(error.value)
