"""PPO: its arithmetic, its sampling, its roles over one base, its rewards, and that a run goes on exactly."""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

import cmtmed
from cmtmed.errors import BuildError, DatasetError, OutputError, UsageError
from cmtmed.training.model.loading import load_model, load_tokenizer
from cmtmed.training.model.saving import save_model
from cmtmed.training.ppo import arithmetic
from cmtmed.training.ppo.batches import iter_length_groups
from cmtmed.training.ppo.data import Prompts, encode_prompt
from cmtmed.training.ppo.forward import forward_answers, forward_values
from cmtmed.training.ppo.moments import RunningMoments
from cmtmed.training.ppo.roles import POLICY, VALUE, Roles
from cmtmed.training.ppo.sampling import Sampling, compute_probabilities, draw_tokens, generate_noise, sample_answers
from cmtmed.training.ppo.scorers.build import build_scorers
from cmtmed.training.ppo.scorers.judge import Judge
from cmtmed.training.ppo.scorers.rules import build_length_penalty, build_proactivity_score
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts, score_answers
from cmtmed.training.ppo.settings import JudgeReward, LengthReward, PpoSettings, ProactivityReward
from cmtmed.training.run import metrics
from cmtmed.training.run.command_line import parse_settings
from cmtmed.training.run.directory import Run
from cmtmed.training.run.settings import Settings
from tests.support.training import messages, tiny_model, train

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
TINY = (
    "steps=4", "batch=8", "micro_batch=3", "sample_batch=5", "max_new_tokens=6", "learning_rate=1e-3", "warmup=0",
    "save_every=2", "epochs=2", "kl_stop=null",
)  # fmt: skip
MARKS = "reward=[{kind: python, function: 'ppo_rules:marks'}]"
RULES = '''
calls, fail_at = 0, 0

def marks(prompts, answers):
    """Question marks, four of which give the whole reward."""
    global calls
    calls += 1
    if calls == fail_at:
        raise RuntimeError("stopped by the test")
    assert all(prompt[-1]["role"] == "user" for prompt in prompts)
    return [min(1.0, answer.count("？") / 4) for answer in answers]

def common(prompts, answers):
    """Common characters, four of which give the whole reward: often enough by chance to be found soon."""
    return [min(1.0, sum(answer.count(one) for one in "？，。有没吗多过天不") / 4) for answer in answers]

def few(prompts, answers):
    return [1.0]

def nothing(prompts, answers):
    return [float("nan")] * len(answers)

def words(prompts, answers):
    return ["good"] * len(answers)

number = 3
'''
TIMES = {"tokens_per_second"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("base") / "model", hidden=64)


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    from datasets import Dataset, DatasetDict

    rows = [
        {"id": f"d{index}", "message": 1 + 2 * (index % 2), "prompt": messages(index)[: 1 + 2 * (index % 2)]}
        for index in range(12)
    ]
    folder = tmp_path_factory.mktemp("view") / "prompts"
    DatasetDict(train=Dataset.from_list(rows)).save_to_disk(str(folder))
    return str(folder)


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base, "auto")


