"""Sampling of answers from the policy, in batches padded on the left; the other rows of a batch have no influence.

Every prompt has its own noise, one number per token, drawn from a generator that is seeded for this prompt alone; a
token is chosen by inverting the cumulative distribution. An answer therefore depends neither on the rows that it is
sampled with nor on the number of processes, and a resumed run samples what the uninterrupted run would have sampled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from cmtmed.training.ppo.batches import compute_positions, pad_left

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


class Sampling(NamedTuple):
    """Options of sampling.

    Attributes:
        stop: tokens that end an answer.
        pad: the padding token.
        max_new_tokens: longest answer, including the stop token.
        temperature: divides the logits.
        top_k: number of most probable tokens that are kept; 0 keeps all.
        top_p: keep the smallest set of most probable tokens that together reach this probability (Holtzman et al.
            2020).
        rows: prompts that are sampled at once.
    """

    stop: tuple[int, ...]
    pad: int
    max_new_tokens: int
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    rows: int = 32


def generate_noise(seed: int, step: int, indices: Sequence[int], tokens: int) -> Tensor:
    """Generate uniform numbers in [0, 1), float64 of shape (indices, tokens); a row depends on its own index alone.

    Args:
        seed: of the run.
        step: of the update.
        indices: of the prompts in the batch of all processes.
        tokens: numbers per row.
    """
    rows = []
    for index in indices:
        key = hashlib.blake2b(f"{seed}/{step}/{index}".encode(), digest_size=7).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(key, "big"))
        rows.append(torch.rand(tokens, generator=generator, dtype=torch.float64))
    return torch.stack(rows)


def compute_probabilities(logits: Tensor, sampling: Sampling) -> Tensor:
    """Compute the distribution that a token is drawn from, float32 of shape (rows, vocabulary).

    Tokens that top_k or top_p exclude have probability 0; the rest is not renormalized.

    Args:
        logits: of the next token, same shape.
        sampling: temperature, top_k and top_p.
    """
    scaled = logits.float() / sampling.temperature
    if 0 < sampling.top_k < scaled.shape[-1]:
        threshold = scaled.topk(sampling.top_k, dim=-1).values[:, -1:]
        scaled = scaled.masked_fill(scaled < threshold, -torch.inf)
    probabilities = scaled.softmax(-1)
    if sampling.top_p < 1:
        descending, order = probabilities.sort(dim=-1, descending=True)
        excluded = descending.cumsum(-1) - descending >= sampling.top_p  # never the most probable token
        probabilities = probabilities.masked_fill(excluded.gather(-1, order.argsort(-1)), 0.0)
    return probabilities


def draw_tokens(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """Draw the token at which the cumulative distribution of each row passes its number; shape (rows,).

    Args:
        probabilities: non-negative, shape (rows, vocabulary); need not sum to 1.
        uniform: in [0, 1), float64, shape (rows,).
    """
    cumulative = probabilities.double().cumsum(-1)
    total = cumulative[:, -1:]
    # A product that is rounded up to the total would point past the last token.
    target = torch.minimum(uniform[:, None] * total, total.nextafter(torch.zeros_like(total)))
    return torch.searchsorted(cumulative, target, right=True).squeeze(-1)


@torch.no_grad()
def sample_answers(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], uniform: Tensor, sampling: Sampling
) -> list[list[int]]:
    """Sample an answer to each prompt.

    Args:
        model: a causal language model in evaluation mode.
        prompts: tokens of each prompt.
        uniform: numbers from `generate_noise`.
        sampling: length, stop tokens and distribution.

    Returns:
        Tokens of each answer, in the order of the prompts, including the stop token if there is one.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    # Prompts of similar length go together, so that there is little padding.
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    for start in range(0, len(order), sampling.rows):
        indices = order[start : start + sampling.rows]
        batch_answers = _sample_batch([prompts[index] for index in indices], uniform[indices], model, sampling)
        for index, answer in zip(indices, batch_answers, strict=True):
            answers[index] = answer
    return answers


def _sample_batch(
    prompts: list[Sequence[int]], uniform: Tensor, model: PreTrainedModel, sampling: Sampling
) -> list[list[int]]:
    from transformers import DynamicCache

    device = model.device
    input_ids, mask = pad_left(prompts, sampling.pad, device)
    uniform = uniform.to(device)
    stop = torch.tensor(sampling.stop, device=device)
    rows = torch.arange(len(prompts), device=device)
    ended = torch.zeros_like(rows, dtype=torch.bool)
    tokens = torch.full((len(prompts), sampling.max_new_tokens), sampling.pad, device=device)
    lengths = torch.full_like(rows, sampling.max_new_tokens)
    cache = DynamicCache(config=model.config)
    positions = compute_positions(mask)
    for step in range(sampling.max_new_tokens):
        logits = model(
            input_ids=input_ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        next_tokens = draw_tokens(compute_probabilities(logits, sampling), uniform[rows, step])
        tokens[rows, step] = next_tokens
        lengths[rows[torch.isin(next_tokens, stop) & ~ended]] = step + 1
        ended |= torch.isin(next_tokens, stop)
        active_count = int((~ended).sum())
        if not active_count or step + 1 == sampling.max_new_tokens:
            break
        positions = positions[:, -1:] + 1
        if 2 * active_count <= len(rows):  # at least half of the rows have ended: go on without them
            active = (~ended).nonzero().squeeze(-1)
            cache.batch_select_indices(active)
            rows, ended, mask, positions, next_tokens = (
                tensor[active] for tensor in (rows, ended, mask, positions, next_tokens)
            )
        input_ids = next_tokens[:, None]
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
    return [row[:length] for row, length in zip(tokens.tolist(), lengths.tolist(), strict=True)]
