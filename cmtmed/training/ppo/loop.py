"""PPO for language models: each update samples answers, scores them, and takes a few clipped steps.

One base model serves all roles (`cmtmed.training.ppo.roles`), so an update needs few passes: sampling; one pass of the
policy for log-probabilities and values together; one with the adapter off for the reference, which is left out where
the KL coefficient is 0 and the update is not logged; the reward; then ``epochs`` passes forward and back. Rows of like
length stand together in micro-batches, each as wide as its longest row.

Every mean (whitening, losses, KL) is one over all tokens of all processes: each process adds its share and gradients
are summed. How rows fall into micro-batches and on processes does not matter but for rounding.

Sources stand at `cmtmed.training.ppo.arithmetic`. From Huang et al. 2024 come: the value head that starts at 0, Adam's
larger epsilon, the learning rate that falls to 0, no dropout, logits divided by the temperature in training as in
sampling, the penalty on answers without an end, and the KL penalty inside the reward.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from cmtmed.errors import UsageError
from cmtmed.training.model.templates import find_stop_token
from cmtmed.training.ppo import arithmetic
from cmtmed.training.ppo.prompts import Prompt, Prompts
from cmtmed.training.ppo.roles import VALUE, Roles
from cmtmed.training.ppo.rollout import Sampling, batches, noise, sample
from cmtmed.training.ppo.scorers import score_answers
from cmtmed.training.ppo.scoring import AnsweredPrompts, Scorer
from cmtmed.training.ppo.settings import PpoSettings
from cmtmed.training.ppo.state import Moments, State, World

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")


class Rollout(NamedTuple):
    """The data of one update. Tensors are of shape (answers, tokens), padded on the right.

    Attributes:
        prompts: tokens of each.
        answers: tokens of each.
        indices: of the prompts in the batch of all processes.
        mask: where an answer has tokens.
        logprobs: of the policy that sampled.
        values: expected return before each token.
        advantages: whitened or not.
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


