"""Continued pretraining: plain text of many sources, documents that do not see one another.

How documents are packed:

============  =====================================================================================================
grouped       a row a document (or piece of one), batches of rows of like length, padded
wrapped       rows full to the last token; documents in a row are kept apart by positions that begin anew at each
padding-free  the rows of a batch as one long row, kept apart in the same way; needs flash attention to be fast
============  =====================================================================================================

transformers builds a block mask from such positions if it gets no attention mask and no cache; flash attention takes
them as borders. A model that does neither would let documents see one another without a word, so the first packed batch
is looked at: another first document must not change what is predicted in the later ones.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from trl import SFTTrainer
from typing_extensions import override

from cmtmed.errors import UsageError
from cmtmed.training.run.batches import LengthGroupedBatches


class PretrainTrainer(LengthGroupedBatches, SFTTrainer):
    """TRL's trainer, with rows of like length in a batch, counts that go on after an interruption, and a look at the
    first packed batch.

    Attributes:
        tokens: read so far on all processes, padding left out.
        padding: pad tokens so far on all processes.
    """  # noqa: D205

    tokens = padding = 0
    _looked = False
    _told = (0.0, 0)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = ["input_ids", "length", "seq_lengths"]

    @override
    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        """Return the mean negative log-likelihood over all tokens of a step."""
        if not self._looked and "position_ids" in inputs:
            self._looked = check_isolation(model, inputs)
        result = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        training = self.model.training
        logged = self._metrics["train" if training else "eval"]
        logged.pop("num_tokens", None)  # begins at 0 in each call
        logged.pop("entropy", None)
        logged["token_accuracy"].extend(logged.pop("mean_token_accuracy", []))
        if training:
            self._count(inputs)
            logged["padding_share"] = [self.padding / max(1, self.tokens + self.padding)]
            logged["tokens"], logged["padding"] = [self.tokens], [self.padding]
        else:
            learnt = int((inputs["labels"][:, 1:] != -100).sum())
            loss = float(result[0] if return_outputs else result)
            self._told = self._told[0] + loss * learnt, self._told[1] + learnt
        return result

    def _count(self, inputs: dict[str, Any]) -> None:
        ids = inputs["input_ids"]
        if "attention_mask" in inputs:
            read = inputs["attention_mask"].sum()
        else:
            # A pad token is a document of one token that is learnt by nothing.
            positions = inputs["position_ids"]
            following = torch.cat([positions[:, 1:], positions.new_zeros(len(positions), 1)], 1)
            alone = (positions == 0) & (following == 0) & (ids == self.processing_class.pad_token_id)
            read = ids.numel() - alone.sum()
        both = torch.stack([read, ids.numel() - read]).to(ids.device)
        both = self.accelerator.gather(both).view(-1, 2).sum(0)
        self.tokens += int(both[0])
        self.padding += int(both[1])

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log; the evaluation's loss is the mean over all its tokens, not of the means of its batches.

        Several processes read equally many rows, so a few rows of the last batch may count twice.
        """
        logs.pop("train_loss", None)  # after an interruption it is a sum over some steps divided by all
        if "eval_loss" in logs:
            told = torch.tensor(self._told, dtype=torch.float64 if self.args.device.type == "cpu" else torch.float32)
            total, learnt = self.accelerator.gather(told.to(self.args.device)).view(-1, 2).sum(0).tolist()
            logs["eval_loss"] = total / max(1.0, learnt)
            logs["eval_perplexity"] = math.exp(min(logs["eval_loss"], 700.0))
            self._told = (0.0, 0)
        super().log(logs, start_time)


def check_isolation(model: Any, inputs: dict[str, Any]) -> bool:
    """Hold a model to it that documents of a row do not see one another.

    The first document of each row is replaced; what is predicted in the later ones must stay what it was.

    Args:
        model: as it is trained, sharded or not.
        inputs: a packed batch.

    Returns:
        Whether there was a later document to look at.

    Raises:
        UsageError: a later document saw the first one.
    """
    number = (inputs["position_ids"] == 0).cumsum(1)
    later = (number[:, 1:] > 1) & (inputs["labels"][:, 1:] != -100)
    if not later.any():
        return False
    training = model.training
    model.eval()
    ids = inputs["input_ids"]
    other = torch.where(number == 1, ids.flip(1), ids)
    with torch.no_grad():
        was, now = (
            model(**{**inputs, "input_ids": one, "use_cache": False}, fused_lm_head=True).log_probs.view(later.shape)
            for one in (ids, other)
        )
    model.train(training)
    moved = (was - now).float().abs()[later].max().item()
    if not moved < 1e-4:
        raise UsageError(
            f"with this model the documents of a row see one another (log-probabilities move by {moved:.2g}); "
            "set packing=grouped"
        )
    return True
