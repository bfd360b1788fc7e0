"""Rewards that need no model: rules and functions."""

from __future__ import annotations

import pytest

from cmtmed.errors import BuildError, UsageError
from cmtmed.training.ppo.scorers.build import build_scorers
from cmtmed.training.ppo.scorers.rules import build_length_penalty, build_proactivity_score
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts, score_answers
from cmtmed.training.ppo.settings import LengthReward, ProactivityReward
from tests.support.ppo import (
    ANSWERED,
    make_settings,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def test_asking_is_rewarded_once_for_each_thing_and_only_before_advice():
    answers = ["多久了？发烧吗？", "多久了？多久了？多久了？", "建议多喝水。多久了？发烧吗？", "多喝水。", ""]
    rewards = build_proactivity_score(ProactivityReward(kind="proactivity"))(
        AnsweredPrompts([[]] * 5, answers, [1] * 5)
    )
    assert rewards == [1.0, 0.5, 0.0, 0.0, 0.0]


def test_length_costs_nothing_up_to_the_target():
    rewards = build_length_penalty(LengthReward(kind="length", target=10))(
        AnsweredPrompts([[]] * 4, [""] * 4, [1, 10, 15, 30])
    )
    assert rewards == [0, 0, -0.5, -2]


@pytest.mark.parametrize(
    ("function", "error_type", "message"),
    [
        ("ppo_rules:few", BuildError, "returned 1 numbers for 3 answers"),
        ("ppo_rules:nothing", BuildError, "returned nan for answer 0; it must be finite"),
        ("ppo_rules:words", BuildError, "returned a list that does not contain numbers"),
        ("ppo_rules:absent", UsageError, "'ppo_rules' has no function 'absent'"),
        ("ppo_rules:number", UsageError, "'ppo_rules' has no function 'number'"),
        ("no_such_rules:score", UsageError, "the module 'no_such_rules' cannot be imported: ModuleNotFoundError"),
    ],
)
def test_callables_that_cannot_reward(rules, base, tokenizer, function, error_type, message):
    settings = make_settings(base, reward=[{"kind": "python", "function": function}])
    with pytest.raises(error_type) as error:
        score_answers(build_scorers(settings, None), ANSWERED)
    assert message in str(error.value)