@pytest.fixture
def rules(tmp_path, monkeypatch):
    (tmp_path / "ppo_rules.py").write_text(RULES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("ppo_rules", None)
    yield tmp_path
    sys.modules.pop("ppo_rules", None)


@pytest.fixture
def ppo(base, view, rules):
    """Run the trainer and return its log without what depends on the clock."""

    def run(out, *words, **kwargs):
        train("ppo", f"model={base}", f"data=[{{path: {view}}}]", f"out={rules / out}", *TINY, MARKS, *words, **kwargs)
        return read_log(rules / out)

    return run


def read_log(root):
    return [{name: value for name, value in line.items() if name not in TIMES} for line in metrics.read_metrics(root)]


def make_settings(base, **values):
    content = {"model": base, "out": "x", "data": [{"path": "x"}], "reward": [{"kind": "proactivity"}], **values}
    return parse_settings(PpoSettings, content, "test")


def make_roles(base, tokenizer, dtype=torch.float32, **values):
    return Roles(load_model(base), make_settings(base, **values), torch.device("cpu"), dtype, tokenizer.pad_token_id)


def perturb(roles, scale=0.3):
    """Move everything that is trained away from where it began."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in roles.trained.values():
            parameter.add_(
                scale * max(float(parameter.std(correction=0)), 0.1) * torch.randn(parameter.shape, generator=generator)
            )


PROMPTS = [[5, 6, 7], [8, 9, 10, 11, 12, 13, 14], [20] * 12, [30, 31]]
ANSWERS = [[40, 41], [50, 51, 52, 53, 54], [60], [70, 71, 72]]


# --- arithmetic ------------------------------------------------------------------------------------------------

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


# --- sampling --------------------------------------------------------------------------------------------------


@budget(max_examples=100)
@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8).filter(lambda c: sum(c) > 1e-6),
    st.floats(0, 1, exclude_max=True),
)
def test_a_token_is_drawn_where_the_distribution_passes_the_number(chances, number):
    token = draw_tokens(
        torch.tensor([chances], dtype=torch.float32), torch.tensor([number], dtype=torch.float64)
    ).item()
    exact = torch.tensor(chances, dtype=torch.float32).double()
    assert exact[token] > 0
    before = exact[:token].sum() / exact.sum()
    assert before - 1e-12 <= number <= before + exact[token] / exact.sum() + 1e-12


def test_frequencies_are_the_probabilities():
    chances = torch.tensor([0.1, 0.0, 0.6, 0.3])
    uniform = generate_noise(0, 0, [0], 20_000)[0]
    counts = torch.bincount(draw_tokens(chances.expand(20_000, 4), uniform), minlength=4) / 20_000
    assert torch.allclose(counts, chances, atol=0.012)
    assert counts[1] == 0


def test_top_k_and_top_p_keep_what_they_say():
    logits = torch.tensor([[0.5, 0.1, 0.3, 0.1]]).log()
    sampling = Sampling((0,), 0, 1)
    assert (compute_probabilities(logits, sampling._replace(top_k=2)) > 0).tolist() == [[True, False, True, False]]
    assert (compute_probabilities(logits, sampling._replace(top_p=0.5)) > 0).tolist() == [[True, False, False, False]]
    assert (compute_probabilities(logits, sampling._replace(top_p=0.7)) > 0).tolist() == [[True, False, True, False]]
    assert torch.allclose(
        compute_probabilities(logits, sampling._replace(temperature=0.5)), logits.exp() ** 2 / (logits.exp() ** 2).sum()
    )


@pytest.fixture(scope="module")
def policy(base):
    return load_model(base).eval()


def test_an_answer_does_not_depend_on_what_stands_beside_it(policy):
    # Tokens that end an answer are many, so rows end at different times and the batch shrinks.
    sampling = Sampling(tuple(range(0, 400, 6)), 1, 12, rows=32)
    uniform = generate_noise(3, 5, range(4), 12)
    together = sample_answers(policy, PROMPTS, uniform, sampling)
    separate = [sample_answers(policy, [prompt], uniform[[index]], sampling)[0] for index, prompt in enumerate(PROMPTS)]
    assert together == separate == sample_answers(policy, PROMPTS, uniform, sampling._replace(rows=2))
    assert len({len(answer) for answer in together}) > 1
    for answer in together:
        assert not set(answer[:-1]) & set(sampling.stop)


def test_the_most_probable_tokens_are_those_of_generate(policy):
    sampling = Sampling((0,), 1, 8, top_k=1)
    answers = sample_answers(policy, PROMPTS, generate_noise(0, 0, range(4), 8), sampling)
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        expected = policy.generate(
            torch.tensor([prompt]), max_new_tokens=8, do_sample=False, eos_token_id=0, pad_token_id=1
        )
        assert expected[0, len(prompt) :].tolist() == answer


def test_noise_depends_on_seed_step_and_place_alone():
    assert torch.equal(generate_noise(1, 2, [4, 7], 5)[1], generate_noise(1, 2, [7], 5)[0])
    assert not torch.equal(generate_noise(1, 2, [7], 5), generate_noise(1, 3, [7], 5))
    assert not torch.equal(generate_noise(1, 2, [7], 5), generate_noise(2, 2, [7], 5))


def test_batches_hold_each_row_once_and_like_lengths():
    lengths = [5, 1, 9, 7, 3]
    groups = list(iter_length_groups(lengths, 2))
    assert sorted(index for group in groups for index in group) == list(range(5))
    assert [[lengths[index] for index in group] for group in groups] == [[9, 7], [5, 3], [1]]


# --- roles -----------------------------------------------------------------------------------------------------


def compute_by_hand(model, prompt, answer, temperature=1.0):
    logits = model(torch.tensor([[*prompt, *answer]])).logits[0] / temperature
    distributions = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return distributions.gather(-1, torch.tensor(answer)[:, None]).squeeze(-1), -(
        distributions.exp() * distributions
    ).sum(-1)


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


# --- reward models ---------------------------------------------------------------------------------------------


def write_reward_run(folder, base, tokenizer, *, lora=True, stage="reward", finished=True):
    """Write a run as the reward stage does, with weights that say something different for every text."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(4)
    model = load_model(base, scalar=True)
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    if lora:
        config = LoraConfig(task_type="SEQ_CLS", target_modules="all-linear", modules_to_save=["score"])
        model = get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and ("lora" in name or "score" in name):
                parameter.add_(0.3 * torch.randn(parameter.shape))
    content = {"model": base, "out": folder}
    run = Run.start(stage, Settings(**content), {})
    save_model(run, model, tokenizer, pad_token_id=tokenizer.pad_token_id)
    if not finished:
        Run.open(folder).record.model_copy(update={"finished": False}).write(folder)
    return str(folder)


@pytest.fixture(scope="module")
def rewarding(tmp_path_factory, base, tokenizer):
    return write_reward_run(tmp_path_factory.mktemp("reward") / "run", base, tokenizer)


TOLD = AnsweredPrompts(
    [messages(0)[:1], messages(1)[:3], messages(2)[:1]],
    ["多久了？", "", "先做胃镜，吃点药，三天后再来复查一次。"],
    [3, 1, 9],
)


def build_all(roles, settings):
    return build_scorers(settings, roles)


@pytest.mark.parametrize("given_", [{"lora": None}, {"lora": {}}, {"lora": {}, "value_adapter": True}])
def test_the_adapter_on_the_base_says_what_the_reward_model_says(base, tokenizer, rewarding, given_, caplog):
    reward = [{"kind": "adapter", "path": rewarding}, {"kind": "model", "path": rewarding}]
    settings = make_settings(base, reward=reward, **given_)
    roles = Roles(load_model(base), settings, torch.device("cpu"), torch.float32, tokenizer.pad_token_id)
    perturb(roles)  # the policy has moved; the reward has not
    with caplog.at_level(logging.INFO, "cmtmed.training"):
        rewards = score_answers(build_all(roles, settings), TOLD)
    assert "kind: adapter saves its memory" in caplog.text
    assert len({round(number, 4) for number in rewards["model"]}) == 3
    assert rewards["adapter"] == pytest.approx(rewards["model"], abs=1e-5)
    reward_model, ids = (
        load_model(rewarding, scalar=True),
        tokenizer.apply_chat_template(TOLD.conversations[0], return_dict=False),
    )
    assert reward_model(torch.tensor([ids])).logits.item() == pytest.approx(rewards["model"][0], abs=1e-5)
    with torch.no_grad(), roles.use_adapter(None) as model:
        expected = compute_by_hand(load_model(base), PROMPTS[0], ANSWERS[0])[0]
        assert torch.allclose(forward_answers(roles, model, PROMPTS, ANSWERS).logprobs[0, :2], expected, atol=1e-5)
    policy = roles.extract_policy()
    assert not hasattr(policy, "peft_config") or set(policy.peft_config) == {POLICY}


def test_a_reward_model_with_other_tokens_reads_the_text(tmp_path, base, tokenizer):
    other = tiny_model(tmp_path / "other", template="plain", hidden=32, context=64)
    settings = make_settings(base, reward=[{"kind": "model", "path": other}])
    rewards = score_answers(build_all(make_roles(base, tokenizer), settings), TOLD)
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
    assert "is no run directory" in refused({"kind": "adapter", "path": base})
    assert "no tokenizer can be loaded from" in refused({"kind": "model", "path": str(tmp_path / "absent")})


# --- rewards that need no model --------------------------------------------------------------------------------


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
        ("ppo_rules:words", BuildError, "returned a list that does not hold numbers"),
        ("ppo_rules:absent", UsageError, "'ppo_rules' has no function 'absent'"),
        ("ppo_rules:number", UsageError, "'ppo_rules' has no function 'number'"),
        ("no_such_rules:score", UsageError, "the module 'no_such_rules' cannot be imported: ModuleNotFoundError"),
    ],
)
def test_callables_that_cannot_reward(rules, base, tokenizer, function, error_type, message):
    settings = make_settings(base, reward=[{"kind": "python", "function": function}])
    with pytest.raises(error_type) as error:
        score_answers(build_scorers(settings, None), TOLD)
    assert message in str(error.value)