class Ppo:
    """The PPO training loop of one run.

    Args:
        settings: of the run.
        roles: the models.
        tokenizer: the policy's; what ends an answer in its template ends one here, and so does its eos_token.
        prompts: what is answered.
        scorers: sources of reward.
        world: the processes.

    Raises:
        UsageError: there are more processes than prompts in a batch.

    Attributes:
        state: goes into checkpoints.
        optimizer: the same.
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
        if settings.batch < world.size:
            raise UsageError(f"a batch of {settings.batch} leaves nothing for some of {world.size} processes")
        self.settings, self.roles, self.world = settings, roles, world
        self._tokenizer, self._prompts, self._scorers = tokenizer, prompts, scorers
        self.state = State(0, settings.kl, Moments())
        self.optimizer = torch.optim.AdamW(
            roles.trained.values(), lr=settings.learning_rate, eps=settings.adam_epsilon, weight_decay=0.0
        )
        self._stop = tuple(sorted({find_stop_token(tokenizer), int(tokenizer.eos_token_id)}))
        self._sampling = Sampling(
            self._stop,
            int(tokenizer.pad_token_id),
            settings.max_new_tokens,
            settings.temperature,
            settings.top_k,
            settings.top_p,
            settings.sample_batch,
        )

    def update(self) -> tuple[dict[str, float], list[dict[str, Any]]]:
        """Run one update.

        Returns:
            Metrics of the update, as means over all processes: ``reward`` and ``reward/NAME`` an answer, ``kl`` to the
            reference in nats an answer, ``policy_kl`` to the policy before the update in nats a token, ``entropy`` in
            nats a token, losses, ``tokens_per_second`` (prompts and answers, the whole update) and the rest; and the
            answers of this process with ids, texts and rewards.
        """
        began = time.perf_counter()
        settings, step = self.settings, self.state.step
        rate = arithmetic.learning_rate(
            step, settings.learning_rate, settings.steps, settings.warmup, settings.schedule
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        rollout, metrics, samples = self._collect_rollout()
        metrics |= self._optimize(rollout)
        metrics |= {"learning_rate": rate, "kl_coefficient": self.state.kl}
        if settings.kl_target is not None:
            self.state.kl = arithmetic.adapted(self.state.kl, metrics["kl"], settings.kl_target)
        self.state.step += 1
        metrics["tokens_per_second"] = metrics.pop("tokens") / (time.perf_counter() - began)
        return metrics, samples

    def _collect_rollout(self) -> tuple[Rollout, dict[str, float], list[dict[str, Any]]]:
        """Sample answers and compute their rewards, values and advantages."""
        settings, step, roles = self.settings, self.state.step, self.roles
        indices = self.world.select_own(range(settings.batch))
        batch = self._prompts.take([step * settings.batch + index for index in indices])
        prompts = [prompt.tokens for prompt in batch]
        with torch.no_grad():
            roles.set_training(training=False)
            with roles.autocast():
                uniform = noise(settings.seed, step, indices, settings.max_new_tokens)
                answers = sample(roles.base, prompts, uniform, self._sampling)
            scores, metrics, samples = self._score_answers(batch, answers)
            mask = torch.zeros(len(answers), max(map(len, answers)), device=roles.device)
            for row, answer in enumerate(answers):
                mask[row, : len(answer)] = 1
            old, values, entropy = (torch.zeros_like(mask) for _ in range(3))
            for rows, micro_batch in self._iter_micro_batches(prompts, answers):
                outputs = roles.read(roles.base, *micro_batch, entropy=True, values=not roles.own_value)
                _put(old, rows, outputs.logprobs)
                _put(values, rows, outputs.values)
                _put(entropy, rows, outputs.entropy)
            if roles.own_value:
                with roles.use_adapter(VALUE):
                    for rows, micro_batch in self._iter_micro_batches(prompts, answers):
                        _put(values, rows, roles.value(*micro_batch))
            needs_reference = (
                self.state.kl > 0 or settings.kl_target is not None or (step + 1) % settings.log_every == 0
            )
            reference = old.clone()
            if needs_reference:
                with roles.use_adapter(None) as model:
                    for rows, micro_batch in self._iter_micro_batches(prompts, answers):
                        _put(reference, rows, roles.read(model, *micro_batch).logprobs)
            rewards = arithmetic.per_token(scores, old, reference, mask, self.state.kl)
            advantages, returns = arithmetic.gae(rewards, values, mask, settings.gamma, settings.lam)
            metrics |= self._compute_statistics(mask, old - reference, entropy, values, returns, prompts, answers)
            if settings.whiten:
                advantages = arithmetic.whiten(advantages, mask, self.world.sum)
        return Rollout(prompts, answers, indices, mask, old, values, advantages, returns), metrics, samples

    def _score_answers(
        self, batch: Sequence[Prompt], answers: Sequence[Sequence[int]]
    ) -> tuple[Tensor, dict[str, float], list[dict[str, Any]]]:
        """Return the score of each answer, shape (answers,), the mean reward by source, and the answers as text."""
        settings = self.settings
        ended = [answer[-1] in self._stop for answer in answers]
        text_ids = [answer[:-1] if end else answer for answer, end in zip(answers, ended, strict=True)]
        texts: list[str] = self._tokenizer.batch_decode(text_ids, skip_special_tokens=True)
        rewards_by_source = score_answers(
            self._scorers, AnsweredPrompts([prompt.messages for prompt in batch], texts, list(map(len, answers)))
        )
        rewards = [
            sum(scorer.weight * rewards_by_source[scorer.name][row] for scorer in self._scorers)
            for row in range(len(answers))
        ]
        samples = [
            {
                "step": self.state.step + 1,
                "id": prompt.id,
                "message": prompt.message,
                "prompt": prompt.messages,
                "answer": text,
                "ended": end,
                "reward": reward,
                **{f"reward/{name}": numbers[row] for name, numbers in rewards_by_source.items()},
            }
            for row, (prompt, text, end, reward) in enumerate(zip(batch, texts, ended, rewards, strict=True))
        ]
        sums = {"reward": sum(rewards), "eos_share": sum(ended), "length": sum(map(len, answers))}
        sums |= {f"reward/{name}": sum(numbers) for name, numbers in rewards_by_source.items()}
        means = {name: total / settings.batch for name, total in self.world.totals(sums).items()}
        scores = torch.tensor(rewards, dtype=torch.float64, device=self.roles.device)
        scores -= settings.eos_penalty * torch.tensor([not end for end in ended], device=self.roles.device)
        mean = float(self.world.sum(scores.sum())) / settings.batch
        squares = float(self.world.sum(((scores - mean) ** 2).sum()))
        if settings.reward_scaling == "running":
            self.state.rewards.add(settings.batch, mean, squares)
            scores = scores / self.state.rewards.deviation
        elif settings.reward_scaling == "batch":
            scores = (scores - mean) / ((squares / settings.batch) ** 0.5 + 1e-8)
        if settings.reward_clip is not None:
            scores = scores.clamp(-settings.reward_clip, settings.reward_clip)
        return scores.float(), means, samples

    def _compute_statistics(
        self,
        mask: Tensor,
        kl: Tensor,
        entropy: Tensor,
        values: Tensor,
        returns: Tensor,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
    ) -> dict[str, float]:
        """Return KL, entropy, explained variance and the count of tokens."""
        error = (returns - values).double()
        sums = self.world.totals(
            {
                "tokens": mask.sum(),
                "all": float(sum(map(len, prompts)) + sum(map(len, answers))),
                "kl": (kl.double() * mask).sum(),
                "entropy": (entropy.double() * mask).sum(),
                "error": (error * mask).sum(),
                "error2": (error**2 * mask).sum(),
                "returns": (returns.double() * mask).sum(),
                "returns2": (returns.double() ** 2 * mask).sum(),
            }
        )
        count = sums["tokens"]
        variance = sums["returns2"] / count - (sums["returns"] / count) ** 2
        residual_variance = sums["error2"] / count - (sums["error"] / count) ** 2
        return {
            "kl": sums["kl"] / self.settings.batch,
            "entropy": sums["entropy"] / count,
            "explained_variance": 1 - residual_variance / variance if variance > 1e-12 else float("nan"),
            "tokens": sums["all"],
        }

    def _optimize(self, rollout: Rollout) -> dict[str, float]:
        """Take the clipped optimizer steps; stop early once the policy has moved too far from the sampling policy."""
        settings, roles = self.settings, self.roles
        roles.set_training(training=True)
        sums = {"policy_loss": 0.0, "value_loss": 0.0, "clip_fraction": 0.0, "policy_kl": 0.0, "seen": 0.0}
        norms: list[float] = []
        stopped = False
        size = -(-settings.batch // settings.minibatches)
        for minibatch in list(range(settings.minibatches)) * settings.epochs:
            # A fixed stretch of the batch, of which every process has its share, whatever their number.
            selected = [row for row, index in enumerate(rollout.indices) if index // size == minibatch]
            count = self.world.sum(rollout.mask[selected].sum()).item()
            self.optimizer.zero_grad(set_to_none=True)
            local = torch.zeros(4, dtype=torch.float64, device=roles.device)
            for rows, micro_batch in self._iter_micro_batches(rollout.prompts, rollout.answers, selected):
                local += self._backward(rollout, rows, micro_batch, count)
            step_sums = dict(zip(sums, [*self.world.sum(local).tolist(), count], strict=True))
            stopped = bool(norms) and settings.kl_stop is not None and step_sums["policy_kl"] / count > settings.kl_stop
            if stopped:
                break
            for name, value in step_sums.items():
                sums[name] += value
            self.world.sum_gradients(roles.trained.values())
            norms.append(float(torch.nn.utils.clip_grad_norm_(roles.trained.values(), settings.max_grad_norm)))
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        roles.set_training(training=False)
        token_count = sums.pop("seen")
        means = {name: value / token_count for name, value in sums.items()}
        policy_kl = step_sums["policy_kl"] / count  # of the last pass: how far the update went
        return {
            **means,
            "loss": means["policy_loss"] + settings.value_weight * means["value_loss"],
            "policy_kl": policy_kl,
            "gradient_norm": sum(norms) / len(norms),
            "optimizer_steps": len(norms),
            "stopped_early": float(stopped),
        }

    def _backward(
        self, rollout: Rollout, rows: list[int], micro_batch: tuple[list[list[int]], list[list[int]]], count: float
    ) -> Tensor:
        """Add the gradients of one micro-batch; return sums of policy loss, value loss, clipped tokens and KL."""
        settings, roles = self.settings, self.roles
        outputs = roles.read(roles.base, *micro_batch, entropy=settings.entropy_weight > 0, values=not roles.own_value)
        width = outputs.logprobs.shape[1]
        mask, old, old_values, advantages, returns = (
            table[rows, :width]
            for table in (
                rollout.mask,
                rollout.logprobs,
                rollout.values,
                rollout.advantages,
                rollout.returns,
            )
        )
        policy_losses, clipped = arithmetic.policy_loss(outputs.logprobs, old, advantages, settings.clip)
        policy = (policy_losses * mask).sum()
        bonus = settings.entropy_weight * (outputs.entropy * mask).sum()
        values = outputs.values
        if roles.own_value:
            # Two backward passes: activations are recomputed with the adapter that is on.
            ((policy - bonus) / count).backward()
            with roles.use_adapter(VALUE):
                values = roles.value(*micro_batch)
                value_total = (arithmetic.value_loss(values, old_values, returns, settings.value_clip) * mask).sum()
                (settings.value_weight * value_total / count).backward()
        else:
            value_total = (arithmetic.value_loss(values, old_values, returns, settings.value_clip) * mask).sum()
            ((policy - bonus + settings.value_weight * value_total) / count).backward()
        kl = arithmetic.kl_estimate(outputs.logprobs.detach(), old)
        sums = [policy, value_total, (clipped * mask).sum(), (kl * mask).sum()]
        return torch.stack([total.detach().double() for total in sums])

    def _iter_micro_batches(
        self, prompts: list[list[int]], answers: list[list[int]], selected: Sequence[int] | None = None
    ) -> Iterator[tuple[list[int], tuple[list[list[int]], list[list[int]]]]]:
        """Yield micro-batches of like length: which rows, and their prompts and answers."""
        selected = range(len(prompts)) if selected is None else selected
        lengths = [len(prompts[row]) + len(answers[row]) for row in selected]
        for indices in batches(lengths, self.settings.micro_batch):
            rows = [selected[index] for index in indices]
            yield rows, ([prompts[row] for row in rows], [answers[row] for row in rows])


def _put(table: Tensor, rows: list[int], values: Tensor) -> None:
    table[rows, : values.shape[1]] = values
