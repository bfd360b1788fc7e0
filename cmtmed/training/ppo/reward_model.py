"""Reward models as sources of reward: one of its own, or an adapter over the base that the policy has anyway.

Both read the conversation as the reward stage wrote it, in the chat template of the reward model's own tokenizer, so
its vocabulary need not be the policy's; and both give what its head says behind the last token.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.model.loading import check_fit, load_model, load_tokenizer
from cmtmed.training.ppo.rollout import batches
from cmtmed.training.ppo.settings import AdapterReward, ModelReward
from cmtmed.training.reward.encoding import encode_answer
from cmtmed.training.run.directory import Run, is_run, read_run

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from cmtmed.training.ppo.roles import Roles
    from cmtmed.training.ppo.scoring import AnsweredPrompts, Score

log = logging.getLogger("cmtmed.training")


def load_reward_model(source: ModelReward, roles: Roles, rows: int) -> Score:
    """Load a separate reward model.

    Args:
        source: where it is.
        roles: say device and precision.
        rows: conversations read at once.

    Raises:
        UsageError: there is none, or it is the run of another stage, or not finished.
    """
    max_length = source.max_length
    if is_run(source.path):
        run = _reward_run(source.path)
        max_length = max_length or run.content["settings"].get("max_length")
        if has_same_base(source.path, roles.source):
            log.info("reward %s: it is an adapter over the policy's base; kind: adapter saves its memory", source.label)
    tokenizer = load_tokenizer(source.path, source.template)
    model: Any = load_model(source.path, scalar=True, dtype=roles.dtype)
    model.to(roles.device).eval().requires_grad_(requires_grad=False)
    check_fit(model, tokenizer, source.max_length)
    config: Any = model.config.get_text_config()
    if config.pad_token_id is None:
        config.pad_token_id = tokenizer.pad_token_id  # by which it finds the last token

    def score_ids(ids: Tensor, mask: Tensor) -> Tensor:
        with roles.autocast():
            scores: Tensor = model(input_ids=ids, attention_mask=mask).logits[:, 0]
        return scores

    return _RewardModelScorer(
        score_ids,
        tokenizer,
        _longest(config, max_length),
        rows,
        roles.device,
        pad=config.pad_token_id,
        label=source.label,
    )


def load_reward_adapter(source: AdapterReward, roles: Roles, policy: str, rows: int) -> Score:
    """Load the adapter and head of a reward run beside the policy's, over the same base.

    Args:
        source: the run.
        roles: hold the base.
        policy: the policy's ``model:``.
        rows: conversations read at once.

    Raises:
        UsageError: it is no finished reward run with an adapter, or was trained over another base.
    """
    from safetensors.torch import load_file

    run = _reward_run(source.path)
    if not run.content.get("adapter"):
        raise UsageError(f"reward {source.label!r}: the run {source.path!r} trained all weights; use kind: model")
    if not has_same_base(source.path, policy):
        raise UsageError(
            f"reward {source.label!r}: the run {source.path!r} was trained over "
            f"{run.content['settings']['model']!r} and the policy is {policy!r}; use kind: model"
        )
    try:
        weights = load_file(str(run.weights / "adapter_model.safetensors"))
    except OSError as error:
        raise DatasetError(f"the adapter of {source.path!r} is damaged; train it again") from error
    heads = {name.rpartition(".")[2]: name for name in weights if name.rpartition(".")[0].endswith(".score")}
    other_weights = [name for name in weights if name not in heads.values() and "lora_" not in name]
    if "weight" not in heads or other_weights:
        problem = f"also replaces {other_weights[0]}" if other_weights else "has no score head"
        raise UsageError(f"reward {source.label!r}: the adapter of {source.path!r} {problem}; use kind: model")
    head = {key: weights.pop(name).float().to(roles.device) for key, name in heads.items()}
    name = f"reward_{source.label}".replace(".", "_")  # a module's name has no dots
    roles.add_adapter(name, run.weights, weights)
    tokenizer = load_tokenizer(source.path)
    pad = int(run.content.get("pad_token_id", tokenizer.pad_token_id))

    def score_ids(ids: Tensor, mask: Tensor) -> Tensor:
        hidden = roles.hidden(name, ids, mask)
        columns = torch.arange(ids.shape[1], device=ids.device)
        last = (columns * (ids != pad)).argmax(-1)
        last_hidden = hidden[torch.arange(len(ids), device=ids.device), last]
        return torch.nn.functional.linear(last_hidden.float(), head["weight"], head.get("bias"))[:, 0]

    max_length = source.max_length or run.content["settings"].get("max_length")
    longest = _longest(roles.base.config.get_text_config(), max_length)
    return _RewardModelScorer(score_ids, tokenizer, longest, rows, roles.device, pad=pad, label=source.label)


def has_same_base(reward: str, policy: str) -> bool:
    """Whether a reward run is an adapter over exactly the weights that the policy starts from."""
    run = read_run(reward)
    base_model = run.below
    if not run.content.get("adapter"):
        return False
    if Path(base_model).exists() or Path(policy).exists():
        return Path(base_model).resolve() == Path(policy).resolve()
    return base_model == policy


class _RewardModelScorer:
    """Turns conversations into tokens and asks for their scores, those of like length together."""

    def __init__(
        self,
        score_ids: Callable[[Tensor, Tensor], Tensor],
        tokenizer: PreTrainedTokenizerBase,
        longest: int,
        rows: int,
        device: torch.device,
        *,
        pad: int,
        label: str,
    ) -> None:
        if not tokenizer.chat_template:
            raise UsageError(f"reward {label!r}: its tokenizer has no chat template; set template")
        self._score_ids, self._tokenizer, self._longest = score_ids, tokenizer, longest
        self._rows, self._device, self._pad = rows, device, pad

    @torch.no_grad()
    def __call__(self, batch: AnsweredPrompts) -> Sequence[float]:
        tokens = [self._encode(conversation) for conversation in batch.conversations]
        scores = [0.0] * len(tokens)
        for indices in batches([len(ids) for ids in tokens], self._rows):
            width = max(len(tokens[index]) for index in indices)
            ids = torch.full((len(indices), width), self._pad)
            mask = torch.zeros_like(ids)
            for row, index in enumerate(indices):
                ids[row, : len(tokens[index])] = torch.tensor(tokens[index])
                mask[row, : len(tokens[index])] = 1
            batch_scores = self._score_ids(ids.to(self._device), mask.to(self._device)).float().tolist()
            for index, score in zip(indices, batch_scores, strict=True):
                scores[index] = score
        return scores

    def _encode(self, messages: list[dict[str, str]]) -> list[int]:
        """Return tokens as the reward stage made them, where the template lets it; else without what does not fit."""
        if "generation" in str(self._tokenizer.chat_template):
            with suppress(DatasetError):  # of templates that run answers together
                return encode_answer(self._tokenizer, messages[:-1], messages[-1:], self._longest).ids
        ids: Any = self._tokenizer.apply_chat_template(messages, return_dict=False)
        return list(ids)[-self._longest :]


def _reward_run(path: str) -> Run:
    run = read_run(path)
    if run.stage != "reward":
        raise UsageError(f"{path!r} is a run of the stage {run.stage!r}; a reward comes from one of the stage 'reward'")
    if not run.finished:
        raise UsageError(f"the reward run {path!r} is not finished; run its command again, it goes on where it stopped")
    return run


def _longest(config: Any, max_length: int | None) -> int:
    context = getattr(config, "max_position_embeddings", None)
    return min(limit for limit in (max_length, context, 1 << 30) if limit is not None)
