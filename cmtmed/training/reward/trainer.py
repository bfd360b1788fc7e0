"""The reward model: one number for a prompt with an answer, trained on which answers doctors prefer.

With d the reward of one answer minus that of the other, Bradley and Terry (1952, Biometrika 39) say that the first is
preferred with probability sigmoid(d); the loss of a pair is -log of it. Where ties are used, Davidson (1970, JASA 65,
317-328) gives a tie its own probability:

    P(first)  = exp(d/2)  / (exp(d/2) + exp(-d/2) + nu)
    P(second) = exp(-d/2) / (exp(d/2) + exp(-d/2) + nu)
    P(tie)    = nu        / (exp(d/2) + exp(-d/2) + nu)

Of the two classical models, this is the one in which P(first) : P(second) equals that of Bradley and Terry for every
nu, so sigmoid(d) remains the probability that the first answer wins if one of them does, and its calibration can be
measured. The model of Rao and Kupper (1967, JASA 62, 194-204) subtracts a tie threshold from the margin instead. At
equal rewards a tie has the probability nu / (nu + 2).

Preferences do not say where zero is. A term ``center * mean((r_chosen + r_rejected)^2)`` keeps rewards near it
(Eisenstein et al. 2023, arXiv:2312.09244, equation 2), and after training the mean over the training answers is
subtracted from the bias of the head, so that whoever loads the model gets centred rewards.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import logsigmoid
from trl import RewardTrainer
from typing_extensions import override

from cmtmed.training.reward.data import PairCollator
from cmtmed.training.reward.metrics import summarize_margins
from cmtmed.training.run.batches import LengthGroupedBatches

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import SequenceClassifierOutputWithPast

log = logging.getLogger("cmtmed.training")


def compute_preference_loss(margin: torch.Tensor, tie: torch.Tensor, nu: float | None) -> torch.Tensor:
    """Compute the loss of each pair, in nats.

    Args:
        margin: rewards of the better answers minus those of the worse; of shape (pairs,).
        tie: which pairs are ties; of shape (pairs,).
        nu: of Davidson's model; None for that of Bradley and Terry, which has no ties.
    """
    if nu is None:
        return -logsigmoid(margin)
    tied = torch.full_like(margin, nu).log()
    total = torch.logsumexp(torch.stack([margin / 2, -margin / 2, tied]), dim=0)
    return total - torch.where(tie.bool(), tied, margin / 2)


class PreferenceTrainer(LengthGroupedBatches, RewardTrainer):
    """TRL's trainer with ties, length-grouped batches, and metrics that are exact over all pairs they cover.

    TRL averages the means of batches, including the last, smaller one; here the margins are gathered first.

    Attributes:
        nu: tie parameter; None if ties are not used.
    """

    def __init__(self, *args: Any, nu: float | None = None, **kwargs: Any) -> None:
        self.nu = nu
        self._outcomes: dict[str, list[torch.Tensor]] = {"train": [], "eval": []}
        super().__init__(*args, **kwargs)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["chosen_ids", "rejected_ids", "tie", "length"]

    @override
    def compute_loss(
        self,
        model: PreTrainedModel | PeftModel,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor
        | int
        | None = None,  # unused: an item is a pair; the trainer divides by batches
    ) -> torch.Tensor | tuple[torch.Tensor, SequenceClassifierOutputWithPast]:
        """Return the mean loss of the pairs of a batch."""
        tie = inputs.pop("tie")
        outputs = model(**inputs, use_cache=False)
        chosen_rewards, rejected_rewards = outputs.logits.float().squeeze(-1).chunk(2)
        loss = compute_preference_loss(chosen_rewards - rejected_rewards, tie, self.nu).mean()
        if self.args.center_rewards_coefficient:
            loss = loss + self.args.center_rewards_coefficient * (chosen_rewards + rejected_rewards).square().mean()
        outcomes = torch.stack([chosen_rewards.detach(), rejected_rewards.detach(), tie.float()], dim=1)
        self._outcomes["train" if self.model.training else "eval"].append(
            self.accelerator.gather_for_metrics(outcomes).cpu()
        )
        return (loss, outputs) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log accuracy, margin, calibration error and mean reward since the last log."""
        mode = "train" if self.model.training else "eval"
        if self._outcomes[mode]:
            chosen_rewards, rejected_rewards, tie = torch.cat(self._outcomes[mode]).double().unbind(dim=1)
            self._metrics[mode]["reward"] = [((chosen_rewards + rejected_rewards) / 2).mean().item()]
            for name, value in summarize_margins((chosen_rewards - rejected_rewards)[tie == 0].tolist()).items():
                self._metrics[mode][name] = [value]
            self._outcomes[mode].clear()
        super().log(logs, start_time)

    def compute_rewards(self, ids: Sequence[Sequence[int]]) -> list[float]:
        """Return the reward of each row of tokens, under the current weights.

        Args:
            ids: the rows, at least one.
        """
        model = self.model_wrapped
        model.eval()
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]), reverse=True)
        collator = PairCollator(self.processing_class.pad_token_id)
        loader = self.accelerator.prepare_data_loader(
            torch.utils.data.DataLoader(
                [list(ids[row]) for row in order],
                batch_size=2 * self.args.per_device_eval_batch_size,
                collate_fn=collator.pad,
            )
        )
        sorted_rewards: list[float] = []
        with torch.no_grad(), self.compute_loss_context_manager():
            for batch in loader:
                logits = model(**batch, use_cache=False).logits.float().squeeze(-1)
                sorted_rewards += self.accelerator.gather_for_metrics(logits).tolist()
        rewards = dict(zip(order, sorted_rewards, strict=True))
        return [rewards[row] for row in range(len(ids))]


def center_rewards(model: PreTrainedModel | PeftModel, rewards: Sequence[float]) -> float:
    """Subtract the mean reward from the bias of the head.

    Args:
        model: with or without an adapter.
        rewards: whose mean becomes 0.

    Returns:
        The value subtracted; 0 if the head has no bias, which is logged.
    """
    mean = sum(rewards) / len(rewards)
    for name, weight in model.named_parameters():
        # Under an adapter there are two heads; the frozen head belongs to the base.
        if "score" in name.split(".") and name.endswith(".bias") and weight.requires_grad:
            with torch.no_grad():
                weight.sub_(mean)
            return mean
    log.warning("the head of this model has no bias, so its rewards cannot be centred; their mean is %.4f", mean)
    return 0.0
