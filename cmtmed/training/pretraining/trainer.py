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

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import torch
from pydantic import Field, model_validator
from trl import SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from cmtmed.errors import UsageError
from cmtmed.training.batches import LikeLengthBatches
from cmtmed.training.fingerprint import fingerprint_of_path
from cmtmed.training.pretraining import corpus, packing
from cmtmed.training.pretraining.triples import Patterns, load_patterns
from cmtmed.training.settings import Part, Settings

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

    from cmtmed.training.run import Run

log = logging.getLogger("cmtmed.training")

Packing = Literal["grouped", "wrapped", "padding-free"]
_OURS: Final = {
    "max_length": "max_length",
    "packing": "packing",
    "packing_strategy": "packing",
    "padding_free": "packing",
    "train_sampling_strategy": "packing",
}


class PretrainSettings(Settings):
    """Settings of continued pretraining."""

    data: list[Part] = Field(
        description="Builds or pretrain views, files and folders of text, mixed by weight. Formats: auto, "
        + ", ".join(corpus.FORMATS)
    )
    template: str = Field(default="", description="Not used here; a chat template for the stages that come after.")
    triples: str = Field(default="", description="Sentence patterns of triples; by default trainers/triples.yaml.")
    max_length: int = Field(default=1024, ge=8, description="Tokens of the longest row; longer documents are cut.")
    document: int = Field(
        default=4096, ge=64, description="Characters of the longest document of a book or of one head's triples."
    )
    packing: Literal["auto", "grouped", "wrapped", "padding-free"] = Field(
        default="auto", description="auto: padding-free on a GPU with flash attention, otherwise grouped."
    )
    held_out: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="Share of documents for the evaluation, by hash of text; a view's validation split goes before. "
        "0 for no evaluation.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for field, ours in _OURS.items():
            if field in self.training:
                raise ValueError(f"training.{field} is set by {ours}; set that")
        return self


def choose_packing(wanted: str) -> tuple[Packing, dict[str, str]]:
    """Return how to pack on this machine, and what the model has to be loaded with."""
    from transformers.utils import is_flash_attn_2_available

    fast = torch.cuda.is_available() and is_flash_attn_2_available()
    if wanted == "auto":
        wanted = "padding-free" if fast else "grouped"
    if wanted != "padding-free":
        return wanted, {}  # type: ignore[return-value]
    if not fast:
        log.warning("packing: no flash attention here; attention over a whole batch as one row takes time and memory")
    return "padding-free", {"attn_implementation": "flash_attention_2"} if fast else {}


def data_of(settings: PretrainSettings) -> dict[str, Any]:
    """Return what identifies the data beyond its files: the sentence patterns, if they are not the bundled ones.

    Raises:
        UsageError: they cannot be used.
    """
    load_patterns(settings.triples)
    return {"triples": fingerprint_of_path(Path(settings.triples))} if settings.triples else {}


def prepare(
    run: Run, settings: PretrainSettings, tokenizer: PreTrainedTokenizerBase, how: Packing
) -> tuple[Dataset, Dataset | None]:
    """Read, tokenize, mix and pack all sources.

    Args:
        run: whose directory keeps the tables while it lasts.
        settings: which sources.
        tokenizer: with an end token.
        how: how documents are packed.

    Returns:
        Rows to train on, and rows to evaluate on, if any.

    Raises:
        UsageError: there is no source, or one cannot be used.
        DatasetError: a source is damaged.
    """
    if not settings.data:
        raise UsageError("no data: give one source or more, as in data.0.path=out")
    patterns = load_patterns(settings.triples)
    return packing.prepare(
        run.root,
        run.content["fingerprint"],
        (_source(part, settings, patterns) for part in settings.data),
        tokenizer,
        length=settings.max_length,
        wrap=how == "wrapped",
        share=settings.held_out,
        seed=settings.seed,
    )


def _source(part: Part, settings: PretrainSettings, patterns: Patterns) -> packing.Source:
    own = settings.held_out > 0 and corpus.has_split(part, "validation")
    return packing.Source(
        part,
        corpus.texts(part, "train", patterns, settings.document),
        corpus.texts(part, "validation", patterns, settings.document) if own else None,
    )


def collator(how: Packing, pad: int) -> DataCollatorForLanguageModeling:
    """Return what makes batches of rows.

    Args:
        how: how documents are packed.
        pad: id that pads.
    """
    if how == "wrapped":
        return _Wrapped(pad_token_id=pad, return_position_ids=True)
    return DataCollatorForLanguageModeling(pad_token_id=pad, padding_free=how == "padding-free")


class _Wrapped(DataCollatorForLanguageModeling):
    """``input_ids``, ``labels``, ``position_ids``, of shape (rows, longest); positions restart at each document."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().torch_call(examples)
        # With a mask transformers would not look at the positions. A pad token is a document of its own.
        del batch["attention_mask"]
        batch["labels"][batch["position_ids"] == 0] = -100  # what begins a document is predicted by nothing
        return batch


class PretrainTrainer(LikeLengthBatches, SFTTrainer):
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

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: FBT001, FBT002 (the signature is the library's)
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        """Return the mean negative log-likelihood over all tokens of a step."""
        if not self._looked and "position_ids" in inputs:
            self._looked = apart(model, inputs)
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


def apart(model: Any, inputs: dict[str, Any]) -> bool:
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
