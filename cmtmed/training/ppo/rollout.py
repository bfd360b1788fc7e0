"""Rollouts: the answers that the policy samples in one update, with their rewards, values and advantages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from cmtmed.training.model.templates import find_stop_token
from cmtmed.training.ppo import arithmetic
from cmtmed.training.ppo.batches import MicroBatch, iter_micro_batches
from cmtmed.training.ppo.checkpoint import TrainerState
from cmtmed.training.ppo.data import Prompt, Prompts
from cmtmed.training.ppo.forward import forward_answers, forward_values
from cmtmed.training.ppo.roles import VALUE, Roles
from cmtmed.training.ppo.sampling import Sampling, generate_noise, sample_answers
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts, Scorer, score_answers
from cmtmed.training.ppo.settings import PpoSettings
from cmtmed.training.ppo.world import World

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

Sample = dict[str, object]
"""A line of ``samples.jsonl``: an answer with its prompt, text and rewards."""


class Rollout(NamedTuple):
    """The data of one update. Tensors are of shape (answers, tokens), padded on the right.

    Attributes:
        prompts: tokens of each prompt.
        answers: tokens of each answer.
        indices: of the prompts in the batch of all processes.
        mask: where an answer has tokens.
        logprobs: log-probabilities under the policy that sampled.
        values: expected return before each token.
        advantages: advantage of each token, whitened if the settings say so.
        returns: what values are fitted to.
    """

    prompts: list[list[int]]
    answers: list[list[int]]
    indices: list[int]
    mask: Tensor
    logprobs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor


class RolloutCollector:
    """Samples answers to the prompts of an update and scores them.

    Args:
        settings: of the run.
        roles: the models.
        tokenizer: the policy's; an answer ends where a turn ends in its chat template, or at its eos_token.
        prompts: the prompts of the run.
        scorers: the sources of reward.
        world: the processes.
    """

    def __init__(
        self,
        settings: PpoSettings,
        roles: Roles,
        tokenizer: PreTrainedTokenizerBase,
        prompts: Prompts,
        scorers: Sequence[Scorer],
        world: World,
    ) -> None:
        self._settings, self._roles, self._world = settings, roles, world
        self._tokenizer, self._prompts, self._scorers = tokenizer, prompts, scorers
        self._sampling = Sampling(
            tuple(sorted({find_stop_token(tokenizer), int(tokenizer.eos_token_id)})),
            int(tokenizer.pad_token_id),
            settings.max_new_tokens,
            settings.temperature,
            settings.top_k,
            settings.top_p,
            settings.sample_batch,
        )

    @torch.no_grad()
    def collect(self, state: TrainerState) -> tuple[Rollout, dict[str, float], list[Sample]]:
        """Sample answers, and compute their rewards, values and advantages.

        Args:
            state: step and KL coefficient of the update; its reward statistics are updated where rewards are scaled by
                them.

        Returns:
            The rollout and the samples of this process, and metrics over all processes.
        """
        settings, roles = self._settings, self._roles
        indices = self._world.select_own(range(settings.batch))
        batch = self._prompts.take([state.step * settings.batch + index for index in indices])
        prompts = [prompt.tokens for prompt in batch]
        roles.set_training(training=False)
        with roles.autocast():
            uniform = generate_noise(settings.seed, state.step, indices, settings.max_new_tokens)
            answers = sample_answers(roles.base, prompts, uniform, self._sampling)
        scores, metrics, samples = self._score_answers(batch, answers, state)
        mask = torch.zeros(len(answers), max(map(len, answers)), device=roles.device)
        for row, answer in enumerate(answers):
            mask[row, : len(answer)] = 1
        micro_batches = list(iter_micro_batches(prompts, answers, settings.micro_batch))
        logprobs, entropy, values = self._compute_policy_outputs(micro_batches, mask)
        needs_reference = state.kl > 0 or settings.kl_target is not None or (state.step + 1) % settings.log_every == 0
        reference = self._compute_reference(micro_batches, mask) if needs_reference else logprobs.clone()
        rewards = arithmetic.compute_token_rewards(scores, logprobs, reference, mask, state.kl)
        advantages, returns = arithmetic.compute_advantages(rewards, values, mask, settings.gamma, settings.lam)
        rollout = Rollout(prompts, answers, indices, mask, logprobs, values, advantages, returns)
        metrics |= self._compute_metrics(rollout, logprobs - reference, entropy)
        if settings.whiten:
            rollout = rollout._replace(advantages=arithmetic.whiten(advantages, mask, self._world.sum))
        return rollout, metrics, samples

    def _compute_policy_outputs(
        self, micro_batches: Sequence[MicroBatch], mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute log-probabilities, entropy and values of the answers, shaped like the mask."""
        roles = self._roles
        logprobs, entropy, values = (torch.zeros_like(mask) for _ in range(3))
        for rows, prompts, answers in micro_batches:
            outputs = forward_answers(
                roles, roles.base, prompts, answers, entropy=True, values=not roles.separate_value
            )
            _write_rows(logprobs, rows, outputs.logprobs)
            _write_rows(entropy, rows, outputs.entropy)
            _write_rows(values, rows, outputs.values)
        if roles.separate_value:
            with roles.use_adapter(VALUE):
                for rows, prompts, answers in micro_batches:
                    _write_rows(values, rows, forward_values(roles, prompts, answers))
        return logprobs, entropy, values

    def _compute_reference(self, micro_batches: Sequence[MicroBatch], mask: Tensor) -> Tensor:
        """Compute log-probabilities under the reference policy, shaped like the mask."""
        logprobs = torch.zeros_like(mask)
        with self._roles.use_adapter(None) as model:
            for rows, prompts, answers in micro_batches:
                _write_rows(logprobs, rows, forward_answers(self._roles, model, prompts, answers).logprobs)
        return logprobs

    def _score_answers(
        self, batch: Sequence[Prompt], answers: Sequence[Sequence[int]], state: TrainerState
    ) -> tuple[Tensor, dict[str, float], list[Sample]]:
        """Return the score of each answer, shape (answers,), the mean reward by source, and the answers as text."""
        ended = [answer[-1] in self._sampling.stop for answer in answers]
        text_ids = [answer[:-1] if has_end else answer for answer, has_end in zip(answers, ended, strict=True)]
        texts: list[str] = self._tokenizer.batch_decode(text_ids, skip_special_tokens=True)
        rewards_by_source = score_answers(
            self._scorers, AnsweredPrompts([prompt.messages for prompt in batch], texts, list(map(len, answers)))
        )
        rewards = [
            sum(scorer.weight * rewards_by_source[scorer.name][row] for scorer in self._scorers)
            for row in range(len(answers))
        ]
        samples: list[Sample] = [
            {
                "step": state.step + 1,
                "id": prompt.id,
                "message": prompt.message,
                "prompt": prompt.messages,
                "answer": text,
                "ended": has_end,
                "reward": reward,
                **{f"reward/{name}": source_rewards[row] for name, source_rewards in rewards_by_source.items()},
            }
            for row, (prompt, text, has_end, reward) in enumerate(zip(batch, texts, ended, rewards, strict=True))
        ]
        sums = {"reward": sum(rewards), "eos_share": sum(ended), "length": sum(map(len, answers))}
        sums |= {f"reward/{name}": sum(source_rewards) for name, source_rewards in rewards_by_source.items()}
        means = {name: total / self._settings.batch for name, total in self._world.sum_numbers(sums).items()}
        return self._scale_rewards(rewards, ended, state), means, samples

    def _scale_rewards(self, rewards: Sequence[float], ended: Sequence[bool], state: TrainerState) -> Tensor:
        """Penalize answers that did not end, then scale and clip rewards as the settings say."""
        settings, device = self._settings, self._roles.device
        scores = torch.tensor(rewards, dtype=torch.float64, device=device)
        scores -= settings.eos_penalty * torch.tensor([not has_end for has_end in ended], device=device)
        mean = float(self._world.sum(scores.sum())) / settings.batch
        squares = float(self._world.sum(((scores - mean) ** 2).sum()))
        if settings.reward_scaling == "running":
            state.rewards.add(settings.batch, mean, squares)
            scores = scores / state.rewards.deviation
        elif settings.reward_scaling == "batch":
            scores = (scores - mean) / ((squares / settings.batch) ** 0.5 + 1e-8)
        if settings.reward_clip is not None:
            scores = scores.clamp(-settings.reward_clip, settings.reward_clip)
        return scores.float()

    def _compute_metrics(self, rollout: Rollout, log_ratio: Tensor, entropy: Tensor) -> dict[str, float]:
        """Compute KL, entropy, explained variance and number of tokens over all processes."""
        mask, returns = rollout.mask, rollout.returns
        error = (returns - rollout.values).double()
        sums = self._world.sum_numbers(
            {
                "answer_tokens": mask.sum(),
                "tokens": float(sum(map(len, rollout.prompts)) + sum(map(len, rollout.answers))),
                "kl": (log_ratio.double() * mask).sum(),
                "entropy": (entropy.double() * mask).sum(),
                "error": (error * mask).sum(),
                "squared_error": (error**2 * mask).sum(),
                "returns": (returns.double() * mask).sum(),
                "squared_returns": (returns.double() ** 2 * mask).sum(),
            }
        )
        count = sums["answer_tokens"]
        variance = sums["squared_returns"] / count - (sums["returns"] / count) ** 2
        residual_variance = sums["squared_error"] / count - (sums["error"] / count) ** 2
        return {
            "kl": sums["kl"] / self._settings.batch,
            "entropy": sums["entropy"] / count,
            "explained_variance": 1 - residual_variance / variance if variance > 1e-12 else float("nan"),
            "tokens": sums["tokens"],
        }


def _write_rows(table: Tensor, rows: list[int], values: Tensor) -> None:
    table[rows, : values.shape[1]] = values
