"""PPO for language models: each update samples answers, scores them, and takes a few clipped optimizer steps.

One base model serves all roles (`cmtmed.training.ppo.roles`), so an update needs few passes: sampling; one pass of the
policy for log-probabilities and values together; one with the adapter disabled for the reference policy, which is
skipped where the KL coefficient is 0 and the update is not logged; the reward; then ``epochs`` passes forward and
backward. Rows of similar length form micro-batches, each as wide as its longest row.

Every mean (whitening, losses, KL) is taken over all tokens of all processes: each process contributes its share, and
gradients are summed. How rows are divided into micro-batches and over processes makes no difference except rounding.

The sources are listed in `cmtmed.training.ppo.arithmetic`. From Huang et al. 2024 come: the value head that starts at
0, Adam's larger epsilon, the learning rate that falls to 0, no dropout, logits divided by the temperature in training
as in sampling, the penalty on answers without an end, and the KL penalty inside the reward.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

from cmtmed.errors import UsageError
from cmtmed.training.ppo import arithmetic
from cmtmed.training.ppo.batches import MicroBatch, iter_micro_batches
from cmtmed.training.ppo.checkpoint import TrainerState
from cmtmed.training.ppo.forward import forward_answers, forward_values
from cmtmed.training.ppo.roles import VALUE, Roles
from cmtmed.training.ppo.rollout import Rollout, RolloutCollector, Sample
from cmtmed.training.ppo.settings import PpoSettings
from cmtmed.training.ppo.world import World

if TYPE_CHECKING:
    from torch import Tensor


def build_optimizer(settings: PpoSettings, roles: Roles) -> torch.optim.AdamW:
    """Build the optimizer over all trained parameters."""
    return torch.optim.AdamW(
        roles.trained.values(), lr=settings.learning_rate, eps=settings.adam_epsilon, weight_decay=0.0
    )


class PpoTrainer:
    """The updates of one run.

    Args:
        settings: of the run.
        roles: the models.
        collector: samples and scores the answers of each update.
        world: the processes.
        optimizer: of `build_optimizer`.
        state: where the run is; updated in place.

    Raises:
        UsageError: there are more processes than prompts in a batch.
    """

    def __init__(
        self,
        settings: PpoSettings,
        roles: Roles,
        collector: RolloutCollector,
        world: World,
        optimizer: torch.optim.Optimizer,
        state: TrainerState,
    ) -> None:
        if settings.batch < world.size:
            raise UsageError(f"a batch of {settings.batch} prompts is too small for {world.size} processes")
        self._settings, self._roles, self._world = settings, roles, world
        self._collector, self._optimizer, self._state = collector, optimizer, state

    def update(self) -> tuple[dict[str, float], list[Sample]]:
        """Run one update.

        Returns:
            Metrics of the update, as means over all processes: ``reward`` and ``reward/NAME`` per answer, ``kl`` to the
            reference policy in nats per answer, ``policy_kl`` to the policy before the update in nats per token,
            ``entropy`` in nats per token, losses, ``tokens_per_second`` (prompts and answers, the complete update) and
            others; and the answers of this process with ids, texts and rewards.
        """
        started = time.perf_counter()
        settings, state = self._settings, self._state
        rate = arithmetic.compute_learning_rate(
            state.step, settings.learning_rate, settings.steps, settings.warmup, settings.schedule
        )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        rollout, metrics, samples = self._collector.collect(state)
        metrics |= self._optimize(rollout)
        metrics |= {"learning_rate": rate, "kl_coefficient": state.kl}
        if settings.kl_target is not None:
            state.kl = arithmetic.adapt_kl_coefficient(state.kl, metrics["kl"], settings.kl_target)
        state.step += 1
        metrics["tokens_per_second"] = metrics.pop("tokens") / (time.perf_counter() - started)
        return metrics, samples

    def _optimize(self, rollout: Rollout) -> dict[str, float]:
        """Take the clipped optimizer steps; stop early once the policy has moved too far from the sampling policy."""
        settings, roles, world = self._settings, self._roles, self._world
        roles.set_training(training=True)
        sums = {"policy_loss": 0.0, "value_loss": 0.0, "clip_fraction": 0.0, "policy_kl": 0.0, "tokens": 0.0}
        norms: list[float] = []
        stopped = False
        size = -(-settings.batch // settings.minibatches)
        for minibatch in list(range(settings.minibatches)) * settings.epochs:
            # A fixed range of the batch, of which every process has its share, however many processes there are.
            selected = [row for row, index in enumerate(rollout.indices) if index // size == minibatch]
            count = world.sum(rollout.mask[selected].sum()).item()
            self._optimizer.zero_grad(set_to_none=True)
            local_sums = torch.zeros(4, dtype=torch.float64, device=roles.device)
            for micro_batch in iter_micro_batches(rollout.prompts, rollout.answers, settings.micro_batch, selected):
                local_sums += self._backward(rollout, micro_batch, count)
            step_sums = dict(zip(sums, [*world.sum(local_sums).tolist(), count], strict=True))
            policy_kl = step_sums["policy_kl"] / count
            stopped = bool(norms) and settings.kl_stop is not None and policy_kl > settings.kl_stop
            if stopped:
                break
            for name, value in step_sums.items():
                sums[name] += value
            world.sum_gradients(roles.trained.values())
            norms.append(float(torch.nn.utils.clip_grad_norm_(roles.trained.values(), settings.max_grad_norm)))
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        roles.set_training(training=False)
        token_count = sums.pop("tokens")
        means = {name: total / token_count for name, total in sums.items()}
        return {
            **means,
            "loss": means["policy_loss"] + settings.value_weight * means["value_loss"],
            "policy_kl": policy_kl,  # of the last pass: how far the update went
            "gradient_norm": sum(norms) / len(norms),
            "optimizer_steps": len(norms),
            "stopped_early": float(stopped),
        }

    def _backward(self, rollout: Rollout, micro_batch: MicroBatch, count: float) -> Tensor:
        """Add the gradients of one micro-batch.

        Args:
            rollout: the data of the update.
            micro_batch: the rows to use.
            count: tokens of the minibatch over all processes, which the losses are divided by.

        Returns:
            Sums of policy loss, value loss, clipped tokens and KL, float64 of shape (4,).
        """
        settings, roles = self._settings, self._roles
        rows, prompts, answers = micro_batch
        outputs = forward_answers(
            roles,
            roles.base,
            prompts,
            answers,
            entropy=settings.entropy_weight > 0,
            values=not roles.separate_value,
        )
        width = outputs.logprobs.shape[1]
        mask, old, old_values, advantages, returns = (
            table[rows, :width]
            for table in (rollout.mask, rollout.logprobs, rollout.values, rollout.advantages, rollout.returns)
        )
        policy_losses, clipped = arithmetic.compute_policy_loss(outputs.logprobs, old, advantages, settings.clip)
        policy_loss = (policy_losses * mask).sum()
        bonus = settings.entropy_weight * (outputs.entropy * mask).sum()

        def sum_value_loss(values: Tensor) -> Tensor:
            losses = arithmetic.compute_value_loss(values, old_values, returns, settings.value_clip)
            return (losses * mask).sum()

        if roles.separate_value:
            # Two backward passes: checkpointed activations are recomputed with the adapter that is active.
            ((policy_loss - bonus) / count).backward()
            with roles.use_adapter(VALUE):
                value_loss = sum_value_loss(forward_values(roles, prompts, answers))
                (settings.value_weight * value_loss / count).backward()
        else:
            value_loss = sum_value_loss(outputs.values)
            ((policy_loss - bonus + settings.value_weight * value_loss) / count).backward()
        kl = arithmetic.estimate_kl(outputs.logprobs.detach(), old)
        sums = [policy_loss, value_loss, (clipped * mask).sum(), (kl * mask).sum()]
        return torch.stack([total.detach().double() for total in sums])
