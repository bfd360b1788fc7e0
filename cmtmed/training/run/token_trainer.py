"""The trainer that pretraining and fine-tuning extend: token counts that go on after an interruption, exact losses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import torch
from trl import SFTTrainer

from cmtmed.training.run.batches import LengthGroupedBatches
from cmtmed.training.run.metrics import read_count

_LARGEST_EXPONENT: Final = 700.0
"""Above it exp overflows a double."""


class TokenCounts(NamedTuple):
    """Tokens that a run has read so far, on all processes.

    Attributes:
        tokens: padding left out.
        padding: pad tokens.
    """

    tokens: int = 0
    padding: int = 0

    @classmethod
    def read(cls, root: Path, checkpoint: Path | None) -> TokenCounts:
        """Return the counts as a run logged them last before a checkpoint; 0 for None."""
        return cls(read_count(root, checkpoint, "tokens"), read_count(root, checkpoint, "padding"))

    @property
    def share_of_padding(self) -> float:
        """Share of padding in all tokens."""
        return self.padding / max(1, self.tokens + self.padding)


class TokenTrainer(LengthGroupedBatches, SFTTrainer):
    """TRL's trainer with length-grouped batches, running token counts, and an evaluation loss over all tokens.

    Args:
        counts: of the run so far; None for a new one.

    Attributes:
        counts: of the run, those of this call included.
    """

    columns: ClassVar[tuple[str, ...]] = ()
    """Columns of the table that reach the collator."""
    logs_perplexity: ClassVar[bool] = False
    """Whether the evaluation logs its perplexity, too."""

    def __init__(self, *args: Any, counts: TokenCounts | None = None, **kwargs: Any) -> None:
        self.counts = counts or TokenCounts()
        self._evaluated = (0.0, 0.0)
        super().__init__(*args, **kwargs)

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = list(self.columns)

    def add_training_tokens(self, tokens: torch.Tensor, padding: torch.Tensor) -> None:
        """Count the tokens of a micro-batch on all processes, and log the counts."""
        batch = self.accelerator.gather(torch.stack([tokens, padding])).view(-1, 2).sum(0)
        self.counts = TokenCounts(self.counts.tokens + int(batch[0]), self.counts.padding + int(batch[1]))
        logged = self._metrics["train"]
        logged["padding_share"] = [self.counts.share_of_padding]
        logged["tokens"], logged["padding"] = [self.counts.tokens], [self.counts.padding]

    def add_evaluation_loss(self, loss: float, weight: float) -> None:
        """Add a batch of the evaluation: the sum of its losses, and of the weights of its tokens."""
        self._evaluated = self._evaluated[0] + loss, self._evaluated[1] + weight

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log; the loss of the evaluation is the mean over all its tokens, not of the means of its batches.

        Several processes read equally many rows, so a few rows of the last batch may count twice.
        """
        logs.pop("train_loss", None)  # after an interruption it is a sum over some steps divided by all
        if "eval_loss" in logs:
            dtype = torch.float64 if self.args.device.type == "cpu" else torch.float32
            sums = torch.tensor(self._evaluated, dtype=dtype).to(self.args.device)
            loss, weight = self.accelerator.gather(sums).view(-1, 2).sum(0).tolist()
            logs["eval_loss"] = loss / max(1e-8, weight)
            if self.logs_perplexity:
                logs["eval_perplexity"] = math.exp(min(logs["eval_loss"], _LARGEST_EXPONENT))
            self._evaluated = (0.0, 0.0)
        super().log(logs, start_time)
