"""Policy, reference policy and value function over one base model."""

from __future__ import annotations

import pytest
import torch

from cmtmed.training.model.loading import load_model
from cmtmed.training.ppo.forward import forward_answers, forward_values
from cmtmed.training.ppo.roles import POLICY, VALUE
from tests.support.ppo import (
    ANSWERS,
    PROMPTS,
    compute_by_hand,
    make_roles,
    perturb,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.mark.parametrize("lora", [None, {}])
def test_one_pass_reads_what_rows_alone_give(base, tokenizer, lora):
    roles = make_roles(base, tokenizer, lora=lora, temperature=0.7)
    perturb(roles)
    with torch.no_grad():
        outputs = forward_answers(roles, roles.base, PROMPTS, ANSWERS, entropy=True, values=True)
        for row, (prompt, answer) in enumerate(zip(PROMPTS, ANSWERS, strict=True)):
            logprobs, entropy = compute_by_hand(roles.base, prompt, answer, 0.7)
            assert torch.allclose(outputs.logprobs[row, : len(answer)], logprobs, atol=1e-5)
            assert torch.allclose(outputs.entropy[row, : len(answer)], entropy, atol=1e-5)
            row_outputs = forward_answers(roles, roles.base, [prompt], [answer], values=True)
            assert torch.allclose(outputs.values[row, : len(answer)], row_outputs.values[0], atol=1e-5)
            assert outputs.logprobs[row, len(answer) :].abs().sum() == 0


@pytest.mark.parametrize(
    "given_",
    [{"lora": None}, {"lora": {}}, {"lora": {}, "value_adapter": True}, {"lora": {"modules_to_save": ["lm_head"]}}],
)
def test_the_reference_is_what_the_stage_began_with(base, tokenizer, given_):
    roles, original = make_roles(base, tokenizer, **given_), load_model(base)
    perturb(roles)
    with torch.no_grad():
        policy = forward_answers(roles, roles.base, PROMPTS, ANSWERS).logprobs
        with roles.use_adapter(None) as model:
            reference = forward_answers(roles, model, PROMPTS, ANSWERS).logprobs
        policy_afterwards = forward_answers(roles, roles.base, PROMPTS, ANSWERS).logprobs
        assert torch.allclose(reference[1], compute_by_hand(original, PROMPTS[1], ANSWERS[1])[0], atol=1e-5)
    assert torch.equal(policy, policy_afterwards)
    assert not torch.allclose(policy, reference, atol=1e-2)
    assert all(parameter.requires_grad for parameter in roles.trained.values())


def test_with_lora_no_second_copy_of_the_base_is_held(base, tokenizer):
    roles = make_roles(base, tokenizer, lora={}, value_adapter=True)
    count = sum(parameter.numel() for parameter in roles.model.parameters()) + 65
    trained_count = sum(parameter.numel() for parameter in roles.trained.values())
    assert count == sum(parameter.numel() for parameter in load_model(base).parameters()) + trained_count


def test_the_value_starts_at_zero(base, tokenizer):
    roles = make_roles(base, tokenizer)
    assert forward_answers(roles, roles.base, PROMPTS, ANSWERS, values=True).values.abs().sum() == 0


def test_an_adapter_of_its_own_keeps_the_value_out_of_the_policy(base, tokenizer):
    roles = make_roles(base, tokenizer, lora={}, value_adapter=True)
    perturb(roles)
    with roles.use_adapter(VALUE):
        values = forward_values(roles, PROMPTS, ANSWERS)
        values.sum().backward()
    value_names = {
        name
        for name, parameter in roles.trained.items()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }
    assert value_names
    assert all(f".{VALUE}." in name or name.startswith("value_head") for name in value_names)
    forward_answers(roles, roles.base, PROMPTS, ANSWERS).logprobs.sum().backward()
    policy_names = {
        name
        for name, parameter in roles.trained.items()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    } - value_names
    assert policy_names
    assert all(f".{POLICY}." in name for name in policy_names)


@pytest.mark.parametrize("lora", [None, {}])
def test_checkpointing_gives_the_same_gradients(base, tokenizer, lora):
    def gradients(**given_):
        roles = make_roles(base, tokenizer, lora=lora, **given_)
        perturb(roles)
        roles.set_training(training=True)
        outputs = forward_answers(roles, roles.base, PROMPTS, ANSWERS, values=True)
        (outputs.logprobs.sum() + outputs.values.sum()).backward()
        return {name: parameter.grad for name, parameter in roles.trained.items() if parameter.grad is not None}

    plain, recomputed = gradients(), gradients(gradient_checkpointing=True)
    assert plain.keys() == recomputed.keys()
    assert all(torch.allclose(plain[name], recomputed[name], atol=1e-5) for name in plain)
