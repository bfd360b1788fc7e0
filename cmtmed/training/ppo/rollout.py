"""Answers sampled from the policy: in batches, padded on the left, the same whatever stands beside a prompt.

Every prompt brings its own noise, one number a token, drawn from a generator that is seeded for it alone; a token is
chosen by inverting the cumulative distribution. So an answer depends neither on the rows that it is sampled with nor on
the number of processes, and a resumed run samples what the uninterrupted one would have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor


class Sampling(NamedTuple):
    """How answers are sampled.

    Attributes:
        stop: tokens that end an answer.
        pad: token that pads.
        max_new_tokens: longest answer, the stop token counted.
        temperature: divides the logits.
        top_k: so many of the most probable tokens are kept; 0 for all.
        top_p: the fewest most probable tokens that have this probability together are kept (Holtzman et al. 2020).
        rows: prompts sampled at once.
    """

    stop: tuple[int, ...]
    pad: int
    max_new_tokens: int
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    rows: int = 32


def noise(seed: int, step: int, indices: Sequence[int], tokens: int) -> Tensor:
    """Return uniform numbers in [0, 1), float64 of shape (indices, tokens); each row depends on its own index alone.

    Args:
        seed: of the run.
        step: of the update.
        indices: of the prompts in the batch of all processes.
        tokens: numbers a row.
    """
    rows = []
    for index in indices:
        key = hashlib.blake2b(f"{seed}/{step}/{index}".encode(), digest_size=7).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(key, "big"))
        rows.append(torch.rand(tokens, generator=generator, dtype=torch.float64))
    return torch.stack(rows)


def probabilities(logits: Tensor, sampling: Sampling) -> Tensor:
    """Return what a token is drawn from, float32 of shape (rows, vocabulary); dropped tokens have 0.

    Args:
        logits: of the next token, same shape.
        sampling: temperature, top_k and top_p.
    """
    scaled = logits.float() / sampling.temperature
    if 0 < sampling.top_k < scaled.shape[-1]:
        threshold = scaled.topk(sampling.top_k, dim=-1).values[:, -1:]
        scaled = scaled.masked_fill(scaled < threshold, -torch.inf)
    chances = scaled.softmax(-1)
    if sampling.top_p < 1:
        ordered, order = chances.sort(dim=-1, descending=True)
        excluded = ordered.cumsum(-1) - ordered >= sampling.top_p  # the first token always stays
        chances = chances.masked_fill(excluded.gather(-1, order.argsort(-1)), 0.0)
    return chances


def draw(chances: Tensor, uniform: Tensor) -> Tensor:
    """Return the token at which each row's cumulative distribution passes its number; shape (rows,).

    Args:
        chances: not negative, shape (rows, vocabulary); need not sum to 1.
        uniform: in [0, 1), float64, shape (rows,).
    """
    cumulative = chances.double().cumsum(-1)
    total = cumulative[:, -1:]
    # A product that is rounded up to the whole would point behind the last token.
    target = torch.minimum(uniform[:, None] * total, total.nextafter(torch.zeros_like(total)))
    return torch.searchsorted(cumulative, target, right=True).squeeze(-1)


@torch.no_grad()
def sample(model: Any, prompts: Sequence[Sequence[int]], uniform: Tensor, sampling: Sampling) -> list[list[int]]:
    """Sample an answer to each prompt.

    Args:
        model: a causal language model in evaluation mode.
        prompts: tokens of each.
        uniform: as `noise` gives it.
        sampling: length, stop tokens and distribution.

    Returns:
        Tokens of each answer, in the order of the prompts, the stop token included if one came.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    # Prompts of like length together: the padding of the longest is all there is.
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    for start in range(0, len(order), sampling.rows):
        indices = order[start : start + sampling.rows]
        batch_answers = _sample([prompts[index] for index in indices], uniform[indices], model, sampling)
        for index, answer in zip(indices, batch_answers, strict=True):
            answers[index] = answer
    return answers


def _sample(prompts: list[Sequence[int]], uniform: Tensor, model: Any, sampling: Sampling) -> list[list[int]]:
    from transformers import DynamicCache

    device = model.device
    feed, mask = left_padded(prompts, sampling.pad, device)
    uniform = uniform.to(device)
    stop = torch.tensor(sampling.stop, device=device)
    rows = torch.arange(len(prompts), device=device)
    ended = torch.zeros_like(rows, dtype=torch.bool)
    tokens = torch.full((len(prompts), sampling.max_new_tokens), sampling.pad, device=device)
    lengths = torch.full_like(rows, sampling.max_new_tokens)
    cache = DynamicCache(config=model.config)
    position = positions(mask)
    for step in range(sampling.max_new_tokens):
        logits = model(
            input_ids=feed,
            attention_mask=mask,
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        next_tokens = draw(probabilities(logits, sampling), uniform[rows, step])
        tokens[rows, step] = next_tokens
        lengths[rows[torch.isin(next_tokens, stop) & ~ended]] = step + 1
        ended |= torch.isin(next_tokens, stop)
        active_count = int((~ended).sum())
        if not active_count or step + 1 == sampling.max_new_tokens:
            break
        position = position[:, -1:] + 1
        if 2 * active_count <= len(rows):  # half of the rows are over: go on with the others alone
            active = (~ended).nonzero().squeeze(-1)
            cache.batch_select_indices(active)
            rows, ended, mask, position, next_tokens = (
                tensor[active] for tensor in (rows, ended, mask, position, next_tokens)
            )
        feed = next_tokens[:, None]
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
    return [row[:length] for row, length in zip(tokens.tolist(), lengths.tolist(), strict=True)]


def left_padded(rows: Sequence[Sequence[int]], pad: int, device: Any) -> tuple[Tensor, Tensor]:
    """Return tokens and attention mask, both int64 of shape (rows, longest), padded on the left."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, longest - len(row) :] = torch.tensor(row)
        mask[index, longest - len(row) :] = 1
    return ids.to(device), mask.to(device)


def positions(mask: Tensor) -> Tensor:
    """Return the position of each token in its own row, so that padding moves nothing.

    >>> positions(torch.tensor([[0, 1, 1]])).tolist()
    [[0, 0, 1]]
    """
    return (mask.cumsum(-1) - 1).clamp(min=0)


def batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield the places of rows in batches of like length, the longest first.

    The longest first: if memory does not suffice, that shows at once.

    >>> list(batches([3, 9, 4], 2))
    [[1, 2], [0]]
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    for start in range(0, len(order), size):
        yield order[start : start + size]
