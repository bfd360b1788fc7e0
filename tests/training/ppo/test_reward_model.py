"""Reward models as sources of reward."""

from __future__ import annotations

import logging

import pytest
import torch

from cmtmed.errors import UsageError
from cmtmed.training.model.loading import load_model
from cmtmed.training.ppo.forward import forward_answers
from cmtmed.training.ppo.roles import POLICY, Roles
from cmtmed.training.ppo.scorers.build import build_scorers
from cmtmed.training.ppo.scorers.scorer import score_answers
from tests.support.ppo import (
    ANSWERED,
    ANSWERS,
    PROMPTS,
    compute_by_hand,
    make_roles,
    make_settings,
    perturb,
    write_reward_run,
)
from tests.support.training import save_tiny_model

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def build_all(roles, settings):
    return build_scorers(settings, roles)


@pytest.mark.parametrize("given_", [{"lora": None}, {"lora": {}}, {"lora": {}, "value_adapter": True}])
def test_the_adapter_on_the_base_says_what_the_reward_model_says(base, tokenizer, rewarding, given_, caplog):
    reward = [{"kind": "adapter", "path": rewarding}, {"kind": "model", "path": rewarding}]
    settings = make_settings(base, reward=reward, **given_)
    roles = Roles(load_model(base), settings, torch.device("cpu"), torch.float32, tokenizer.pad_token_id)
    perturb(roles)  # the policy has moved; the reward has not
    with caplog.at_level(logging.INFO, "cmtmed.training"):
        rewards = score_answers(build_all(roles, settings), ANSWERED)
    assert "kind: adapter saves its memory" in caplog.text
    assert len({round(number, 4) for number in rewards["model"]}) == 3
    assert rewards["adapter"] == pytest.approx(rewards["model"], abs=1e-5)
    reward_model, ids = (
        load_model(rewarding, scalar=True),
        tokenizer.apply_chat_template(ANSWERED.conversations[0], return_dict=False),
    )
    assert reward_model(torch.tensor([ids])).logits.item() == pytest.approx(rewards["model"][0], abs=1e-5)
    with torch.no_grad(), roles.use_adapter(None) as model:
        expected = compute_by_hand(load_model(base), PROMPTS[0], ANSWERS[0])[0]
        assert torch.allclose(forward_answers(roles, model, PROMPTS, ANSWERS).logprobs[0, :2], expected, atol=1e-5)
    policy = roles.extract_policy()
    assert not hasattr(policy, "peft_config") or set(policy.peft_config) == {POLICY}


def test_a_reward_model_with_other_tokens_reads_the_text(tmp_path, base, tokenizer):
    other = save_tiny_model(tmp_path / "other", template="plain", hidden=32, context=64)
    settings = make_settings(base, reward=[{"kind": "model", "path": other}])
    rewards = score_answers(build_all(make_roles(base, tokenizer), settings), ANSWERED)
    assert len(rewards["model"]) == 3


def test_rewards_that_do_not_fit_are_refused(tmp_path, base, tokenizer, rewarding):
    def refused(reward, error_type=UsageError, settings_base=base):
        settings = make_settings(settings_base, lora={}, reward=[reward])
        roles = Roles(load_model(base), settings, torch.device("cpu"), torch.float32, tokenizer.pad_token_id)
        with pytest.raises(error_type) as error:
            build_all(roles, settings)
        return str(error.value)

    sft = write_reward_run(tmp_path / "sft", base, tokenizer, stage="sft")
    assert "a run of the stage 'sft'" in refused({"kind": "model", "path": sft})
    open_ = write_reward_run(tmp_path / "open", base, tokenizer, finished=False)
    assert "not finished" in refused({"kind": "adapter", "path": open_})
    full_run = write_reward_run(tmp_path / "whole", base, tokenizer, lora=False)
    assert "trained all weights; use kind: model" in refused({"kind": "adapter", "path": full_run})
    assert "was trained over" in refused({"kind": "adapter", "path": rewarding}, settings_base=str(tmp_path))
    assert "is not a run directory" in refused({"kind": "adapter", "path": base})
    assert "no tokenizer can be loaded from" in refused({"kind": "model", "path": str(tmp_path / "absent")})