class Service(BaseHTTPRequestHandler):
    script: ClassVar = []
    asked: ClassVar = []
    lock = threading.Lock()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.lock:
            self.asked.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
            step = self.script.pop(0) if self.script else "7"
        if isinstance(step, str):
            reply = json.dumps({"choices": [{"message": {"content": step}}]}).encode()
            self.send_response(200)
        else:
            status, headers = step
            reply = b"{}"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    Service.script, Service.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def judge(url, **given_):
    return Judge(JudgeReward(kind="http", url=url, model="judge", **{"wait": 0.01, "concurrency": 1, **given_}))


def test_a_judge_is_asked_once_an_answer(service, monkeypatch, caplog):
    monkeypatch.setenv("CMTMED_TEST_KEY", "not-to-be-seen")
    Service.script = ["7", "<think>2 or 3</think>8/10", "0"]
    with caplog.at_level(logging.DEBUG):
        assert judge(service, key_env="CMTMED_TEST_KEY")(TOLD) == [0.7, 0.8, 0.0]
    assert [request["path"] for request in Service.asked] == ["/v1/chat/completions"] * 3
    assert {request["key"] for request in Service.asked} == {"Bearer not-to-be-seen"}
    assert "患者：头痛三天了" in Service.asked[0]["messages"][1]["content"]
    assert Service.asked[0]["messages"][1]["content"].endswith("医生：多久了？")
    assert "0到10" in Service.asked[0]["messages"][0]["content"]
    assert "not-to-be-seen" not in caplog.text
    assert "多久了" not in caplog.text
    assert "conversations are sent to 127.0.0.1" in caplog.text


