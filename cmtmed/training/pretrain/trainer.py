"""The trainer of continued pretraining: documents that do not see one another, losses over all tokens of a step.

Where documents share a row (see `cmtmed.training.pretrain.data`), positions that begin anew at each keep them apart.
transformers builds a block mask from such positions if it gets no attention mask and no cache; flash attention takes
them as borders. A model that does neither would let documents see one another silently, so the first packed batch is
checked: another first document must not change what is predicted in the later ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch

from cmtmed.errors import UsageError
from cmtmed.training.run.token_trainer import TokenTrainer

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import ModelOutput


class PretrainTrainer(TokenTrainer):
    """TRL's trainer with length-grouped batches, running token counts, and a check of the first packed batch."""

    columns: ClassVar[tuple[str, ...]] = ("input_ids", "length", "seq_lengths")
    logs_perplexity: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._checked = False
        super().__init__(*args, **kwargs)

    def compute_loss(
        self, model: PreTrainedModel, inputs: dict[str, torch.Tensor], *args: Any, **kwargs: Any
    ) -> torch.Tensor | tuple[torch.Tensor, ModelOutput]:
        """Return the mean negative log-likelihood over all tokens of a step."""
        if not self._checked and "position_ids" in inputs:
            self._checked = check_isolation(model, inputs)
        result: torch.Tensor | tuple[torch.Tensor, ModelOutput] = super().compute_loss(model, inputs, *args, **kwargs)
        training = self.model.training
        logged = self._metrics["train" if training else "eval"]
        logged.pop("num_tokens", None)  # begins at 0 in each call
        logged.pop("entropy", None)
        logged["token_accuracy"].extend(logged.pop("mean_token_accuracy", []))
        if training:
            tokens = self._count_tokens(inputs)
            self.add_training_tokens(tokens, inputs["input_ids"].numel() - tokens)
        else:
            learnable = int((inputs["labels"][:, 1:] != -100).sum())
            loss = float(result[0] if isinstance(result, tuple) else result)
            self.add_evaluation_loss(loss * learnable, learnable)
        return result

    def _count_tokens(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return how many tokens of a batch are no padding."""
        if "attention_mask" in inputs:
            return inputs["attention_mask"].sum()
        # A pad token is a document of one token that nothing learns from.
        ids, positions = inputs["input_ids"], inputs["position_ids"]
        following = torch.cat([positions[:, 1:], positions.new_zeros(len(positions), 1)], 1)
        padding = (positions == 0) & (following == 0) & (ids == self.processing_class.pad_token_id)
        return ids.numel() - padding.sum()


def check_isolation(model: PreTrainedModel, inputs: dict[str, torch.Tensor]) -> bool:
    """Check that the documents of a row do not see one another.

    The first document of each row is replaced; what is predicted in the later ones must stay what it was.

    Args:
        model: as it is trained, sharded or not.
        inputs: a packed batch.

    Returns:
        Whether there was a later document to check.

    Raises:
        UsageError: a later document saw the first one.
    """
    document = (inputs["position_ids"] == 0).cumsum(1)
    later = (document[:, 1:] > 1) & (inputs["labels"][:, 1:] != -100)
    if not later.any():
        return False
    training = model.training
    model.eval()
    original = inputs["input_ids"]
    replaced = torch.where(document == 1, original.flip(1), original)
    with torch.no_grad():
        before, after = (
            model(**{**inputs, "input_ids": ids, "use_cache": False}, fused_lm_head=True).log_probs.view(later.shape)
            for ids in (original, replaced)
        )
    model.train(training)
    difference = (before - after).float().abs()[later].max().item()
    if not difference < 1e-4:
        raise UsageError(
            f"with this model the documents of a row attend to one another (log-probabilities move by "
            f"{difference:.2g}); set packing=grouped"
        )
    return True
