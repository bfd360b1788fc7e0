"""PPO for language models: one update is answers, rewards, advantages, and a few clipped steps.

One base model serves all roles (`cmtmed.training.ppo.roles`), so an update makes few passes: sampling; one pass of the
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
from cmtmed.training.ppo import arithmetic
from cmtmed.training.ppo.prompts import Prompt, Prompts
from cmtmed.training.ppo.roles import VALUE, Roles
from cmtmed.training.ppo.rollout import Sampling, batches, noise, sample
from cmtmed.training.ppo.scorers import Answered, Scorer, score
from cmtmed.training.ppo.settings import PpoSettings
from cmtmed.training.ppo.state import Moments, State, World
from cmtmed.training.templates import stop_token

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")


class Experience(NamedTuple):
    """What an update learns from. Tables are of shape (answers, tokens), padded on the right.

    Attributes:
        prompts: tokens of each.
        answers: tokens of each.
        places: of the prompts in the batch of all processes.
        mask: where an answer has tokens.
        logprobs: of the policy that sampled.
        values: expected return before each token.
        advantages: whitened or not.
        returns: what values are fitted to.
    """

    prompts: list[list[int]]
    answers: list[list[int]]
    places: list[int]
    mask: Tensor
    logprobs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor


class Ppo:
    """The loop of one run.

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
        rows: of the last update: ids, texts and rewards of this process. Kept in memory only.
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
        self._stop = tuple(sorted({stop_token(tokenizer), int(tokenizer.eos_token_id)}))
        self._sampling = Sampling(
            self._stop,
            int(tokenizer.pad_token_id),
            settings.max_new_tokens,
            settings.temperature,
            settings.top_k,
            settings.top_p,
            settings.sample_batch,
        )
        self.rows: list[dict[str, Any]] = []

    def update(self) -> dict[str, float]:
        """Make one update.

        Returns:
            What is logged of it, means over all processes: ``reward`` and ``reward/NAME`` an answer, ``kl`` to the
            reference in nats an answer, ``policy_kl`` to the policy before the update in nats a token, ``entropy`` in
            nats a token, losses, ``tokens_per_second`` (prompts and answers, the whole update) and the rest.
        """
        began = time.perf_counter()
        settings, step = self.settings, self.state.step
        rate = arithmetic.learning_rate(
            step, settings.learning_rate, settings.steps, settings.warmup, settings.schedule
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        experience, told = self._experience()
        told |= self._learn(experience)
        told |= {"learning_rate": rate, "kl_coefficient": self.state.kl}
        if settings.kl_target is not None:
            self.state.kl = arithmetic.adapted(self.state.kl, told["kl"], settings.kl_target)
        self.state.step += 1
        told["tokens_per_second"] = told.pop("tokens") / (time.perf_counter() - began)
        return told

    def _experience(self) -> tuple[Experience, dict[str, float]]:
        """Let the policy answer, and find out what that was worth."""
        settings, step, roles = self.settings, self.state.step, self.roles
        places = self.world.mine(range(settings.batch))
        asked = self._prompts.take([step * settings.batch + place for place in places])
        prompts = [one.tokens for one in asked]
        with torch.no_grad():
            roles.ready(training=False)
            with roles.autocast():
                uniform = noise(settings.seed, step, places, settings.max_new_tokens)
                answers = sample(roles.base, prompts, uniform, self._sampling)
            scores, told = self._scores(asked, answers)
            mask = torch.zeros(len(answers), max(map(len, answers)), device=roles.device)
            for row, answer in enumerate(answers):
                mask[row, : len(answer)] = 1
            old, values, entropy = (torch.zeros_like(mask) for _ in range(3))
            for rows, some in self._micro(prompts, answers):
                read = roles.read(roles.base, *some, entropy=True, values=not roles.own_value)
                _put(old, rows, read.logprobs)
                _put(values, rows, read.values)
                _put(entropy, rows, read.entropy)
            if roles.own_value:
                with roles.switched(VALUE):
                    for rows, some in self._micro(prompts, answers):
                        _put(values, rows, roles.value(*some))
            compared = self.state.kl > 0 or settings.kl_target is not None or (step + 1) % settings.log_every == 0
            reference = old.clone()
            if compared:
                with roles.switched(None) as model:
                    for rows, some in self._micro(prompts, answers):
                        _put(reference, rows, roles.read(model, *some).logprobs)
            rewards = arithmetic.per_token(scores, old, reference, mask, self.state.kl)
            advantages, returns = arithmetic.gae(rewards, values, mask, settings.gamma, settings.lam)
            told |= self._told(mask, old - reference, entropy, values, returns, prompts, answers)
            if settings.whiten:
                advantages = arithmetic.whiten(advantages, mask, self.world.sum)
        return Experience(prompts, answers, places, mask, old, values, advantages, returns), told

    def _scores(self, asked: Sequence[Prompt], answers: Sequence[Sequence[int]]) -> tuple[Tensor, dict[str, float]]:
        """Return the score of each answer, shape (answers,), and the means of its parts."""
        settings = self.settings
        ended = [answer[-1] in self._stop for answer in answers]
        told = [answer[:-1] if end else answer for answer, end in zip(answers, ended, strict=True)]
        texts: list[str] = self._tokenizer.batch_decode(told, skip_special_tokens=True)
        parts = score(self._scorers, Answered([one.messages for one in asked], texts, [len(one) for one in answers]))
        total = [sum(one.weight * parts[one.name][row] for one in self._scorers) for row in range(len(answers))]
        self.rows = [
            {
                "step": self.state.step + 1,
                "id": one.id,
                "message": one.message,
                "prompt": one.messages,
                "answer": text,
                "ended": end,
                "reward": reward,
                **{f"reward/{name}": numbers[row] for name, numbers in parts.items()},
            }
            for row, (one, text, end, reward) in enumerate(zip(asked, texts, ended, total, strict=True))
        ]
        sums = {"reward": sum(total), "eos_share": sum(ended), "length": sum(map(len, answers))}
        sums |= {f"reward/{name}": sum(numbers) for name, numbers in parts.items()}
        means = {name: one / settings.batch for name, one in self.world.totals(sums).items()}
        scores = torch.tensor(total, dtype=torch.float64, device=self.roles.device)
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
        return scores.float(), means

    def _told(
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
        spread = sums["returns2"] / count - (sums["returns"] / count) ** 2
        left = sums["error2"] / count - (sums["error"] / count) ** 2
        return {
            "kl": sums["kl"] / self.settings.batch,
            "entropy": sums["entropy"] / count,
            "explained_variance": 1 - left / spread if spread > 1e-12 else float("nan"),
            "tokens": sums["all"],
        }

    def _learn(self, experience: Experience) -> dict[str, float]:
        """Make the clipped steps; the first that would start too far from the sampling policy ends the update."""
        settings, roles = self.settings, self.roles
        roles.ready(training=True)
        sums = {"policy_loss": 0.0, "value_loss": 0.0, "clip_fraction": 0.0, "policy_kl": 0.0, "seen": 0.0}
        norms: list[float] = []
        stopped = False
        size = -(-settings.batch // settings.minibatches)
        for part in list(range(settings.minibatches)) * settings.epochs:
            # A fixed stretch of the batch, of which every process has its share, whatever their number.
            chosen = [row for row, place in enumerate(experience.places) if place // size == part]
            count = self.world.sum(experience.mask[chosen].sum()).item()
            self.optimizer.zero_grad(set_to_none=True)
            local = torch.zeros(4, dtype=torch.float64, device=roles.device)
            for rows, some in self._micro(experience.prompts, experience.answers, chosen):
                local += self._backward(experience, rows, some, count)
            told = dict(zip(sums, [*self.world.sum(local).tolist(), count], strict=True))
            stopped = bool(norms) and settings.kl_stop is not None and told["policy_kl"] / count > settings.kl_stop
            if stopped:
                break
            for name, one in told.items():
                sums[name] += one
            self.world.sum_gradients(roles.trained.values())
            norms.append(float(torch.nn.utils.clip_grad_norm_(roles.trained.values(), settings.max_grad_norm)))
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        roles.ready(training=False)
        seen = sums.pop("seen")
        means = {name: one / seen for name, one in sums.items()}
        policy_kl = told["policy_kl"] / count  # of the last pass: how far the update went
        return {
            **means,
            "loss": means["policy_loss"] + settings.value_weight * means["value_loss"],
            "policy_kl": policy_kl,
            "gradient_norm": sum(norms) / len(norms),
            "optimizer_steps": len(norms),
            "stopped_early": float(stopped),
        }

    def _backward(
        self, experience: Experience, rows: list[int], some: tuple[list[list[int]], list[list[int]]], count: float
    ) -> Tensor:
        """Add the gradients of one micro-batch; return sums of policy loss, value loss, clipped tokens and KL."""
        settings, roles = self.settings, self.roles
        read = roles.read(roles.base, *some, entropy=settings.entropy_weight > 0, values=not roles.own_value)
        width = read.logprobs.shape[1]
        mask, old, before, advantages, returns = (
            table[rows, :width]
            for table in (
                experience.mask,
                experience.logprobs,
                experience.values,
                experience.advantages,
                experience.returns,
            )
        )
        lost, clipped = arithmetic.policy_loss(read.logprobs, old, advantages, settings.clip)
        policy = (lost * mask).sum()
        bonus = settings.entropy_weight * (read.entropy * mask).sum()
        values = read.values
        if roles.own_value:
            # Two backward passes: activations are recomputed with the adapter that is on.
            ((policy - bonus) / count).backward()
            with roles.switched(VALUE):
                values = roles.value(*some)
                valued = (arithmetic.value_loss(values, before, returns, settings.value_clip) * mask).sum()
                (settings.value_weight * valued / count).backward()
        else:
            valued = (arithmetic.value_loss(values, before, returns, settings.value_clip) * mask).sum()
            ((policy - bonus + settings.value_weight * valued) / count).backward()
        moved = arithmetic.kl_estimate(read.logprobs.detach(), old)
        sums = [policy, valued, (clipped * mask).sum(), (moved * mask).sum()]
        return torch.stack([one.detach().double() for one in sums])

    def _micro(
        self, prompts: list[list[int]], answers: list[list[int]], chosen: Sequence[int] | None = None
    ) -> Iterator[tuple[list[int], tuple[list[list[int]], list[list[int]]]]]:
        """Yield micro-batches of like length: which rows, and their prompts and answers."""
        chosen = range(len(prompts)) if chosen is None else chosen
        lengths = [len(prompts[row]) + len(answers[row]) for row in chosen]
        for places in batches(lengths, self.settings.micro_batch):
            rows = [chosen[place] for place in places]
            yield rows, ([prompts[row] for row in rows], [answers[row] for row in rows])


def _put(table: Tensor, rows: list[int], part: Tensor) -> None:
    table[rows, : part.shape[1]] = part