def test_a_busy_judge_is_waited_for(service, monkeypatch):
    waited = []
    monkeypatch.setattr("cmtmed.training.ppo.scorers.judge.time.sleep", waited.append)
    Service.script = [
        (429, {"Retry-After": "3"}),
        (500, {}),
        "5",
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        "6",
    ]
    assert judge(service)(TOLD) == [0.5, 0.6, 0.7]
    assert waited[0] == 3.0
    assert 0.02 <= waited[1] <= 0.025 * 1.01
    assert waited[2] == 0.0


def test_judges_that_cannot_be_asked(service, monkeypatch):
    Service.script = [(401, {})]
    with pytest.raises(BuildError, match=r"127\.0\.0\.1:\d+ refuses with status 401; check url, model and key_env"):
        judge(service)(TOLD)
    Service.script = ["很好", "不错"]
    with pytest.raises(BuildError, match=r"the reply has 0 numbers instead of one \(2 attempts\)"):
        judge(service, retries=1)(TOLD)
    Service.script = ["很好", "11", "5", "5"]
    assert judge(service, retries=1, fallback=0.25)(TOLD) == [0.25, 0.5, 0.5]
    Service.script = [(302, {"Location": "http://127.0.0.1:1/"})]
    with pytest.raises(BuildError, match="refuses with status 302"):  # the key goes nowhere else
        judge(service)(TOLD)
    with pytest.raises(BuildError, match=r"127\.0\.0\.1:1: no reply \(ConnectionRefusedError\) \(2 attempts\)"):
        judge("http://127.0.0.1:1/v1", retries=1)(TOLD)
    with pytest.raises(UsageError, match="url is not an HTTP address"):
        judge("file:///etc/passwd")
    with pytest.raises(UsageError, match="the url holds a key"):
        judge("https://me:secret@host/v1")
    monkeypatch.delenv("CMTMED_TEST_KEY", raising=False)
    with pytest.raises(UsageError, match="environment variable CMTMED_TEST_KEY is not set"):
        judge(service, key_env="CMTMED_TEST_KEY")


