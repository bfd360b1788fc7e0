"""Reward models as sources of reward: a separate model, or an adapter over the base that the policy already has.

Both read a conversation as the reward stage wrote it, in the chat template of the reward model's own tokenizer, so its
vocabulary may differ from the policy's; both return the output of the head at the last token.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.model.loading import check_fit, load_model, load_tokenizer
from cmtmed.training.ppo.batches import iter_length_groups, pad_right
from cmtmed.training.ppo.forward import forward_hidden_states
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts, Score
from cmtmed.training.ppo.settings import AdapterReward, ModelReward
from cmtmed.training.reward.encoding import encode_answer
from cmtmed.training.run.directory import Run, is_run

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

    from cmtmed.training.ppo.roles import Roles

log = logging.getLogger("cmtmed.training")


def load_reward_model(source: ModelReward, roles: Roles, rows: int) -> Score:
    """Load a separate reward model.

    Args:
        source: which model.
        roles: device and precision.
        rows: conversations that go through the model at once.

    Raises:
        UsageError: it does not exist, or is a run of another stage or an unfinished one.
    """
    max_length = source.max_length
    if is_run(source.path):
        run = _open_reward_run(source.path)
        max_length = max_length or run.record.max_length
        if has_same_base(source.path, roles.source):
            log.info("reward %s: it is an adapter over the policy's base; kind: adapter saves its memory", source.label)
    tokenizer = load_tokenizer(source.path, source.template)
    model = load_model(source.path, scalar=True, dtype=roles.dtype)
    model.to(roles.device).eval().requires_grad_(requires_grad=False)
    check_fit(model, tokenizer, source.max_length)
    config: PretrainedConfig = model.config.get_text_config()
    if config.pad_token_id is None:
        config.pad_token_id = tokenizer.pad_token_id  # by which the model finds the last token

    def score_ids(ids: Tensor, mask: Tensor) -> Tensor:
        with roles.autocast():
            scores: Tensor = model(input_ids=ids, attention_mask=mask).logits[:, 0]
        return scores

    return _RewardModelScorer(
        score_ids,
        tokenizer,
        _limit_length(config, max_length),
        rows,
        roles.device,
        pad=config.pad_token_id,
        label=source.label,
    )


def load_reward_adapter(source: AdapterReward, roles: Roles, rows: int) -> Score:
    """Load the adapter and head of a reward run next to the policy's adapter, over the same base.

    Args:
        source: which run.
        roles: the policy's base, which the adapter is added to.
        rows: conversations that go through the model at once.

    Raises:
        UsageError: it is no finished reward run with an adapter, or was trained over another base.
        DatasetError: its weights are damaged.
    """
    run = _open_reward_run(source.path)
    if not run.record.adapter:
        raise UsageError(f"reward {source.label!r}: the run {source.path!r} trained all weights; use kind: model")
    if not has_same_base(source.path, roles.source):
        raise UsageError(
            f"reward {source.label!r}: the run {source.path!r} was trained over "
            f"{run.record.model!r}, but the policy is {roles.source!r}; use kind: model"
        )
    adapter_weights, head = _load_adapter_weights(run, source, roles.device)
    name = f"reward_{source.label}".replace(".", "_")  # module names have no dots
    roles.add_adapter(name, run.weights_dir, adapter_weights)
    tokenizer = load_tokenizer(source.path)
    pad = int(tokenizer.pad_token_id if run.record.pad_token_id is None else run.record.pad_token_id)

    def score_ids(ids: Tensor, mask: Tensor) -> Tensor:
        hidden_states = forward_hidden_states(roles, name, ids, mask)
        columns = torch.arange(ids.shape[1], device=ids.device)
        last = (columns * (ids != pad)).argmax(-1)
        last_states = hidden_states[torch.arange(len(ids), device=ids.device), last]
        return torch.nn.functional.linear(last_states.float(), head["weight"], head.get("bias"))[:, 0]

    max_length = source.max_length or run.record.max_length
    limit = _limit_length(roles.base.config.get_text_config(), max_length)
    return _RewardModelScorer(score_ids, tokenizer, limit, rows, roles.device, pad=pad, label=source.label)


def has_same_base(reward: str, policy: str) -> bool:
    """Whether a reward run is an adapter over exactly the weights that the policy starts from.

    Args:
        reward: directory of the reward run.
        policy: the policy's ``model:``.
    """
    run = Run.open(reward)
    base_model = run.parent
    if not run.record.adapter:
        return False
    if Path(base_model).exists() or Path(policy).exists():
        return Path(base_model).resolve() == Path(policy).resolve()
    return base_model == policy


class _RewardModelScorer:
    """Encodes conversations and scores them, in batches of similar length."""

    def __init__(
        self,
        score_ids: Callable[[Tensor, Tensor], Tensor],
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        rows: int,
        device: torch.device,
        *,
        pad: int,
        label: str,
    ) -> None:
        if not tokenizer.chat_template:
            raise UsageError(f"reward {label!r}: its tokenizer has no chat template; set template")
        self._score_ids, self._tokenizer, self._max_length = score_ids, tokenizer, max_length
        self._rows, self._device, self._pad = rows, device, pad

    @torch.no_grad()
    def __call__(self, batch: AnsweredPrompts) -> Sequence[float]:
        tokens = [self._encode_conversation(conversation) for conversation in batch.conversations]
        scores = [0.0] * len(tokens)
        for indices in iter_length_groups([len(ids) for ids in tokens], self._rows):
            ids, mask = pad_right([tokens[index] for index in indices], self._pad, self._device)
            for index, score in zip(indices, self._score_ids(ids, mask).float().tolist(), strict=True):
                scores[index] = score
        return scores

    def _encode_conversation(self, messages: list[dict[str, str]]) -> list[int]:
        """Encode as the reward stage did, where the template allows it; otherwise cut what does not fit."""
        if "generation" in str(self._tokenizer.chat_template):
            with suppress(DatasetError):  # raised for templates that run answers together
                return encode_answer(self._tokenizer, messages[:-1], messages[-1:], self._max_length).ids
        ids = list(self._tokenizer.apply_chat_template(messages, return_dict=False))
        return ids[-self._max_length :]


def _open_reward_run(path: str) -> Run:
    run = Run.open(path)
    if run.stage != "reward":
        raise UsageError(f"{path!r} is a run of the stage {run.stage!r}; a reward needs one of the stage 'reward'")
    if not run.is_finished:
        raise UsageError(f"the reward run {path!r} is not finished; run the same command again to resume it")
    return run


def _load_adapter_weights(
    run: Run, source: AdapterReward, device: torch.device
) -> tuple[Mapping[str, Tensor], dict[str, Tensor]]:
    """Load a reward run's LoRA weights by name, and its head's ``weight`` and ``bias``."""
    from safetensors.torch import load_file

    try:
        weights = load_file(str(run.weights_dir / "adapter_model.safetensors"))
    except OSError as error:
        raise DatasetError(f"the adapter of {source.path!r} is damaged; train it again") from error
    head_names = {name.rpartition(".")[2]: name for name in weights if name.rpartition(".")[0].endswith(".score")}
    unsupported = [name for name in weights if name not in head_names.values() and "lora_" not in name]
    if "weight" not in head_names or unsupported:
        problem = f"also replaces {unsupported[0]}" if unsupported else "has no score head"
        raise UsageError(f"reward {source.label!r}: the adapter of {source.path!r} {problem}; use kind: model")
    head = {key: weights.pop(name).float().to(device) for key, name in head_names.items()}
    return weights, head


def _limit_length(config: PretrainedConfig, max_length: int | None) -> int:
    """Return the number of tokens that a model may read."""
    context = getattr(config, "max_position_embeddings", None)
    return min(limit for limit in (max_length, context, 1 << 30) if limit is not None)
