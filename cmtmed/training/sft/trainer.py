"""The trainer of supervised fine-tuning: a loss in which every token has the weight of its turn.

The loss of an optimizer step is the weighted mean

    L = sum_t w_t * nll_t / sum_t w_t

over all learnt tokens of all its micro-batches on all processes, not a mean of means: how rows fall into micro-batches
does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from typing_extensions import override

from cmtmed.training.run.token_trainer import TokenTrainer

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import ModelOutput


class WeightedTrainer(TokenTrainer):
    """TRL's trainer with a weight for every token, and a log of how much of a batch is padding."""

    columns: ClassVar[tuple[str, ...]] = ("input_ids", "labels", "weights", "length")

    def _get_num_items_in_batch(
        self, batch_samples: Sequence[dict[str, torch.Tensor]], device: torch.device
    ) -> torch.Tensor | None:
        """Return the sum of weights over the micro-batches of a step and all processes, by which losses are divided."""
        if not batch_samples:
            return None
        total = torch.stack([batch["weights"][:, 1:].sum() for batch in batch_samples]).sum().to(device)
        if self.args.average_tokens_across_devices and self.args.world_size > 1:
            total = self.accelerator.gather(total).sum()
        return total

    @override
    def compute_loss(
        self,
        model: PreTrainedModel,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, ModelOutput]:
        """Return the weighted sum of negative log-likelihoods over the weights of the whole step."""
        weights = inputs.pop("weights")[:, 1:]
        inputs["use_cache"] = False
        outputs = model(**inputs, fused_lm_head=True)
        nll = -outputs.log_probs.view(weights.shape)  # zero where nothing is learnt
        total = weights.sum() if num_items_in_batch is None else num_items_in_batch
        loss = (nll * weights).sum() / total.clamp(min=1e-8)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes  # gradients are averaged over processes
        mask = inputs["attention_mask"]
        if self.model.training:
            self.add_training_tokens(mask.sum(), mask.numel() - mask.sum())
        else:
            self.add_evaluation_loss(float((nll * weights).sum()), float(weights.sum()))
        learnable = outputs.label_mask.sum().clamp(min=1)
        mode = "train" if self.model.training else "eval"
        self._metrics[mode]["token_accuracy"].append((outputs.is_top1.sum() / learnable).item())
        return (loss, outputs) if return_outputs else loss