def test_several_requests_run_at_once_and_answers_keep_their_order(service):
    batch = AnsweredPrompts([messages(0)[:1]] * 12, ["好"] * 12, [1] * 12)
    assert judge(service, concurrency=4)(batch) == [0.7] * 12


# --- prompts ---------------------------------------------------------------------------------------------------


def test_long_prompts_lose_whole_turns_in_front_and_keep_system_and_last(tokenizer):
    talk = [{"role": "system", "content": "你是医生。"}, *messages(0)[:3]]
    all_ids, turns = encode_prompt(tokenizer, talk, 1000)
    assert turns == [0, 1, 2, 3]
    ids, turns = encode_prompt(tokenizer, talk, len(all_ids) - 1)
    assert turns == [0, 3]
    assert tokenizer.decode(ids) == (
        "<|im_start|>system\n你是医生。<|im_end|>\n<|im_start|>user\n没有发烧<|im_end|>\n<|im_start|>assistant\n"
    )
    assert encode_prompt(tokenizer, talk, len(ids) - 1) == ([], [])
    with pytest.raises(ValueError, match="does not end with the patient"):
        encode_prompt(tokenizer, messages(0), 1000)


def load_prompts(base, tokenizer, folder, rows, **given_):
    from datasets import Dataset, DatasetDict

    DatasetDict(train=Dataset.from_list(rows)).save_to_disk(str(folder))
    return Prompts(make_settings(base, data=[{"path": str(folder)}], **given_), tokenizer, 64)


def test_prompts_that_do_not_fit_are_left_out_and_named(tmp_path, base, tokenizer, caplog):
    rows = [{"id": f"d{number}", "message": 3, "prompt": messages(0)[:3]} for number in range(3)]
    rows.append({"id": "long", "message": 1, "prompt": [{"role": "user", "content": "头痛" * 100}]})
    with caplog.at_level(logging.INFO, "cmtmed.training"):
        prompts = load_prompts(base, tokenizer, tmp_path / "view", rows, max_new_tokens=30)
    assert "1 prompts are left out, because their last turn alone has more than 34 tokens: 'long'" in caplog.text
    assert "3 prompts lose their oldest turns to fit in 34 tokens" in caplog.text
    assert len(prompts) == 3
    first, second = [sorted(prompt.id for prompt in prompts.take(range(start, start + 3))) for start in (0, 3)]
    assert first == second == ["d0", "d1", "d2"]
    assert [prompt.id for prompt in prompts.take([4, 1])] == [prompts.take([start])[0].id for start in (4, 1)]
    with pytest.raises(UsageError, match="no prompt fits in 4 tokens"):
        load_prompts(base, tokenizer, tmp_path / "none", rows, max_new_tokens=60)
    with pytest.raises(UsageError, match="max_new_tokens 64 leaves no room for prompts in the context of 64"):
        load_prompts(base, tokenizer, tmp_path / "full", rows, max_new_tokens=64)
    with pytest.raises(DatasetError, match="prompt 'd9' does not end with the patient"):
        load_prompts(
            base, tokenizer, tmp_path / "wrong", [{"id": "d9", "message": 1, "prompt": messages(0)}], max_new_tokens=8
        )


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


