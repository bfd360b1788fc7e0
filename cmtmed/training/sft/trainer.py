"""Supervised fine-tuning: the doctor's turns are learnt, each with its weight, in whole turns.

A dialogue becomes one row of tokens with labels and weights. Labels are the tokens of the doctor's turns (what stands
inside the template's generation marks); the weight of a token is that of its turn, so that turns that ask can count
more (``views: {inquiry_weight: 2}`` of the build). The loss of an optimizer step is the weighted mean

    L = sum_t w_t * nll_t / sum_t w_t

over all learnt tokens of all its micro-batches on all processes, not a mean of means: how rows fall into micro-batches
does not matter. A dialogue that is too long is cut behind its last answer that fits.
"""

from __future__ import annotations

from typing import Any

import torch
from trl import SFTTrainer
from typing_extensions import override

from cmtmed.training.run.batches import LengthGroupedBatches


class WeightedTrainer(LengthGroupedBatches, SFTTrainer):
    """TRL's trainer with a weight for every token, and a log of how much of a batch is padding.

    Attributes:
        tokens: read so far on all processes, padding left out.
        padding: pad tokens so far on all processes.
    """

    tokens = padding = 0
    _told = (0.0, 0.0)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["input_ids", "labels", "weights", "length"]

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> torch.Tensor | None:
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
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
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
            both = torch.stack([mask.sum(), mask.numel() - mask.sum()])
            both = self.accelerator.gather(both).view(-1, 2).sum(0)
            self.tokens += int(both[0])
            self.padding += int(both[1])
            self._metrics["train"]["padding_share"] = [self.padding / max(1, self.tokens + self.padding)]
            self._metrics["train"]["tokens"] = [self.tokens]
            self._metrics["train"]["padding"] = [self.padding]
        else:
            self._told = self._told[0] + float((nll * weights).sum()), self._told[1] + float(weights.sum())
        learnt = outputs.label_mask.sum().clamp(min=1)
        mode = "train" if self.model.training else "eval"
        self._metrics[mode]["token_accuracy"].append((outputs.is_top1.sum() / learnt).item())
        return (loss, outputs) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log; the evaluation's loss is the weighted mean over all its tokens, not of the means of its batches."""
        logs.pop("train_loss", None)  # after an interruption it is a sum over some steps divided by all
        if "eval_loss" in logs:
            told = torch.tensor(self._told, dtype=torch.float64 if self.args.device.type == "cpu" else torch.float32)
            total, weights = self.accelerator.gather(told.to(self.args.device)).view(-1, 2).sum(0).tolist()
            logs["eval_loss"] = total / max(1e-8, weights)
            self._told = (0.0, 0.0)
        super().log(logs, start_time)
