"""Sampling: distributions, noise, and answers that do not depend on other rows."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from cmtmed.training.model.loading import load_model
from cmtmed.training.ppo.sampling import Sampling, compute_probabilities, draw_tokens, generate_noise, sample_answers
from tests.support.ppo import (
    PROMPTS,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


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
