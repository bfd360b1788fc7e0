"""Passes through the models of PPO: log-probabilities, entropy, values and hidden states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from cmtmed.training.ppo.batches import compute_positions, pad_left

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from cmtmed.training.ppo.roles import Roles


class AnswerOutputs(NamedTuple):
    """The outputs of a pass over answers; float32 of shape (rows, longest answer), padded on the right.

    Attributes:
        logprobs: log-probability of each token of the answers.
        entropy: of the distribution that the token was drawn from, in nats; zeros if not requested.
        values: expected return before each token; zeros if not requested.
    """

    logprobs: Tensor
    entropy: Tensor
    values: Tensor


def forward_answers(
    roles: Roles,
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    *,
    entropy: bool = False,
    values: bool = False,
) -> AnswerOutputs:
    """Run one pass over answers: log-probabilities, and optionally entropy and values from the same pass.

    Rows end in the same column, so the padding is only as long as whole rows differ in length, and the language model
    head runs over the columns of answers alone. Logits are converted to float32 one row at a time.

    Args:
        roles: value head, temperature and padding.
        model: the base as `Roles.use_adapter` yields it.
        prompts: tokens of each prompt.
        answers: tokens of each answer.
        entropy: whether to compute the entropy.
        values: whether to compute values.
    """
    rows = _join_inputs(prompts, answers)
    ids, mask = pad_left(rows, roles.pad, roles.device)
    longest = max(map(len, answers))
    head_inputs: list[Tensor] = []
    # The value head reads what the language model head reads.
    hook = model.get_output_embeddings().register_forward_pre_hook(lambda _, args: head_inputs.append(args[0]))
    with roles.autocast():
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=compute_positions(mask),
            use_cache=False,
            logits_to_keep=longest,
        ).logits
    hook.remove()
    row_outputs = []
    for row, answer in zip(logits, answers, strict=True):
        args = (row[longest - len(answer) :], torch.tensor(answer, device=roles.device), roles.temperature)
        compute = _compute_logprobs_and_entropy if entropy else _compute_logprobs
        # Recomputed in the backward pass, so that the float32 copy of a row is freed with the row.
        recompute = torch.is_grad_enabled() and row.dtype != torch.float32
        row_outputs.append(checkpoint(compute, *args, use_reentrant=False) if recompute else compute(*args))
    logprobs, entropies = (_pad_rows(list(tensors)) for tensors in zip(*row_outputs, strict=True))
    return AnswerOutputs(
        logprobs,
        entropies,
        _apply_value_head(roles, head_inputs[0], answers) if values else torch.zeros_like(logprobs),
    )


def forward_values(roles: Roles, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> Tensor:
    """Run the pass of a separate value adapter; call it inside ``roles.use_adapter(VALUE)``.

    Returns:
        Values as in `AnswerOutputs.values`.
    """
    rows = _join_inputs(prompts, answers)
    ids, mask = pad_left(rows, roles.pad, roles.device)
    decoder = roles.base.get_decoder()
    with roles.autocast():
        hidden_states = decoder(
            input_ids=ids, attention_mask=mask, position_ids=compute_positions(mask), use_cache=False
        ).last_hidden_state
    return _apply_value_head(roles, hidden_states, answers)


@torch.no_grad()
def forward_hidden_states(roles: Roles, adapter: str, ids: Tensor, mask: Tensor) -> Tensor:
    """Compute the last hidden states under an adapter.

    Args:
        roles: hold the adapter.
        adapter: its name.
        ids: tokens, shape (rows, tokens), padded on the right.
        mask: attention mask, same shape.

    Returns:
        Hidden states of shape (rows, tokens, width).
    """
    with roles.use_adapter(adapter) as base, roles.autocast():
        decoder = base.get_decoder()
        hidden_states: Tensor = decoder(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    return hidden_states


def _join_inputs(prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> list[list[int]]:
    """Join prompts and answers without the last token of an answer, after which nothing is predicted."""
    return [[*prompt, *answer[:-1]] for prompt, answer in zip(prompts, answers, strict=True)]


def _apply_value_head(roles: Roles, hidden_states: Tensor, answers: Sequence[Sequence[int]]) -> Tensor:
    longest = max(map(len, answers))
    values = roles.head(hidden_states[:, -longest:].float()).squeeze(-1)
    return _pad_rows([row[longest - len(answer) :] for row, answer in zip(values, answers, strict=True)])


def _compute_logprobs(logits: Tensor, tokens: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Compute the log-probability of each token, shape (tokens,), and zeros; logits of shape (tokens, vocabulary)."""
    _, norm, logprobs = _normalize(logits, tokens, temperature)
    return logprobs, torch.zeros_like(norm)


def _compute_logprobs_and_entropy(logits: Tensor, tokens: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Compute log-probability and entropy of each token, shape (tokens,); logits of shape (tokens, vocabulary)."""
    scaled, norm, logprobs = _normalize(logits, tokens, temperature)
    return logprobs, norm - (scaled.softmax(-1) * scaled).sum(-1)


def _normalize(logits: Tensor, tokens: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits divided by the temperature, their log-sum-exp, and the log-probability of each token."""
    scaled = logits.float()
    if temperature != 1:
        scaled = scaled / temperature
    norm = scaled.logsumexp(-1)
    return scaled, norm, scaled.gather(-1, tokens[:, None]).squeeze(-1) - norm


def _pad_rows(rows: list[Tensor]) -> Tensor:
    padded: Tensor = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return padded