# --- runs ------------------------------------------------------------------------------------------------------


def test_a_tiny_model_learns_a_rule(ppo):
    log = ppo("learn", "reward=[{kind: python, function: 'ppo_rules:common'}]", "lora=null", "steps=15", "batch=64",
              "micro_batch=64", "sample_batch=64", "max_new_tokens=8", "kl=0", "eos_penalty=0", "learning_rate=3e-3",
              "epochs=4", "save_every=100")  # fmt: skip
    first, last = [sum(line["reward"] for line in window) / 3 for window in (log[:3], log[-3:])]
    assert last - first >= 0.3
    assert log[-1]["kl"] > log[0]["kl"] >= 0
    assert Run.open("learn").record.summary["reward_last"] > 0.3
    assert (Path("learn") / "training_reward.png").is_file()


FULL = ("lora=null", "reward_scaling=running", "kl_target=0.5", "minibatches=2")
OWN = ("lora={modules_to_save: [lm_head]}", "value_adapter=true", "gradient_checkpointing=true", "entropy_weight=0.01")


@pytest.mark.parametrize("words", [FULL, OWN], ids=["all weights", "adapters"])
def test_a_run_goes_on_exactly_where_it_was_stopped(ppo, rules, words):
    uninterrupted = ppo("whole", *words)
    sys.modules["ppo_rules"].calls, sys.modules["ppo_rules"].fail_at = 0, 4
    with pytest.raises(BuildError, match="marks raised RuntimeError"):
        ppo("parts", *words)
    assert [line["step"] for line in read_log(rules / "parts")] == [1, 2, 3]
    assert ppo("parts", *words) == uninterrupted
    assert [line["step"] for line in uninterrupted] == [1, 2, 3, 4]
    assert len({line["kl_coefficient"] for line in uninterrupted}) == (4 if words is FULL else 1)
    names = {"reward", "reward/python", "kl", "entropy", "clip_fraction", "value_loss", "policy_loss", "explained_variance",
            "length", "eos_share", "learning_rate", "kl_coefficient"}  # fmt: skip
    assert names <= uninterrupted[-1].keys()
    assert not (rules / "parts" / "samples.jsonl").exists()


