"""Rows of tokens for continued pretraining: sources read and packed, and batches of them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from cmtmed.errors import UsageError
from cmtmed.training.pretrain import corpus, packing
from cmtmed.training.pretrain.settings import Packing, PretrainSettings
from cmtmed.training.pretrain.triples import Patterns, load_patterns
from cmtmed.training.run.fingerprint import fingerprint_path
from cmtmed.training.run.settings import DataSource

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

    from cmtmed.training.run.directory import Run

log = logging.getLogger("cmtmed.training")


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


def describe_patterns(settings: PretrainSettings) -> dict[str, Any]:
    """Return what identifies the data beyond its files: the sentence patterns, if they are not the bundled ones.

    Raises:
        UsageError: they cannot be used.
    """
    load_patterns(settings.triples)
    return {"triples": fingerprint_path(Path(settings.triples))} if settings.triples else {}


def prepare_rows(
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
    return packing.prepare_tables(
        run.root,
        run.content["fingerprint"],
        (_source(part, settings, patterns) for part in settings.data),
        tokenizer,
        length=settings.max_length,
        wrap=how == "wrapped",
        share=settings.held_out,
        seed=settings.seed,
    )


def _source(part: DataSource, settings: PretrainSettings, patterns: Patterns) -> packing.Source:
    own = settings.held_out > 0 and corpus.has_split(part, "validation")
    return packing.Source(
        part,
        corpus.read_documents(part, "train", patterns, settings.document),
        corpus.read_documents(part, "validation", patterns, settings.document) if own else None,
    )


def build_collator(how: Packing, pad: int) -> DataCollatorForLanguageModeling:
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