def test_a_checkpoint_cut_short_is_set_aside(ppo, rules, caplog):
    uninterrupted = ppo("whole", "lora={}", "samples=2")
    texts = (rules / "whole" / "samples.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in texts.splitlines()]
    assert [row["step"] for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert rows[0].keys() >= {"id", "prompt", "answer", "reward", "reward/python"}
    run = Run.open(rules / "whole")
    assert sorted(path.name for path in run.checkpoint_dir.iterdir()) == ["checkpoint-2", "checkpoint-4"]
    run.record.model_copy(update={"finished": False}).write(run.root)
    weights = run.checkpoint_dir / "checkpoint-4" / "trained.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert ppo("whole", "lora={}", "samples=2") == uninterrupted
    assert (rules / "whole" / "samples.jsonl").read_text(encoding="utf-8") == texts
    assert "checkpoint-4 is set aside: trained.safetensors has" in caplog.text
    with pytest.raises(OutputError, match=r"holds a run with other settings \(kl\)"):
        ppo("whole", "lora={}", "samples=2", "kl=0.2")


def test_the_policy_that_is_saved_is_the_one_that_was_trained(ppo, rules, base, rewarding):
    ppo(
        "run",
        "lora={}",
        f"reward=[{{kind: adapter, path: {rewarding}}}, {{kind: length, target: 3}}]",
        "value_adapter=true",
    )
    log = read_log(rules / "run")
    assert all(line["reward"] == pytest.approx(line["reward/adapter"] + line["reward/length"]) for line in log)
    assert Run.open(rules / "run").record.adapter
    assert not [path for path in (rules / "run" / "adapter").iterdir() if path.is_dir()]
    merged, original = load_model(str(rules / "run")), load_model(base)
    assert merged.state_dict().keys() == original.state_dict().keys()
    assert any(not torch.equal(weight, original.state_dict()[name]) for name, weight in merged.state_dict().items())


def test_micro_batches_change_nothing_but_rounding(ppo):
    large = ppo("one", "lora={}", "steps=2", "micro_batch=8", "sample_batch=8")
    small_batches = ppo("other", "lora={}", "steps=2", "micro_batch=1", "sample_batch=3")
    for first, second in zip(large, small_batches, strict=True):
        assert first == pytest.approx(second, abs=1e-4, nan_ok=True)


def test_an_update_that_goes_too_far_is_ended(ppo):
    log = ppo("far", "lora=null", "steps=2", "kl_stop=1e-6", "epochs=4")
    assert [line["stopped_early"] for line in log] == [1.0, 1.0]
    assert [line["optimizer_steps"] for line in log] == [1.0, 1.0]


def test_half_precision_and_other_options_run(ppo):
    log = ppo("half", "lora={}", "precision=bfloat16", "gradient_checkpointing=true", "steps=2", "value_clip=null",
              "reward_scaling=batch", "reward_clip=1", "top_p=0.9", "top_k=50", "whiten=false", "log_every=2", "kl=0")  # fmt: skip
    assert [line["step"] for line in log] == [2]
    assert all(value is None or math.isfinite(value) for value in log[0].values())


def test_a_view_of_another_kind_is_named(ppo, tmp_path):
    from tests.support.training import sft_view

    with pytest.raises(UsageError, match="the view 'sft', and this stage reads 'prompts'"):
        ppo("wrong", "lora={}", f"data=[{{path: {sft_view(tmp_path / 'sft')}}}]")


def test_two_processes_give_the_result_of_one(ppo, rules, base, view):
    torchrun = shutil.which("torchrun") or str(Path(sys.executable).with_name("torchrun"))
    if not Path(torchrun).exists() or not torch.distributed.is_gloo_available():
        pytest.skip("needs torchrun and gloo")
    words = ["lora=null", "steps=3", "minibatches=2", "reward_scaling=running", "kl_target=0.5"]
    single_log = ppo("one", *words)
    given_ = [f"model={base}", f"data=[{{path: {view}}}]", "out=two", *TINY, MARKS, *words]
    command = [torchrun, "--standalone", "--nproc_per_node", "2", str(cmtmed.bundled("trainers/ppo.py")), *given_]
    process = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert process.returncode == 0, process.stderr[-3000:]
    double_log = read_log(rules / "two")
    assert len(single_log) == len(double_log) == 3
    for first, second in zip(single_log, double_log, strict=True):
        assert first == pytest.approx(second, abs=1e-4, nan_ok=True)
    assert (rules / "two/checkpoints/checkpoint-2/random-1.pt").is_file()
    single, double = load_model(str(rules / "one")).state_dict(), load_model(str(rules / "two")).state_dict()
    assert all(torch.allclose(single[name], double[name], atol=1e-4) for name in single)
